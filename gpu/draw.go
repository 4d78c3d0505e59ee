package gpu

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// MostTemperature is how high a temperature may be: tokens are then as good as drawn alike.
const MostTemperature = 100

// CheckTemperature returns an error if tokens cannot be drawn at a temperature; 0: the most likely ones are taken.
func CheckTemperature(t float64) error {
	if !(t >= 0 && t <= MostTemperature) { // no number, too
		return fmt.Errorf("%v: out of range; accepted: 0, the most likely tokens, to %d", t, MostTemperature)
	}
	return nil
}

// draws are the random numbers by which the tokens behind a prompt are drawn: one a token, whatever is made of it. Equal seeds, prompts
// and temperatures have equal ones, so that schedules, and the fp16 reference, differ in nothing but their distributions.
type draws struct {
	temperature float64
	random      *rand.Rand
	at          float64 // of the next token, 0 to 1
	weights     []float64
}

// newDraws returns nil at a temperature of 0.
func newDraws(temperature float64, seed int64, prompt []int) *draws {
	if temperature == 0 {
		return nil
	}
	sum := fnv.New64a()
	for _, id := range prompt {
		_ = binary.Write(sum, binary.LittleEndian, uint32(id)) // never an error
	}
	return &draws{temperature: temperature, random: rand.New(rand.NewPCG(uint64(seed), sum.Sum64()))} //nolint:gosec // no secret
}

// next draws the number of the next token.
func (d *draws) next() { d.at = d.random.Float64() }

// token is where the number falls in the softmax of logits over the temperature, in the order of the vocabulary.
func (d *draws) token(logits []float32) int {
	most, best := math.Inf(-1), 0
	for i, l := range logits {
		if float64(l) > most {
			most, best = float64(l), i
		}
	}
	d.weights = d.weights[:0]
	sum := 0.0
	for _, l := range logits {
		w := math.Exp((float64(l) - most) / d.temperature)
		sum += w
		d.weights = append(d.weights, w)
	}
	left := float64(d.at * sum)
	for i, w := range d.weights {
		if left < w {
			return i
		}
		left -= w
	}
	return best // what roundings leave
}
