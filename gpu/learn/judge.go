package learn

import "math"

// guessed is an example with what was guessed of it.
type guessed struct {
	example     *Example
	class, base int // what the network guesses; the most frequent class of what it was trained on
}

// Judgement is how good guesses are.
type Judgement struct {
	Examples     int          `json:"examples"`
	Classes      [Classes]int `json:"classes"` // examples of each class
	Accuracy     float64      `json:"accuracy"`
	AccuracyLow  float64      `json:"accuracy_low"` // 95 %, Wilson's interval
	AccuracyHigh float64      `json:"accuracy_high"`
	Baseline     float64      `json:"baseline"` // accuracy of always guessing the most frequent class of the training

	Confusion [Classes][Classes]int `json:"confusion"` // by the right class and the guessed one

	Guessed Outcome          `json:"learned"` // if each prompt switches where the network says
	Fixed   [Classes]Outcome `json:"fixed"`   // if all switch at one point
	Right   Outcome          `json:"oracle"`  // if each switches where its class says
}

// Outcome is what becomes of prompts under switches.
type Outcome struct {
	Rouge float64 `json:"rouge_l"` // mean, against fp16
	High  float64 `json:"share_high"`
}

// add counts a prompt that has a class.
func (o *Outcome) add(e *Example, class, of int) {
	o.Rouge += e.Rouge[class] / float64(of)
	o.High += float64(class) / (Classes - 1) / float64(of)
}

// guess asks the network about examples.
func (t *training) guess(examples []Example, base int) (all []guessed) {
	for i := range examples {
		class, best := 0, 0.0
		for k, s := range t.net.Guess(examples[i].Input) {
			if s > best {
				class, best = k, s
			}
		}
		all = append(all, guessed{&examples[i], class, base})
	}
	return all
}

func judge(all []guessed) Judgement {
	j := Judgement{Examples: len(all)}
	right, base := 0, 0
	for _, g := range all {
		class := g.example.Class()
		j.Classes[class]++
		j.Confusion[class][g.class]++
		if g.class == class {
			right++
		}
		if g.base == class {
			base++
		}
		j.Guessed.add(g.example, g.class, len(all))
		j.Right.add(g.example, class, len(all))
		for k := range j.Fixed {
			j.Fixed[k].add(g.example, k, len(all))
		}
	}
	j.Accuracy, j.Baseline = float64(right)/float64(len(all)), float64(base)/float64(len(all))
	j.AccuracyLow, j.AccuracyHigh = wilson(j.Accuracy, float64(len(all)))
	return j
}

// wilson is the 95 % interval of a share of n draws (Wilson 1927, doi 10.1080/01621459.1927.10502953).
func wilson(share, n float64) (low, high float64) {
	const z = 1.959963984540054 // 97.5 % of the normal distribution
	middle := (share + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(share*(1-share)/n+z*z/(4*n*n))
	return middle - half, middle + half
}

// FixedAt is the ROUGE-L at equal bits: what one switch point for a share of the prompts and the next for the others have at as much
// high precision as the network's guesses.
func (j *Judgement) FixedAt(high float64) float64 {
	at := high * (Classes - 1)
	below := min(int(at), Classes-2)
	part := at - float64(below)
	return j.Fixed[below].Rouge*(1-part) + j.Fixed[below+1].Rouge*part
}
