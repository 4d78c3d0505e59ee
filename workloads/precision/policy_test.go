package precision_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

func resolve(t *testing.T, text string, gen int) precision.Policy {
	t.Helper()
	s, err := precision.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Resolve(nil, gen, precision.Evidence{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// walk returns the bits of the decode passes of gen tokens.
func walk(p precision.Policy, gen int) []int {
	bits := []int{}
	for pass := 1; pass < gen; pass++ {
		bits = append(bits, p.At(pass).Max())
	}
	return bits
}

// pmpd is the generation loop of SamsungLabs/PMPD @909cdf9 (pmpd/modules/model.py, scheduler/naive_scheduler.py) for a
// static schedule: the bits of each pass, and the log, which misses the first pass.
func pmpd(high, low, highBitSteps, most int) (passes, log []int) {
	bits := high
	for token := 1; ; token++ {
		passes = append(passes, bits)
		if token > most {
			return passes, log
		}
		bits = low
		if token < highBitSteps {
			bits = high
		}
		log = append(log, bits)
	}
}

func TestStaticIsPMPD(t *testing.T) {
	t.Run("the loop logs 39 high and 81 low passes for h=40 and 120 tokens", func(t *testing.T) {
		_, log := pmpd(3, 2, 40, 120)
		high := 0
		for _, b := range log {
			high += b - 2
		}
		if len(log) != 120 || high != 39 {
			t.Errorf("%d of %d", high, len(log))
		}
	})
	for _, c := range []struct {
		text    string
		h, most int
	}{
		{"static:3>2@0", 0, 33}, {"static:3>2@1", 1, 33}, {"static:3>2@2", 2, 33}, {"static:3>2@11", 11, 33},
		{"static:3>2@33", 33, 33}, {"static:3>2@40", 40, 120}, {"static:3>2@85", 85, 256}, {"static:3>2@500", 500, 120},
	} {
		t.Run(c.text+" runs each pass at the bits of PMPD's loop", func(t *testing.T) {
			want, _ := pmpd(3, 2, c.h, c.most)
			if got := walk(resolve(t, c.text, len(want)+1), len(want)+1); !slices.Equal(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

func TestPolicies(t *testing.T) {
	for _, c := range []struct {
		name, text string
		gen        int
		want       []int
	}{
		{"fp16 is 16 bits throughout", "fp16", 4, []int{16, 16, 16}},
		{"uniform is one precision throughout", "uniform:3,prefill=4", 4, []int{3, 3, 3}},
		{"each switch step ends its precision", "static:4>3>2@2,4", 7, []int{4, 4, 3, 3, 2, 2}},
		{"pass 1 is at the first precision even at step 0", "static:4>3@0", 4, []int{4, 3, 3}},
		{"step 1 is the same", "static:4>3@1", 4, []int{4, 3, 3}},
		{"two steps within the first pass skip a precision", "static:4>3>2@0,1", 4, []int{4, 2, 2}},
		{"a step beyond the end never switches", "static:4>3@9", 4, []int{4, 4, 4}},
		{"without steps two precisions share the tokens", "static:4>3", 9, []int{4, 4, 4, 4, 3, 3, 3, 3}},
		{"without steps three precisions share the tokens", "static:4>3>2", 10, []int{4, 4, 4, 3, 3, 3, 2, 2, 2}},
		{"without steps odd numbers round down", "static:4>3", 8, []int{4, 4, 4, 4, 3, 3, 3}},
		{"one token takes no decode pass", "static:4>3", 1, []int{}},
		{"two tokens take one, at the first precision", "static:4>3>2", 2, []int{4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := walk(resolve(t, c.text, c.gen), c.gen); !slices.Equal(got, c.want) {
				t.Errorf("%s over %d tokens: got %v, want %v", c.text, c.gen, got, c.want)
			}
		})
	}
	t.Run("a schedule without steps can be resolved for several lengths", func(t *testing.T) {
		s, err := precision.Parse("static:4>3")
		if err != nil {
			t.Fatal(err)
		}
		for _, gen := range []int{120, 33, 120} {
			p, err := s.Resolve(nil, gen, precision.Evidence{})
			if err != nil || p.At(gen/2).Max() != 4 || p.At(gen/2+1).Max() != 3 {
				t.Errorf("%d tokens: %+v, %v", gen, p, err)
			}
		}
	})
	t.Run("a policy does not change with the schedule that it came from", func(t *testing.T) {
		s, err := precision.Parse("static:4>3@2")
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Resolve(nil, 5, precision.Evidence{})
		s.Bits[0], s.Steps[0] = 8, 4
		if got := walk(p, 5); err != nil || !slices.Equal(got, []int{4, 4, 3, 3}) {
			t.Errorf("%v, %v", got, err)
		}
	})
}

func TestRecorded(t *testing.T) {
	s, err := precision.Parse("recorded")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("the bits of the trace are repeated, also when they rise", func(t *testing.T) {
		p, err := s.Resolve(nil, 4, precision.Evidence{Recorded: precision.Uniforms(3, 2, 4, 2)})
		if err != nil || !slices.Equal(walk(p, 4), []int{3, 2, 4}) {
			t.Errorf("%v, %v", p, err)
		}
	})
	t.Run("one token needs no recorded pass", func(t *testing.T) {
		if _, err := s.Resolve(nil, 1, precision.Evidence{}); err != nil {
			t.Error(err)
		}
	})
	for _, c := range []struct {
		name     string
		gen      int
		recorded []int
		want     string
	}{
		{"without a trace the error asks for one", 4, nil, `schedule "recorded": the trace has the bits of 0 decode passes, and ` +
			`4 tokens take 3; accepted: a trace of that many (--trace), or fewer tokens`},
		{"a shorter trace is refused", 4, []int{3, 3}, `schedule "recorded": the trace has the bits of 2 decode passes, and 4 ` +
			`tokens take 3; accepted: a trace of that many (--trace), or fewer tokens`},
		{"impossible bits are refused", 3, []int{3, 12}, `schedule "recorded": decode pass 2 of the trace has 12 bits; ` +
			`accepted: 2, 3, 4, 5, 6, 7, 8, 16`},
		{"no tokens are refused", 0, []int{3}, `schedule "recorded": 0 tokens to generate; accepted: 1 or more`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if p, err := s.Resolve(nil, c.gen, precision.Evidence{Recorded: precision.Uniforms(c.recorded...)}); err == nil || err.Error() != c.want {
				t.Errorf("got  %v, %v\nwant %s", p, err, c.want)
			}
		})
	}
}

func TestBits(t *testing.T) {
	t.Run("prefill runs at what is given, or at the highest precision", func(t *testing.T) {
		for text, want := range map[string]int{"fp16": 16, "fp16,prefill=8": 8, "uniform:3": 3, "uniform:3,prefill=4": 4,
			"static:3>2@85": 3, "static:2<3@85": 3, "static:3>2@85,prefill=4": 4, "recorded": 5, "recorded,prefill=8": 8} {
			if s, err := precision.Parse(text); err != nil || s.PrefillAt(precision.Uniform(5)).Max() != want {
				t.Errorf("%s: %d bits, want %d (%v)", text, s.PrefillAt(precision.Uniform(5)).Max(), want, err)
			}
		}
	})
	t.Run("the baseline is the highest precision of decode, not of prefill", func(t *testing.T) {
		for text, want := range map[string]int{"fp16": 16, "uniform:3,prefill=8": 3, "static:4>3>2@1,2": 4, "static:2<4>3@1,2": 4, "recorded": 6} {
			if s, err := precision.Parse(text); err != nil || s.HighestDecodeBits(precision.Uniforms(3, 6, 2)) != want {
				t.Errorf("%s: %d bits, want %d (%v)", text, s.HighestDecodeBits(precision.Uniforms(3, 6, 2)), want, err)
			}
		}
		if s, err := precision.Parse("recorded"); err != nil || s.HighestDecodeBits(nil) != 0 {
			t.Errorf("an empty recording: %d, %v", s.HighestDecodeBits(nil), err)
		}
	})
	t.Run("the average is over the decode passes", func(t *testing.T) {
		// 40 passes at 3 bits and 79 at 2 generate 120 tokens.
		want := (40*3.0 + 79*2.0) / 119
		if got := precision.AverageBits(nil, resolve(t, "static:3>2@40", 120), 119); math.Abs(got-want) > 1e-12 {
			t.Errorf("got %v, want %v", got, want)
		}
		if got := precision.AverageBits(nil, resolve(t, "fp16", 120), 119); got != 16 {
			t.Errorf("fp16: %v", got)
		}
		if got := precision.AverageBits(nil, resolve(t, "fp16", 1), 0); got != 0 {
			t.Errorf("no pass: %v", got)
		}
	})
	t.Run("a schedule put together by hand is checked when it is resolved", func(t *testing.T) {
		for _, s := range []precision.Schedule{{}, {Kind: precision.KindUniform}, {Kind: precision.KindStatic, Bits: []int{3, 3}},
			{Kind: precision.KindStatic, Bits: []int{4, 3}, Steps: []int{-1}}, {Kind: precision.KindFP16, Bits: []int{16}, Prefill: 1}} {
			if p, err := s.Resolve(nil, 10, precision.Evidence{}); err == nil {
				t.Errorf("%+v resolved to %+v", s, p)
			}
		}
	})
	t.Run("a kind stands above bits that contradict it", func(t *testing.T) {
		p, err := precision.Schedule{Kind: precision.KindFP16, Bits: []int{3}}.Resolve(nil, 10, precision.Evidence{})
		if err != nil || p.At(1).Max() != 16 {
			t.Errorf("%+v, %v", p, err)
		}
	})
	t.Run("passes that do not exist are our bug", func(t *testing.T) {
		for _, f := range []func(){
			func() { precision.Static{Precisions: []int{4}}.At(0) },
			func() { precision.Passes(precision.Uniforms(4, 3)).At(0) },
			func() { precision.Passes(precision.Uniforms(4, 3)).At(3) },
		} {
			func() {
				defer func() {
					if r, _ := recover().(string); !strings.HasPrefix(r, "precision: ") {
						t.Errorf("got %q", r)
					}
				}()
				f()
			}()
		}
	})
}
