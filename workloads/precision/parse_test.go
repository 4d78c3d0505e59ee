package precision_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text string
		want precision.Schedule
	}{
		{"fp16", precision.Schedule{Kind: precision.KindFP16, Bits: []int{16}}},
		{"fp16,prefill=8", precision.Schedule{Kind: precision.KindFP16, Bits: []int{16}, Prefill: 8}},
		{"uniform:3", precision.Schedule{Kind: precision.KindUniform, Bits: []int{3}}},
		{"uniform:3,prefill=4", precision.Schedule{Kind: precision.KindUniform, Bits: []int{3}, Prefill: 4}},
		{"static:3>2", precision.Schedule{Kind: precision.KindStatic, Bits: []int{3, 2}}},
		{"static:3>2@85", precision.Schedule{Kind: precision.KindStatic, Bits: []int{3, 2}, Steps: []int{85}}},
		{"static:3>2@0", precision.Schedule{Kind: precision.KindStatic, Bits: []int{3, 2}, Steps: []int{0}}},
		{"static:3>2@85,prefill=4",
			precision.Schedule{Kind: precision.KindStatic, Bits: []int{3, 2}, Steps: []int{85}, Prefill: 4}},
		{"static:4>3>2@85,170", precision.Schedule{Kind: precision.KindStatic, Bits: []int{4, 3, 2}, Steps: []int{85, 170}}},
		{"static:4>3>2@85,170,prefill=16",
			precision.Schedule{Kind: precision.KindStatic, Bits: []int{4, 3, 2}, Steps: []int{85, 170}, Prefill: 16}},
		{"static:16>8>2,prefill=8", precision.Schedule{Kind: precision.KindStatic, Bits: []int{16, 8, 2}, Prefill: 8}},
		{"static:2<3@24", precision.Schedule{Kind: precision.KindStatic, Bits: []int{2, 3}, Steps: []int{24}}},
		{"static:2<4>3<16@1,2,3,prefill=4", precision.Schedule{Kind: precision.KindStatic, Bits: []int{2, 4, 3, 16}, Steps: []int{1, 2, 3}, Prefill: 4}},
		{"learned:4>3", precision.Schedule{Kind: precision.KindLearned, Bits: []int{4, 3}}},
		{"learned:4>3>2,l=255,classifier=a/b.safetensors,prefill=8", precision.Schedule{Kind: precision.KindLearned,
			Bits: []int{4, 3, 2}, Horizon: 255, Classifier: "a/b.safetensors", Prefill: 8}},
		{"activation:4>2,l=60", precision.Schedule{Kind: precision.KindActivation, Bits: []int{4, 2}, Horizon: 60}},
		{"confidence:4>3>2", precision.Schedule{Kind: precision.KindConfidence, Bits: []int{4, 3, 2}, Window: 10, K: 1}},
		{"confidence:4>3,window=5,k=0.5",
			precision.Schedule{Kind: precision.KindConfidence, Bits: []int{4, 3}, Window: 5, K: 0.5}},
		{"confidence:4>3,k=0", precision.Schedule{Kind: precision.KindConfidence, Bits: []int{4, 3}, Window: 10}},
		{"random:4>3", precision.Schedule{Kind: precision.KindRandom, Bits: []int{4, 3}}},
		{"random:4>3,l=33,seed=7,p=0.3008/0.3398/0.21875/0.1406", precision.Schedule{Kind: precision.KindRandom, Bits: []int{4, 3},
			Horizon: 33, Seed: 7, Prior: []float64{.3008, .3398, .21875, .1406}}},
		{"oracle:3>2", precision.Schedule{Kind: precision.KindOracle, Bits: []int{3, 2}, Bound: 0.99}},
		{"oracle:3>2,bound=1.01", precision.Schedule{Kind: precision.KindOracle, Bits: []int{3, 2}, Bound: 1.01}},
		{"recorded", precision.Schedule{Kind: precision.KindRecorded}},
		{"recorded,prefill=4", precision.Schedule{Kind: precision.KindRecorded, Prefill: 4}},
	} {
		t.Run(c.text+" is read and written as it stands", func(t *testing.T) {
			got, err := precision.Parse(c.text)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
			if got.String() != c.text {
				t.Errorf("written as %q", got)
			}
		})
	}
	for text, want := range map[string]string{
		"uniform:16":              "fp16",
		"uniform:16,prefill=8":    "fp16,prefill=8",
		"fp16,prefill=16":         "fp16",
		"uniform:3,prefill=3":     "uniform:3",
		"static:4>3@85,prefill=4": "static:4>3@85",
		"static:4>3@085":          "static:4>3@85",
		"static:2<4-3,prefill=4":  "static:2<4>3",

		"confidence:4>3,k=1,window=10":  "confidence:4>3",
		"confidence:4>3,k=1.50":         "confidence:4>3,k=1.5",
		"learned:4>3,prefill=4,l=9":     "learned:4>3,l=9",
		"random:4>3,p=1/0/0/0.,seed=0":  "random:4>3,p=1/0/0/0",
		"oracle:4>3,prefill=8,bound=.5": "oracle:4>3,bound=0.5,prefill=8",
	} {
		t.Run(text+" is written as "+want, func(t *testing.T) {
			if got, err := precision.Parse(text); err != nil || got.String() != want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	t.Run("a schedule is a string in JSON", func(t *testing.T) {
		var got struct{ S precision.Schedule }
		if err := json.Unmarshal([]byte(`{"S":"static:4>3@85"}`), &got); err != nil || got.S.Steps[0] != 85 {
			t.Fatalf("%+v, %v", got, err)
		}
		if text, err := got.S.MarshalText(); err != nil || string(text) != "static:4>3@85" {
			t.Errorf("%s, %v", text, err)
		}
		if err := json.Unmarshal([]byte(`{"S":"static"}`), &got); err == nil || got.S.Steps[0] != 85 {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestParseErrors(t *testing.T) {
	const (
		bits = "2, 3, 4, 5, 6, 7, 8, 16"
		step = "accepted: a switch step: the number of the last decode pass before the switch, in at most 9 digits"
	)
	all := "accepted: "
	for _, k := range precision.Kinds() {
		all += k.Syntax + ", "
	}
	all += "each with ,prefill=N where wanted, and bits of " + bits + "; A>B may be written A-B"
	for _, c := range []struct{ text, want string }{
		{"", `at character 1 (""): unknown kind of schedule; ` + all},
		{"int8", `at character 1 ("int8"): unknown kind of schedule; ` + all},
		{"FP16", `at character 1 ("FP16"): unknown kind of schedule; ` + all + `; did you mean "fp16"?`},
		{" fp16", `at character 1 (" fp16"): unknown kind of schedule; ` + all + `; did you mean "fp16"?`},
		{"learned", `at character 1 ("learned"): the bits are missing; accepted: learned:A>B[>C…][,l=N][,classifier=FILE]`},
		{"learned:4", `at character 9 ("4"): one precision only; accepted: two or more, as in learned:4-3 or learned:4>3; uniform:N for one`},
		{"learned:3>4", `at character 11 ("4"): not less than the 3 before it; accepted: bits that strictly decrease`},
		{"learned:3-4", `at character 11 ("4"): not less than the 3 before it; accepted: bits that strictly decrease`},
		{"learned:4-", `at character 11 (""): not a number; accepted: weight bits, in at most 9 digits`},
		{"learned:-4", `at character 9 (""): not a number; accepted: weight bits, in at most 9 digits`},
		{"static:4->3", `at character 10 (""): not a number; accepted: weight bits, in at most 9 digits`},
		{"static:4-3@-1", `at character 12 ("-1"): not a number; ` + step},
		{"random:4-3-2", `at character 8 ("4-3-2"): more than one switch; accepted: two precisions, as in random:4-3 or random:4>3`},
		{"uniform:-3", `at character 9 ("-3"): not a number; accepted: weight bits, in at most 9 digits`},
		{"learned:4>3@85", `at character 11 ("3@85"): not a number; accepted: weight bits, in at most 9 digits`},
		{"learned:4>3,l=0", `at character 15 ("0"): too few; accepted: the tokens to generate at most, 1 or more`},
		{"learned:4>3,l", `at character 13 ("l"): no value; accepted: l=N with N tokens, 1 or more`},
		{"learned:4>3,1=5", `at character 13 ("1=5"): unknown option; accepted: l=N with N tokens, 1 or more, classifier=FILE, ` +
			`prefill=N with N one of ` + bits},
		{"learned:4>3,classifier=", `at character 24 (""): no file; accepted: the weights of a classifier, FILE.safetensors`},
		{"learned:4>3,classifier=a\x1b", `at character 24 ("a\x1b"): holds U+001B, which is not seen; accepted: the weights of a classifier, ` +
			`FILE.safetensors, in one line of letters, digits, punctuation and spaces`},
		{"activation:4>3,window=3", `at character 16 ("window=3"): unknown option; accepted: l=N with N tokens, 1 or more, ` +
			`prefill=N with N one of ` + bits},
		{"activation:4>3,l=1,l=1", `at character 20 ("l=1"): given twice; accepted: one l=N`},
		{"confidence:4>3,window=1", `at character 23 ("1"): too few; accepted: the scores that set a threshold, 2 or more`},
		{"confidence:4>3,k=-1", `at character 18 ("-1"): not a number; accepted: standard deviations, 0 or more, in at most 12 ` +
			`characters`},
		{"confidence:4>3,k=1e3", `at character 18 ("1e3"): not a number; accepted: standard deviations, 0 or more, in at most 12 ` +
			`characters`},
		{"random:4>3>2", `at character 8 ("4>3>2"): more than one switch; accepted: two precisions, as in random:4-3 or random:4>3`},
		{"random:4>3,p=1/1", `at character 14 ("1/1"): 2 shares that add up to 2; accepted: 4 that add up to 1 (within 0.001), such ` +
			`as 0.3/0.34/0.22/0.14`},
		{"random:4>3,seed=x", `at character 17 ("x"): not a number; accepted: the seed of the draw, in at most 9 digits`},
		{"oracle:4>3,bound=0", `at character 18 ("0"): always held; accepted: a share above 0, such as 0.99`},
		{"fp16:3", `at character 6 ("3"): fp16 takes nothing after a colon; ` + all},
		{"recorded:", `at character 10 (""): recorded takes nothing after a colon; ` + all},
		{"uniform", `at character 1 ("uniform"): the bits are missing; accepted: uniform:N with N one of ` + bits},
		{"uniform:", `at character 9 (""): not a number; accepted: weight bits, in at most 9 digits`},
		{"uniform:1", `at character 9 ("1"): weights cannot have these bits; accepted: ` + bits},
		{"uniform:9", `at character 9 ("9"): weights cannot have these bits; accepted: ` + bits},
		{"uniform:+3", `at character 9 ("+3"): not a number; accepted: weight bits, in at most 9 digits`},
		{"uniform:3.5", `at character 9 ("3.5"): not a number; accepted: weight bits, in at most 9 digits`},
		{"uniform:3,4", `at character 11 ("4"): unknown option; accepted: prefill=N with N one of ` + bits},
		{"uniform:3,prefil=4", `at character 11 ("prefil=4"): unknown option; accepted: prefill=N with N one of ` + bits +
			`; did you mean "prefill"?`},
		{"uniform:3,prefill", `at character 11 ("prefill"): no value; accepted: prefill=N with N one of ` + bits},
		{"uniform:3,prefill=", `at character 19 (""): not a number; accepted: weight bits, in at most 9 digits`},
		{"uniform:3,prefill=9", `at character 19 ("9"): weights cannot have these bits; accepted: ` + bits},
		{"uniform:3,prefill=4,prefill=4", `at character 21 ("prefill=4"): given twice; accepted: one prefill=N`},
		{"static", `at character 1 ("static"): the bits are missing; accepted: static:A>B[>C…][@s1[,s2…]]`},
		{"static:3@5", `at character 8 ("3"): one precision only; accepted: two or more, as in static:4-3 or static:4>3; uniform:N for one`},
		{"static:3>4@5", `at character 10 ("4"): not less than the 3 before it; accepted: bits that strictly decrease`},
		{"static:3<3@5", `at character 10 ("3"): not more than the 3 before it; accepted: more behind <`},
		{"static:3<2", `at character 10 ("2"): not more than the 3 before it; accepted: more behind <`},
		{"static:2<", `at character 10 (""): not a number; accepted: weight bits, in at most 9 digits`},
		{"learned:2<3", `at character 9 ("2<3"): not a number; accepted: weight bits, in at most 9 digits`},
		{"static:4>4@5", `at character 10 ("4"): not less than the 4 before it; accepted: bits that strictly decrease`},
		{"static:4>>3@5", `at character 10 (""): not a number; accepted: weight bits, in at most 9 digits`},
		{"static:4 > 3", `at character 8 ("4 "): not a number; accepted: weight bits, in at most 9 digits`},
		{"static:4>3@", `at character 12 (""): not a number; ` + step},
		{"static:4>3@-1", `at character 12 ("-1"): not a number; ` + step},
		{"static:4>3@9999999999", `at character 12 ("9999999999"): not a number; ` + step},
		{"static:4>3@8@9", `at character 12 ("8@9"): not a number; ` + step},
		{"static:4>3>2@85", `at character 14 ("85"): number of switch steps 1 for 3 precisions; accepted: 2`},
		{"static:4>3@85,170", `at character 12 ("85,170"): number of switch steps 2 for 2 precisions; accepted: 1`},
		{"static:4>3>2@85,85", `at character 17 ("85"): not more than the 85 before it; accepted: switch steps that strictly ` +
			`increase`},
		{"static:4>3,85", `at character 12 ("85"): neither an option nor after an @; accepted: switch steps after @, then ` +
			`prefill=N`},
		{"static:4>3@85,prefill=4,170", `at character 25 ("170"): unknown option; accepted: prefill=N with N one of ` + bits},
		{"uniform:3,précis=4", `at character 11 ("précis=4"): unknown option; accepted: prefill=N with N one of ` + bits},
		{"ünknown:1,prefill=x", `at character 1 ("ünknown"): unknown kind of schedule; ` + all},
	} {
		t.Run("what is wrong with "+c.text, func(t *testing.T) {
			got, err := precision.Parse(c.text)
			want := "schedule " + quoted(c.text) + ": " + c.want
			if err == nil || err.Error() != want {
				t.Errorf("got  %v (%+v)\nwant %s", err, got, want)
			}
			if !reflect.DeepEqual(got, precision.Schedule{}) {
				t.Errorf("and a schedule %+v", got)
			}
		})
	}
}

func quoted(s string) string { return strconv.Quote(s) }

func TestKinds(t *testing.T) {
	for _, k := range precision.Kinds() {
		t.Run(string(k.Kind)+" has an example of its kind", func(t *testing.T) {
			s, err := precision.Parse(k.Example)
			if err != nil || s.Kind != k.Kind || k.Description == "" || !strings.HasPrefix(k.Syntax, string(k.Kind)) {
				t.Errorf("%+v: %+v, %v", k, s, err)
			}
			if _, err := s.Resolve(nil, 20, evidence()); (err != nil) != (k.Needs == precision.NeedsStoredBits) {
				t.Error(err)
			}
		})
	}
}

// signed writes a schedule with another sign between its bits.
func signed(s precision.Schedule, sign string) string {
	bits, options, _ := strings.Cut(s.String()+",", ",") // a file's name may have signs of its own
	return strings.TrimSuffix(strings.ReplaceAll(bits, ">", sign)+","+options, ",")
}

func FuzzParse(f *testing.F) {
	for _, k := range precision.Kinds() {
		f.Add(k.Example)
		f.Add(k.Example + ",prefill=4")
	}
	for _, text := range []string{"", ",", "static:4-3-2@85,170,prefill=4", "learned:8-4>2,classifier=a-b>c", "static:4>3>2@85,170,prefill=4", "static:>@,=", "uniform:16,prefill=16",
		"static:3>2@é", "static:4>3@2,prefill=8;down_proj=+1;layers=0-3,7,q_proj,k_proj=8-4>2@1,3;layers=2:16", ";", "uniform:4;"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		simtest.Budget(t, func() {
			s, err := precision.Parse(text)
			if err != nil {
				return
			}
			for _, other := range []string{signed(s, "-"), signed(s, ">")} {
				if same, err := precision.Parse(other); err != nil || !reflect.DeepEqual(same, s) {
					t.Fatalf("%q is %+v, written %q is %+v, %v", text, s, other, same, err)
				}
			}
			again, err := precision.Parse(s.String())
			if err != nil || !reflect.DeepEqual(again, s) || again.String() != s.String() {
				t.Fatalf("%q is %+v, written %q, read as %+v, %v", text, s, s, again, err)
			}
			recorded := []int{8, 4, 4, 2}
			e := evidence()
			e.Recorded = precision.Uniforms(recorded...)
			p, err := s.Plain().Resolve(nil, 5, e)
			if err != nil && (s.Kind == precision.KindOracle || s.Kind == precision.KindFile) {
				return // these precisions were not run, and there is no model
			}
			if err != nil {
				t.Fatalf("%q does not resolve: %v", text, err)
			}
			last := s.HighestDecodeBits(precision.Uniforms(recorded...))
			for pass := 1; pass <= 4; pass++ {
				bits := p.At(pass).Max()
				if bits > last || !slices.Contains(precision.WeightBits(), bits) || (pass == 1 && bits != last) {
					t.Fatalf("%q has %d bits in pass %d after %d", text, bits, pass, last)
				}
				last = bits
			}
			if s.PrefillAt(precision.Uniform(8)).Max() < 2 {
				t.Fatalf("%q prefills at %d bits", text, s.PrefillAt(precision.Uniform(8)).Max())
			}
		})
	})
}

func TestCanonical(t *testing.T) {
	for text, want := range map[string]string{"static:4-3-2@85,170": "static:4>3>2@85,170", "confidence:4-3,window=5": "confidence:4>3,window=5",
		"static:4>3": "static:4>3", "oracle:4-3,prefill=4": "oracle:4>3", "uniform:16": "fp16", "no-schedule": "no-schedule", "static:4-": "static:4-",
		"learned:4-3,classifier=a-b.safetensors": "learned:4>3,classifier=a-b.safetensors"} {
		if got := precision.Canonical(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestBitsOfTheModel(t *testing.T) {
	m := &workloads.Model{PaperHigh: 4, PaperLow: 2}
	for text, want := range map[string]string{
		"static": "static:4>2", "static@9": "static:4>2@9", "confidence": "confidence:4>2", "confidence,window=5": "confidence:4>2,window=5",
		"uniform": "uniform:4", "uniform,prefill=8": "uniform:4,prefill=8", "fp16": "fp16", "static:8>3@5": "static:8>3@5", "learned": "learned:4>2",
	} {
		if s, err := precision.ParseFor(text, m); err != nil || s.String() != want {
			t.Errorf("%s: %q, error %v, want %s", text, s, err, want)
		}
	}
	for _, text := range []string{"statics", "confidence:", "", "uniform@3"} {
		if s, err := precision.ParseFor(text, m); err == nil {
			t.Errorf("%q: %q; want an error", text, s)
		}
	}
}

func FuzzParseAssignment(f *testing.F) {
	f.Add("4")
	f.Add("q_proj,k_proj=8,8*2;4,-*30")
	f.Fuzz(func(t *testing.T, text string) {
		simtest.Budget(t, func() {
			a, err := precision.ParseAssignment(text)
			if err == nil && a.String() != text {
				t.Errorf("%q became %q", text, a)
			}
		})
	})
}
