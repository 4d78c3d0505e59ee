package precision

import (
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// Kind is the sort of a schedule, spelt as on the command line and in traces.
type Kind string

// The kinds.
const (
	KindFP16       Kind = "fp16"
	KindUniform    Kind = "uniform"
	KindStatic     Kind = "static"
	KindLearned    Kind = "learned"
	KindActivation Kind = "activation"
	KindConfidence Kind = "confidence"
	KindRandom     Kind = "random"
	KindOracle     Kind = "oracle"
	KindRecorded   Kind = "recorded"
	KindFile       Kind = "file"
)

// table has a row for each kind, in the order in which they are explained. Everything that depends on the kind of a
// schedule is in its row, here and in other packages.
func table() []row {
	return []row{
		fp16(),
		uniform(),
		static(),
		learned(),
		activation(),
		confidence(),
		random(),
		oracle(),
		recorded(),
		file(),
	}
}

// row is a kind: what users read of it, what its text holds, and how it decides.
type row struct {
	KindInfo
	form    form
	options []option // in the order of String; all kinds take prefill besides

	// start makes the scheduler of a generation of gen tokens. nil: the switches are known before the first pass.
	start func(s Schedule, gen int, e Evidence) (scheduler, error)
	// work is what a decision computes after a prompt of so many tokens. nil: nothing.
	work func(m *workloads.Model, prompt int) work
}

// KindInfo describes a kind for users and for other packages.
type KindInfo struct {
	Kind        Kind   `json:"kind"`
	Syntax      string `json:"syntax"`
	Example     string `json:"example"`
	Description string `json:"description"`
	Needs       Need   `json:"-"`
}

// Need is what decisions of a kind depend on besides the text of the schedule.
type Need int

// The needs. Whoever runs a schedule has some of them: a trace what it recorded, the decode engine what it measures.
const (
	NeedsNothing      Need = iota
	NeedsConfidence        // the probability of the most likely token, after each pass
	NeedsKVScores          // a classifier's scores of the last block's keys and values, after pass 1
	NeedsHiddenScores      // a classifier's scores of the last hidden state, after pass 1
	NeedsRecordedBits      // the bits of a recorded run
	NeedsOtherRuns         // how other runs of the same prompt ended
	NeedsStoredBits        // what the model's file stores
)

// form says which weight bits stand behind the colon of a schedule.
type form int

const (
	noBits        form = iota // no colon
	oneWidth                  // one number
	falling                   // two or more that strictly decrease
	fallingAtStep             // so, and switch steps after @
	pair                      // two
)

// Kinds describes the kinds in the order in which they are explained.
func Kinds() []KindInfo {
	var infos []KindInfo
	for _, r := range table() {
		infos = append(infos, r.KindInfo)
	}
	return infos
}

// KindsThatNeed returns the kinds that need one of these, in the order of Kinds.
func KindsThatNeed(needs ...Need) []Kind {
	var kinds []Kind
	for _, k := range Kinds() {
		if slices.Contains(needs, k.Needs) {
			kinds = append(kinds, k.Kind)
		}
	}
	return kinds
}

// Recordable returns the kinds that a trace can be recorded under: all but those that know how runs end, and those that depend on
// a file whose bits the trace would not have.
func Recordable() []Kind {
	return KindsThatNeed(NeedsNothing, NeedsConfidence, NeedsKVScores, NeedsHiddenScores, NeedsRecordedBits)
}

// row returns the kind's row, the zero row if there is no such kind.
func (k Kind) row() row {
	for _, r := range table() {
		if r.Kind == k {
			return r
		}
	}
	return row{}
}

// Needs returns what decisions of this kind depend on.
func (k Kind) Needs() Need { return k.row().Needs }

// Decides reports whether a schedule of this kind finds out where to switch while it runs, or by chance.
func (k Kind) Decides() bool { return k.row().start != nil }

// Reads reports whether decisions of this kind depend on signals of the passes before.
func (k Kind) Reads() bool {
	switch k.Needs() {
	case NeedsConfidence, NeedsKVScores, NeedsHiddenScores:
		return true
	case NeedsNothing, NeedsRecordedBits, NeedsOtherRuns, NeedsStoredBits:
	}
	return false
}

// Takes reports whether a schedule of this kind has the option key=….
func (k Kind) Takes(key string) bool {
	return slices.ContainsFunc(k.row().options, func(o option) bool { return o.key == key })
}

// accepted is one line that names every accepted form.
func accepted() string {
	forms := []string{}
	for _, k := range Kinds() {
		forms = append(forms, k.Syntax)
	}
	return strings.Join(forms, ", ") + ", each with ,prefill=N where wanted, and bits of " + acceptedBits() + "; A>B may be written A-B"
}

// nearestKind returns the kind that a wrong name may have meant, or "".
func nearestKind(name string) string {
	var kinds []Kind
	for _, k := range Kinds() {
		kinds = append(kinds, k.Kind)
	}
	return suggest.Nearest(name, kinds)
}

// List writes kinds for an error: "fp16, uniform".
func List(kinds []Kind) string {
	texts := make([]string, len(kinds))
	for i, k := range kinds {
		texts[i] = string(k)
	}
	return strings.Join(texts, ", ")
}

// WeightBits returns the widths that weights can have.
func WeightBits() []int { return []int{2, 3, 4, 5, 6, 7, 8, 16} }

func acceptedBits() string { return join(WeightBits(), ", ") }
