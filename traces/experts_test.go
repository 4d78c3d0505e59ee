package traces

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/routing"
)

func TestExpertsAreReadAsTheyAreWritten(t *testing.T) {
	for _, c := range []struct {
		name  string
		ids   []int
		count int
		want  string
	}{
		{"a byte each", []int{7, 0, 255}, 256, "BwD/"},
		{"two bytes each, the low one first", []int{7, 257}, 258, "BwABAQ=="},
		{"none", nil, 8, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := EncodeExperts(c.ids, c.count)
			if text != c.want {
				t.Errorf("written as %q, want %q", text, c.want)
			}
			ids, err := DecodeExperts(text, c.count)
			if err != nil || !slices.Equal(ids, c.ids) {
				t.Errorf("read as %v (%v)", ids, err)
			}
		})
	}
}

func TestBadExperts(t *testing.T) {
	good := plain(t, full(t))
	for _, c := range []struct{ name, old, new, want string }{
		{"too few", `"experts":"BwABAgAF"`, `"experts":"BwABAgA="`, "experts: the text holds the numbers of 5 experts; accepted: 6: tokens × layers with experts × per_token"},
		{"one that does not exist", `"experts":"BwABAgAF"`, `"experts":"CAABAgAF"`, "experts: expert 8 stands at place 0; accepted: different numbers from 0 to 7"},
		{"one twice", `"experts":"BwABAgAF"`, `"experts":"BwcBAgAF"`, "experts: expert 7 stands at place 1; accepted: different numbers from 0 to 7"},
		{"no base64", `"experts":"BwABAgAF"`, `"experts":"!"`, "experts: illegal base64 data at input byte 0; accepted: standard base64 with padding"},
		{"more of a token than there are", `"per_token":2`, `"per_token":9`, "model.experts.per_token: 9 are more than there are; accepted: 1 to 8"},
		{"a dense layer that is none", `"dense":[1]`, `"dense":[2]`, "model.experts.dense: layer 2 stands at place 0; accepted: layers from 0 to 1, in order"},
		{"no layer with experts", `"dense":[1]`, `"dense":[0,1]`, "model.experts.dense: no layer has experts; accepted: fewer layers than there are"},
		{"a scoring", `"scoring":"softmax"`, `"scoring":"hard"`, `model.experts.scoring: "hard" is not known; accepted: softmax, softmax-chosen, sigmoid`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(good, c.old) {
				t.Fatalf("the trace has no %s", c.old)
			}
			_, err := read([]byte(strings.Replace(good, c.old, c.new, 1)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	if _, err := read(bytes.Clone([]byte(good))); err != nil {
		t.Error(err)
	}
}

func TestRouterOfATrace(t *testing.T) {
	trace, err := read(full(t))
	if err != nil {
		t.Fatal(err)
	}
	m := trace.Header.Model.model()
	r, err := trace.Router(m)
	if err != nil || r == nil {
		t.Fatal(r, err)
	}
	for position, want := range [][]int{{7, 0}, {1, 2}, {0, 5}, {7, 0}} { // three of the prompt, then the steps
		if got := r.Experts(nil, 0, routing.Token{Position: position}); !slices.Equal(got, want) {
			t.Errorf("position %d: experts %v, want %v", position, got, want)
		}
	}
	for _, other := range []func(m *workloads.Model){
		func(m *workloads.Model) { m.Experts = nil },
		func(m *workloads.Model) { m.Layers++ },
		func(m *workloads.Model) { m.Experts.PerToken-- },
		func(m *workloads.Model) { m.Experts.Dense = nil },
	} {
		m := trace.Header.Model.model()
		other(m)
		if _, err := trace.Router(m); err == nil || !strings.Contains(err.Error(), "accepted: a model with the same layers and experts") {
			t.Errorf("experts of another model: %v", err)
		}
	}
	trace.Steps[1].Experts = ""
	if _, err := trace.Router(m); err == nil || !strings.Contains(err.Error(), "1 of 4 passes do not say which experts their tokens took") {
		t.Error(err)
	}
	trace.Prefill.Experts = ""
	for _, s := range trace.Steps {
		s.Experts = ""
	}
	if r, err := trace.Router(m); r != nil || err != nil {
		t.Error("a trace without experts has a router", err)
	}
}
