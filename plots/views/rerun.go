package views

import (
	"fmt"
	"io"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/study"
)

// mostDifferences of one result are listed.
const mostDifferences = 20

// Rerun writes what became of results that were run again by a version of the code.
func Rerun(w io.Writer, all []study.Verdict, version string) error {
	for _, v := range all {
		if v.Equal {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s: %s differs\n", v.Place, v.Label); err != nil {
			return err
		}
		t := &plots.Table{Columns: []plots.Column{{Name: "key", Width: 60}, {Name: "was", Width: 40}, {Name: "is", Width: 40}}}
		for _, d := range v.Differences[:min(mostDifferences, len(v.Differences))] {
			t.Add(d.Key, d.Was, d.Is)
		}
		if more := len(v.Differences) - mostDifferences; more > 0 {
			t.Add(fmt.Sprintf("and %d more", more), "", "")
		}
		if err := t.Write(w); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	return rerunSummary(w, all, version)
}

// rerunSummary has a line for each version of the code that made results.
func rerunSummary(w io.Writer, all []study.Verdict, version string) error {
	var versions []string
	by := map[string][]study.Verdict{}
	for _, v := range all {
		if by[v.MadeBy] == nil {
			versions = append(versions, v.MadeBy)
		}
		by[v.MadeBy] = append(by[v.MadeBy], v)
	}
	for _, made := range versions {
		some := by[made]
		code := "made by " + made + ", which is this code"
		if made != version {
			code = "made by " + made + ", and this is " + version
		}
		outcome := "equal, byte by byte"
		if n := study.Respelt(some); n > 0 {
			outcome = fmt.Sprintf("equal in every value, but %d are not spelt as they were written", n)
		}
		if n := study.Differing(some); n > 0 {
			outcome = fmt.Sprintf("%d equal, %d differ", len(some)-n, n)
		}
		if _, err := fmt.Fprintf(w, "%d results %s: %s\n", len(some), code, outcome); err != nil {
			return err
		}
	}
	return nil
}
