package spec

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
)

// textProblem says what is wrong with a text that terminals and tables show.
func textProblem(text string) string {
	for _, c := range text {
		if !unicode.IsPrint(c) && c != '\n' || c == unicode.ReplacementChar {
			return fmt.Sprintf("%q holds control characters; accepted: lines of printable text", text)
		}
	}
	return ""
}

// nameProblem says what is wrong with the name of a part.
func nameProblem(name string) string {
	const most = 100
	if name == "" || len(name) > most || strings.ContainsAny(name, "\n/\\,") || IsFile(name) || name == "ideal" || textProblem(name) != "" {
		return fmt.Sprintf(`%q is not a name for a part; accepted: a line of at most %d bytes without / \ and comma, other than ideal, that does not end as a file does`,
			name, most)
	}
	return ""
}

// missing reports what a part without a base does not give.
func (r *partReader) missing(l *layer, n *yaml.Node) {
	var absent []string
	density := map[string]string{}
	for _, row := range l.rows {
		if row.density.String() == l.values[keyDensity] {
			density = row.values
		}
	}
	has := func(path string) bool { return l.values[path] != "" || density[path] != "" }
	if !has(keyRate) && !has("tCK") {
		absent = append(absent, keyRate)
	}
	need := []string{"controller", "width", "burst", keyPage, "ranks", "bank_groups", "banks", "rows", "most"}
	for _, v := range l.over(nil).build(0).needs() {
		need = append(need, fieldPaths()[v.name])
	}
	if need = append(need, "energy.read_io"); l.currents == nil {
		need = append(need, "energy.activate", "energy.read", "energy.write", "energy.refresh", "energy.active", "energy.standby")
	}
	for _, path := range need {
		if !has(path) && path != "timing.tRC" {
			absent = append(absent, path)
		}
	}
	if len(absent) > 0 {
		r.add(strict.PlaceOf(n), "base", "the part names no base and does not give "+strings.Join(absent, ", ")+
			"; accepted: base with a name of pmpdsim list dram, or every key")
	}
}

// check reports what is wrong with the values of p together, at the keys that l gives.
func (r *partReader) check(p *Part, l *layer) {
	own := p.Density()
	if own != 0 && !slices.Contains(p.Densities(), own) {
		r.add(l.at[keyDensity], keyDensity, fmt.Sprintf("no refresh time of %v is known; %s", own, p.densitiesAccepted()))
		return
	}
	if values := p.at(own); values[keyRate] != "" && values["tCK"] != "" {
		r.add(l.at["tCK"], "tCK", "given beside data_rate, which it follows from; accepted: one of them")
		return
	}
	var tbl Time
	if set(&tbl, p.values["timing.tBL"]); p.values[keyRate] != "" && tbl > 0 {
		r.add(l.at["timing.tBL"], "timing.tBL", "a time, but the clock follows from data_rate and tBL; accepted: a number of clocks such as 2")
		return
	}
	problem, about := p.own().Problem()
	if problem == "" {
		problem, about = p.oddPage()
	}
	if problem == "" {
		return
	}
	at, key := strict.Place{}, ""
	if len(about) > 0 {
		key = about[0]
	}
	for _, path := range about {
		if place, given := l.at[path]; given {
			at, key = place, path
			break
		}
	}
	if strings.HasPrefix(key, "timing.") {
		problem = fmt.Sprintf("clocks of %v: %s", p.own().TCK, problem)
	}
	if !strings.Contains(problem, "; accepted: ") {
		problem += "; accepted: values that a DRAM can have together"
	}
	if key == "tCK" && l.at["tCK"] == (strict.Place{}) {
		at, key = l.at[keyRate], keyRate
	}
	r.add(at, key, problem)
}

// oddPage says what is wrong with a page that bursts do not fill.
func (p *Part) oddPage() (string, []string) {
	if s := p.own(); s.RowBytes().String() != p.at(p.Density())[keyPage] {
		return fmt.Sprintf("%s is no whole number of bursts of %v", p.at(p.Density())[keyPage], s.Burst), []string{keyPage, "burst"}
	}
	return "", nil
}

// densitiesAccepted says which densities are known.
func (p *Part) densitiesAccepted() string {
	var names []string
	for _, d := range p.Densities() {
		names = append(names, d.String())
	}
	if len(names) == 0 {
		return "accepted: none, or a table of densities with its row"
	}
	return "accepted: " + strings.Join(names, ", ")
}
