package precision

import (
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
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
)

// KindInfo describes a kind for users.
type KindInfo struct {
	Kind        Kind   `json:"kind"`
	Syntax      string `json:"syntax"`
	Example     string `json:"example"`
	Description string `json:"description"`
}

// Kinds describes the kinds in the order in which they are explained.
func Kinds() []KindInfo {
	return []KindInfo{
		{KindFP16, "fp16", "fp16", "every pass at 16 bits"},
		{KindUniform, "uniform:N", "uniform:3", "every pass at N bits"},
		{KindStatic, "static:A>B[>C…][@s1[,s2…]]", "static:4>3>2@85,170",
			"A bits up to decode pass max(s1,1), then B, and so on; without @ the switches are evenly spread"},
		{KindLearned, "learned:A>B[>C…][,l=N][,classifier=FILE]", "learned:4>3,l=256",
			"a classifier of the KV cache chooses 0, l/3, 2(l/3) or l passes at A bits after the first; l: tokens at most"},
		{KindActivation, "activation:A>B[>C…][,l=N]", "activation:4>3",
			"the same with a classifier of the last hidden state, whose scores are recorded"},
		{KindConfidence, "confidence:A>B[>C…][,window=N][,k=X]", "confidence:4>3,window=10,k=1",
			"down as soon as the top token's probability reaches mean + k·std of the first window passes at this precision"},
		{KindRandom, "random:A>B[,l=N][,seed=N][,p=W/X/Y/Z]", "random:4>3,seed=7",
			"0, l/3, 2(l/3) or l passes at A bits, drawn once with shares p"},
		{KindOracle, "oracle:A>B[,bound=X]", "oracle:4>3,bound=0.99",
			"the earliest recorded switch whose quality is at least bound of A's throughout: known afterwards only"},
		{KindRecorded, "recorded", "recorded", "as the trace says, pass by pass"},
	}
}

// Accepted is one line that names every accepted form.
func Accepted() string {
	forms := []string{}
	for _, k := range Kinds() {
		forms = append(forms, k.Syntax)
	}
	return strings.Join(forms, ", ") + ", each with ,prefill=N where wanted, and bits of " + acceptedBits()
}

// nearestKind is the kind that a wrong name may have meant, or "".
func nearestKind(name string) string {
	var kinds []Kind
	for _, k := range Kinds() {
		kinds = append(kinds, k.Kind)
	}
	return suggest.Nearest(name, kinds)
}

// syntax is the accepted form of a kind.
func (k Kind) syntax() string {
	for _, info := range Kinds() {
		if info.Kind == k {
			return info.Syntax
		}
	}
	return ""
}

// Decides tells that a schedule of this kind asks the run itself, or chance, where to switch.
func (k Kind) Decides() bool {
	switch k {
	case KindLearned, KindActivation, KindConfidence, KindRandom, KindOracle:
		return true
	case KindFP16, KindUniform, KindStatic, KindRecorded:
	}
	return false
}

// Reads tells that decisions of this kind depend on signals of the passes before.
func (k Kind) Reads() bool {
	return k == KindLearned || k == KindActivation || k == KindConfidence
}

// WeightBits returns the widths that weights can have.
func WeightBits() []int { return []int{2, 3, 4, 5, 6, 7, 8, 16} }

func acceptedBits() string {
	return join(WeightBits(), ", ")
}
