package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/plots/report"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/study"
)

func page(t *testing.T, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSensitivities(t *testing.T) {
	throughput := report.Metrics()[0]
	at := func(rate float64, rows, channels, s string) report.Point {
		return point(rate, 1, 1, key("rows", rows), key("channels", channels), schedule(s))
	}
	show := func(knobs []report.Knob) (text string) {
		for _, k := range knobs {
			text += fmt.Sprintf("%s: %d groups, %d unused, %.4g (%.4g to %.4g):", strings.Join(k.Names, "+"), k.Groups, k.Unused, k.Swing, k.Least, k.Most)
			for _, e := range k.Effects {
				text += fmt.Sprintf(" %s %.4g (%.4g to %.4g)", e.Value, e.Median, e.Least, e.Most)
			}
			text += "\n"
		}
		return text
	}
	for _, c := range []struct {
		name   string
		points []report.Point
		want   string
	}{
		{"the strongest is first; a value's effect is over the geometric mean of its group",
			[]report.Point{at(1, "8", "1", "a"), at(4, "8", "4", "a"), at(2, "16", "1", "a"), at(9, "16", "4", "a")},
			"channels: 2 groups, 0 unused, 4.25 (4 to 4.5): 1 0.4857 (0.4714 to 0.5) 4 2.061 (2 to 2.121)\n" + // 1/2, 2/sqrt(18); 4/2, 9/sqrt(18)
				"rows: 2 groups, 0 unused, 2.125 (2 to 2.25): 8 0.6869 (0.6667 to 0.7071) 16 1.457 (1.414 to 1.5)\n"}, // 1/sqrt(2), 4/6; 2/sqrt(2), 9/6
		{"more is not better of every knob, and the order is that of the points",
			[]report.Point{at(9, "8", "1", "a"), at(1, "16", "1", "a")}, "rows: 1 groups, 0 unused, 9 (9 to 9): 8 3 (3 to 3) 16 0.3333 (0.3333 to 0.3333)\n"},
		{"what changes together is one knob",
			[]report.Point{at(1, "8", "1", "a"), at(2, "16", "4", "a")}, "rows+channels: 1 groups, 0 unused, 2 (2 to 2): 8, 1 0.7071 (0.7071 to 0.7071) 16, 4 1.414 (1.414 to 1.414)\n"},
		{"what never turns alone has no groups",
			[]report.Point{at(1, "8", "1", "a"), at(2, "16", "4", "a"), at(3, "32", "4", "b"), at(5, "64", "1", "b")}, ""},
		{"groups without one of the values do not count, if most have it",
			[]report.Point{at(1, "8", "1", "a"), at(2, "8", "2", "a"), at(4, "8", "4", "a"), at(1, "16", "1", "a"), at(4, "16", "2", "a"), at(16, "16", "4", "a"),
				at(1, "32", "1", "a"), at(100, "32", "4", "a")},
			// 1, 1, 1 and 4, 16, 100, whose mean is 18.57
			"rows: 2 groups, 2 unused, 13 (1 to 25): 8 0.6077 (0.2154 to 1) 16 0.9309 (0.8618 to 1) 32 3.193 (1 to 5.386)\n" +
				"channels: 2 groups, 2 unused, 10 (4 to 16): 1 0.375 (0.25 to 0.5) 2 1 (1 to 1) 4 3 (2 to 4)\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := show(report.Sensitivities(c.points, throughput)); got != c.want {
				t.Errorf("got\n%swant\n%s", got, c.want)
			}
		})
	}
	t.Run("what the workload decides stands last, however strong", func(t *testing.T) {
		points := []report.Point{point(1, 1, 1, workload("model", "x"), schedule("a")), point(2, 1, 1, workload("model", "x"), schedule("b")),
			point(90, 1, 1, workload("model", "y"), schedule("a")), point(180, 1, 1, workload("model", "y"), schedule("b"))}
		knobs := report.Sensitivities(points, throughput)
		if len(knobs) != 2 || knobs[0].Names[0] != "schedule" || knobs[1].Swing != 90 {
			t.Error(show(knobs))
		}
	})
	t.Run("what does not fit its DRAM turns no knob", func(t *testing.T) {
		points := []report.Point{at(1, "8", "1", "a"), at(2, "16", "1", "a"), misfit(at(50, "32", "1", "a"))}
		if got, want := show(report.Sensitivities(points, throughput)), "rows: 1 groups, 0 unused, 2 (2 to 2): 8 0.7071 (0.7071 to 0.7071) 16 1.414 (1.414 to 1.414)\n"; got != want {
			t.Errorf("got %s want %s", got, want)
		}
	})
	t.Run("a metric that some results lack is that of the others", func(t *testing.T) {
		speedup, two := report.Metrics()[1], 2.0
		points := []report.Point{at(1, "8", "1", "a"), at(1, "16", "1", "a"), at(1, "8", "1", "b"), at(1, "16", "1", "b")}
		if knobs := report.Sensitivities(points, speedup); len(knobs) != 0 {
			t.Error(show(knobs))
		}
		points[0].SpeedupFP16, points[1].SpeedupFP16 = &two, &two
		if knobs := report.Sensitivities(points, speedup); len(knobs) != 1 || knobs[0].Groups != 1 || knobs[0].Unused != 2 {
			t.Error(show(knobs))
		}
	})
}

// TestKnobsOfAProduct: of a metric that is a product of factors, one for each knob, every group says the same: the ratio of the
// factors.
func TestKnobsOfAProduct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		factors := make([][]float64, 3)
		for i := range factors {
			factors[i] = rapid.SliceOfN(rapid.Float64Range(0.1, 10), 2, 4).Draw(t, "factors")
		}
		var points []report.Point
		for i, x := range factors[0] {
			for j, y := range factors[1] {
				for k, z := range factors[2] {
					points = append(points, point(x*y*z, 1, 1, key("x", fmt.Sprint(i)), key("y", fmt.Sprint(j)), schedule(fmt.Sprint(k))))
				}
			}
		}
		points = rapid.Permutation(points).Draw(t, "order")
		knobs := report.Sensitivities(points, report.Metrics()[0])
		if len(knobs) != 3 {
			t.Fatalf("%d knobs", len(knobs))
		}
		for i, k := range knobs {
			at := slices.Index([]string{"x", "y", "schedule"}, k.Names[0])
			want := slices.Max(factors[at]) / slices.Min(factors[at])
			for _, got := range []float64{k.Swing, k.Least, k.Most} {
				if math.Abs(got/want-1) > 1e-9 {
					t.Errorf("%s: %v, want %v", k.Names[0], got, want)
				}
			}
			if k.Unused != 0 || i > 0 && k.Swing > knobs[i-1].Swing {
				t.Errorf("%s: unused %d, swing %v", k.Names[0], k.Unused, k.Swing)
			}
		}
	})
}

func TestFront(t *testing.T) {
	names := func(points []report.Point) (text string) {
		for _, p := range report.Front(points) {
			text += p.Schedule + " "
		}
		return strings.TrimSpace(text)
	}
	for _, c := range []struct {
		name   string
		points []report.Point
		want   string
	}{
		{"one that is worse in all is beaten", []report.Point{point(2, 1, 1, schedule("a")), point(1, 2, 2, schedule("b"))}, "a"},
		{"one that is best in area alone is not", []report.Point{point(2, 1, 3, schedule("a")), point(1, 2, 2, schedule("b"))}, "a b"},
		{"one that is worse in one and equal else is", []report.Point{point(2, 2, 1, schedule("a")), point(2, 1, 1, schedule("b"))}, "b"},
		{"one that does not fit its DRAM is none, and beats none", []report.Point{misfit(point(9, 1, 1, schedule("a"))), point(1, 2, 2, schedule("b"))}, "b"},
		{"equals stay side by side", []report.Point{point(2, 1, 1, schedule("a")), point(2, 1, 1, schedule("b"))}, "a b"},
		{"other workloads are no rivals", []report.Point{point(2, 1, 1, workload("model", "x"), schedule("a")), point(1, 2, 2, workload("model", "y"), schedule("b"))}, "a b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := names(c.points); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestEqualResultsGiveEqualBytes(t *testing.T) {
	first := page(t, sweep())
	for range 3 {
		if page(t, sweep()) != first {
			t.Fatal("the same report, other bytes")
		}
	}
	if n := len(first); n > 3_000_000 {
		t.Errorf("a page of 1,000 results has %d bytes", n)
	} else {
		t.Logf("a page of 1,000 results has %d bytes", n)
	}
}

func TestPageAsksForNothing(t *testing.T) {
	text := page(t, sweep())
	if m := regexp.MustCompile(`<(script|img|iframe|link|object|embed|source|video|audio)\b[^>]*\b(src|href|data)="([^"]*)"`).FindAllStringSubmatch(text, -1); len(m) != 1 || m[0][3] != "data:," {
		t.Errorf("the page refers to %q", m)
	}
	for _, m := range regexp.MustCompile(`@import|url\(`).FindAllString(text[:strings.Index(text, "</style>")], -1) {
		t.Errorf("the style sheet has %s", m)
	}
	policy := regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(text)
	if policy == nil || !strings.Contains(policy[1], "default-src &#39;none&#39;") {
		t.Fatalf("policy %q", policy)
	}
	scripts := regexp.MustCompile(`(?s)<script>(.*?)</script>`).FindAllStringSubmatch(text, -1)
	if len(scripts) != 2 {
		t.Fatalf("%d scripts", len(scripts))
	}
	for _, s := range scripts {
		sum := sha256.Sum256([]byte(s[1]))
		if !strings.Contains(strings.ReplaceAll(policy[1], "&#43;", "+"), "sha256-"+base64.StdEncoding.EncodeToString(sum[:])) {
			t.Errorf("the policy does not name the script that begins with %.60q", s[1])
		}
	}
}

func TestTextsCannotEndTheirPlace(t *testing.T) {
	const evil = `</script><script>alert(1)</script>"'&<b>`
	p := point(1, 1, 1, report.Key{Key: study.Key{Name: evil, Value: evil, Text: evil}}, schedule("fp16"))
	p.Place, p.Model = evil, evil
	text := page(t, &report.Report{Command: evil, Program: evil, Common: evil, Points: []report.Point{p}, Inputs: []study.Input{{Path: evil}}})
	if strings.Contains(text, "<script>alert") || strings.Contains(text, `"'&<b>`) {
		t.Error("a text is markup")
	}
	if n := strings.Count(text, "</script>"); n != 3 {
		t.Errorf("%d scripts end", n)
	}
}

func TestPageHasEveryNumber(t *testing.T) {
	r := sweep()
	text := page(t, r)
	m := regexp.MustCompile(`(?s)<script type="application/json" id="data">(.*?)</script>`).FindStringSubmatch(text)
	if m == nil {
		t.Fatal("no data")
	}
	var d struct {
		Keys []struct{ Values [][2]string }
		Rows []struct {
			K []int
			M []*float64
			P string
			F bool
		}
	}
	if err := json.Unmarshal([]byte(m[1]), &d); err != nil || len(d.Rows) != len(r.Points) {
		t.Fatalf("%d rows, %v", len(d.Rows), err)
	}
	for i, row := range d.Rows {
		p := r.Points[i]
		for j, k := range p.Keys {
			if got := d.Keys[j].Values[row.K[j]]; got != [2]string{k.Value, k.Text} {
				t.Fatalf("row %d: %s is %v", i, k.Name, got)
			}
		}
		for j, metric := range report.Metrics() {
			want, ok := metric.Scaled(p.Result)
			if got := row.M[j]; ok != (got != nil) || ok && math.Abs(*got-want) > 1e-8*math.Abs(want) {
				t.Fatalf("row %d: %s is %v, want %v", i, metric.Key, got, want)
			}
		}
		if row.P != p.Place || row.F != p.Fits {
			t.Fatalf("row %d: stands in %q", i, row.P)
		}
	}
}

func TestMetricsAreCalledAsInResults(t *testing.T) {
	one := 1.0
	text, err := json.Marshal(result.Result{SpeedupFP16: &one, SpeedupUniform: &one, TokensPerSecond: 1, TPOTSeconds: 1, AvgWeightBits: 1,
		DRAMBytesPerToken: 1, DRAMEfficiency: 1, ArrayUtilisation: 1, RowHitRate: &one, EnergyPerToken: 1, TokensPerJoule: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range report.Metrics() {
		if !bytes.Contains(text, []byte(`"`+m.Key+`":`)) {
			t.Errorf("results have no %s", m.Key)
		}
	}
}

func TestReportsThatCannotBe(t *testing.T) {
	other := point(1, 1, 1, key("rows", "8"), schedule("fp16"))
	other.Place = "r:2"
	for want, points := range map[string][]report.Point{
		"report: no results; accepted: one or more":                              nil,
		"r:2: keys [rows schedule]; accepted: those of r:1, [channels schedule]": {point(1, 1, 1, key("channels", "1"), schedule("fp16")), other},
	} {
		if points != nil {
			points[0].Place = "r:1"
		}
		if err := report.Write(&bytes.Buffer{}, &report.Report{Points: points}); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestLibraryIsWhatTheRecipeMakes runs the recipe where the packages can be fetched.
func TestLibraryIsWhatTheRecipeMakes(t *testing.T) {
	if os.Getenv("REBUILD") == "" {
		t.Skip("fetches packages: REBUILD=1 runs plots/report/echarts/rebuild")
	}
	path, err := filepath.Abs("echarts/rebuild")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(path).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
