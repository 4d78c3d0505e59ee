package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Number is a key of a Config whose values can be more or less, which a fit may vary.
type Number struct {
	Path      string
	Rate      bool    // a time is inverse to it; otherwise it is a time
	Value     float64 // of the Config, in the smallest unit of its type
	Low, High float64 // that a fit should stay between, in that unit; what Set accepts may be less
	kind      reflect.Type
}

// Number returns the key at path. Sizes, widths, names and truth values are refused.
func (c *Config) Number(path string) (Number, error) {
	n, ok := c.at(path)
	if !ok {
		return Number{}, fmt.Errorf("%s: %s", path, c.unknownKey(path))
	}
	accepted := "a time, a rate, a share or a count, such as runtime.dispatch, noc.bandwidth"
	if n.section {
		return Number{}, fmt.Errorf("%s: a section, not a value; accepted: %s", path, accepted)
	}
	number := Number{Path: path, kind: n.value.Type()}
	switch v := n.value.Interface().(type) {
	case unit.Femtoseconds:
		number.Value, number.High = float64(v), float64(mostDispatch)
	case unit.Cycles:
		number.Value, number.High = float64(v), 1e9
	case unit.BytesPerSecond:
		number.Value, number.Rate, number.Low, number.High = float64(v), true, float64(slowest), float64(fastest)
	case unit.Hertz:
		number.Value, number.Rate, number.Low, number.High = float64(v), true, 1e6, 10e9
	case Share:
		if v == 0 {
			v = whole
		}
		number.Value, number.Rate, number.Low, number.High = float64(v), true, 1, float64(whole)
	case int:
		number.Value, number.Rate, number.Low, number.High = float64(v), true, 1, 1<<24
	default:
		return Number{}, fmt.Errorf("%s: its values are not more or less time; accepted: %s", path, accepted)
	}
	return number, nil
}

// digits is how many of a number are kept: more would claim to be known better than anything is measured.
const digits = 4

// Assign returns the assignment, as Set takes it, that makes the key v, of which some digits are kept.
func (n Number) Assign(v float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', digits-1, 64), 64)
	if err != nil {
		panic("config: " + err.Error()) // it was written by FormatFloat
	}
	to := reflect.New(n.kind).Elem()
	to.SetInt(int64(math.Round(rounded)))
	return n.Path + "=" + node{value: to}.text()
}
