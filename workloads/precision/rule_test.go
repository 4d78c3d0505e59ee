package precision_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

func rules(t testing.TB, text string) []precision.Rule {
	t.Helper()
	all, err := precision.ParseRules(text)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRulesAreReadAsTheyAreWritten(t *testing.T) {
	for _, c := range []struct{ text, canonical string }{
		{"down_proj=+1", ""},
		{"layers=0-1,30-31:4", ""},
		{"layers=0-3,down_proj=8", ""},
		{"q_proj,k_proj=4", ""},
		{"layers=7:-2", ""},
		{"layers=0-3:4>3@100", ""},
		{"layers=0-3,experts.down_proj=8>4>2@1,3", ""},
		{"layers=0-3=4", "layers=0-3:4"},
		{"layers=5-5:4", "layers=5:4"},
		{"down_proj:16", "down_proj=16"},
		{"fc2:4-3@100", "fc2=4>3@100"},
		{"down_proj=+1;layers=0:8", ""},
	} {
		if c.canonical == "" {
			c.canonical = c.text
		}
		if got := precision.RulesText(rules(t, c.text)); got != c.canonical {
			t.Errorf("%s is written %s, want %s", c.text, got, c.canonical)
		}
		s := parse(t, "static:4>3@9,prefill=8;"+c.text)
		if got := s.String(); got != "static:4>3@9,prefill=8;"+c.canonical || s.Plain().String() != "static:4>3@9,prefill=8" {
			t.Errorf("%s behind a schedule is written %s", c.text, got)
		}
	}
	for _, c := range []struct{ text, want string }{
		{"", `"": no rule of precision; accepted: SELECTOR=BITS`},
		{"down_proj", "no rule of precision"},
		{"=4", "no rule of precision"},
		{"layers=:4", "no rule of precision"},
		{"layers=a:4", "no rule of precision"},
		{",down_proj=4", "no rule of precision"},
		{"down_proj=9", `"9" is no width of weights; accepted: 2, 3, 4, 5, 6, 7, 8, 16, +N, -N or A>B@STEP`},
		{"down_proj=+7", "+7 is no number of bits more or less; accepted: +1 to +6, -1 to -6"},
		{"down_proj=+-1", "+-1 is no number of bits"},
		{"down_proj=4>3", "4>3 are no bits with steps of their own; accepted: A>B@STEP"},
		{"down_proj=4>3@9,prefill=8", "are no bits with steps of their own"},
		{"layers=3-1:4", "layers 3-1: the last is before the first"},
		{"layers=4096:4", "layer 4096: accepted: 0 to 4095"},
		{"q_proj,q_proj=4", "q_proj stands there twice"},
		{"down_proj=+1;", `"": no rule of precision`},
	} {
		if _, err := precision.ParseRules(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", c.text, err, c.want)
		}
	}
	const want = `schedule "uniform:4;down_proj=+9": at character 11 ("down_proj=+9"): +9 is no number of bits more or less; accepted: +1 to +6, -1 to -6`
	if _, err := precision.Parse("uniform:4;down_proj=+9"); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestRulesOverASchedule holds what rules give each matrix against the rules, matrix by matrix.
func TestRulesOverASchedule(t *testing.T) {
	m := *loaded(t, "phi-1.5")
	m.Layers = 3
	// bits of layer and matrix, as q_proj k_proj v_proj o_proj fc1 fc2 of each layer, in passes 1 to 5; pass 0 is prefill.
	for _, c := range []struct{ schedule, want string }{
		{"static:4>3@2", "444444 444444 444444, 444444 444444 444444, 444444 444444 444444, 333333 333333 333333"},
		{"static:4>3@2;fc2=+1", "444445 444445 444445, 444445 444445 444445, 444445 444445 444445, 333334 333334 333334"},
		{"static:4>3@2;layers=0,2:8", "888888 444444 888888, 888888 444444 888888, 888888 444444 888888, 888888 333333 888888"},
		{"static:4>3@2;layers=1:4>2@1", "444444 444444 444444, 444444 444444 444444, 444444 222222 444444, 333333 222222 333333"},
		{"static:4>3@2,prefill=8;fc2=+1;layers=0,fc2=-1", "888887 888888 888888, 444444 444445 444445, 444444 444445 444445, 333333 333334 333334"},
		{"uniform:8;fc1=+2;q_proj=-6", "288888 288888 288888, 288888 288888 288888, 288888 288888 288888, 288888 288888 288888"},
		{"static:16>4@2;fc1=-1", "gggggg gggggg gggggg, gggggg gggggg gggggg, gggggg gggggg gggggg, 444434 444434 444434"},
		{"uniform:4;layers=0-1,fc1=2;fc1=3", "444434 444434 444434, 444434 444434 444434, 444434 444434 444434, 444434 444434 444434"},
	} {
		t.Run(c.schedule, func(t *testing.T) {
			s := parse(t, c.schedule)
			p, err := s.Resolve(&m, 4, precision.Evidence{})
			if err != nil {
				t.Fatal(err)
			}
			over, err := s.Over(&m, 4)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{digits(&m, over.At(s.PrefillAt(precision.Assignment{}), 0))}
			for pass := 1; pass < 4; pass++ {
				got = append(got, digits(&m, p.At(pass)))
			}
			if text := strings.Join(got, ", "); text != c.want {
				t.Errorf("got  %s\nwant %s", text, c.want)
			}
			possible := over.All(s.Bases())
			for pass := 1; pass < 4; pass++ {
				if !slices.Contains(possible, p.At(pass)) {
					t.Errorf("%s of pass %d is not among those that are possible", p.At(pass), pass)
				}
			}
		})
	}
	for _, c := range []struct{ schedule, want string }{
		{"uniform:4;fc3=+1", "rule fc3=+1: phi-1.5 has no matrix fc3 whose bits change; accepted: q_proj, k_proj, v_proj, o_proj, fc1, fc2"},
		{"uniform:4;lm_head=8", "has no matrix lm_head"},
		{"uniform:4;layers=2-3:8", "rule layers=2-3:8: phi-1.5 has no layer 3; accepted: 0 to 2"},
		{"learned:4>3;layers=3:8", "has no layer 3"},
	} {
		e := precision.Evidence{Signals: make([]precision.Signals, 3)}
		if _, err := parse(t, c.schedule).Resolve(&m, 4, e); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", c.schedule, err, c.want)
		}
	}
	t.Run("what a rule asks for and cannot be is noted once", func(t *testing.T) {
		over, err := parse(t, "static:8>4;fc1=+2").Over(&m, 4)
		if err != nil {
			t.Fatal(err)
		}
		over.All(precision.Uniforms(8, 4))
		want := []string{"rule fc1=+2: 8 bits where 10 were asked for; 2 to 8 can be"}
		if got := over.Notes(); !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
	})
	t.Run("a decision on signals of a run at other bits is counterfactual", func(t *testing.T) {
		e := precision.Evidence{Recorded: precision.Uniforms(4, 4, 4), Signals: make([]precision.Signals, 3)}
		for i := range e.Signals {
			e.Signals[i].Confidence = new(float64)
		}
		for schedule, want := range map[string]int{"confidence:4>3": 0, "confidence:4>3;fc1=+1": 3} {
			p, err := parse(t, schedule).Decide(&m, 4, e)
			if err != nil || p.Counterfactual() != want {
				t.Errorf("%s: %d, %v; want %d", schedule, p.Counterfactual(), err, want)
			}
		}
	})
}

// digits writes an assignment, a digit for each matrix, g for 16.
func digits(m *workloads.Model, a precision.Assignment) string {
	var layers []string
	for l := range m.Layers {
		row := ""
		for _, x := range matricesOf(m) {
			row += string("0123456789abcdefg"[a.At(l, x.Name)])
		}
		layers = append(layers, row)
	}
	return strings.Join(layers, " ")
}

func TestRulesThatChangeNothing(t *testing.T) {
	m := loaded(t, "llama-3.2-1b")
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.SampledFrom(precision.WeightBits()).Draw(r, "bits")
		s := precision.UniformSchedule(n)
		s.Rules = []precision.Rule{{Layers: []precision.Span{{First: 1, Last: 3}}, Over: precision.UniformSchedule(n)}}
		p, err := s.Resolve(m, 5, precision.Evidence{})
		if err != nil || p.At(3) != precision.Uniform(n) {
			r.Fatalf("%s is %s, %v", s, p.At(3), err)
		}
	})
}

func TestAScheduleOfAnAssignmentHasIt(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		m, bits := bitsOfEach(r, t)
		want := precision.Assign(m, func(l int, name string) int { return bits[l][name] })
		s := precision.ScheduleOf(m, want)
		p, err := parse(t, s.String()).Resolve(m, 3, precision.Evidence{})
		if err != nil || p.At(2) != want {
			r.Fatalf("%s is %v, want %s (%v)", s, p, want, err)
		}
	})
}
