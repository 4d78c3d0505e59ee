package intervals

import (
	_ "embed" // the errors
	"encoding/csv"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/config"
)

// errors.csv is written by the tests of this package (-update), from package validate's predictions.
//
//go:embed errors.csv
var embedded string

// Speeds are measured over predicted speeds of decode and of prefill; 0: not measured, or not predicted.
type Speeds struct{ Decode, Prefill float64 }

// Point is a measurement with the errors of its predictions.
type Point struct {
	NPU      string // preset of the device
	Config   string // fingerprint of the preset
	Class    config.RuntimeClass
	Model    string
	Bits     int    // of the weights
	Group    string // what shares a scale
	Prompt   int    // tokens
	Excluded bool   // from fits and means (docs/validation.md)

	Unfitted Speeds // with the same defaults for all devices
	LeftOut  Speeds // with keys that were fitted to other models of the device; 0: nothing is fitted
}

// head names the columns of errors.csv, in the order of Point's fields.
const head = "npu,config_fingerprint,class,model,weight_bits,group_size,prompt,excluded,decode,prefill,decode_left_out,prefill_left_out"

// Embedded returns the points of errors.csv.
func Embedded() []Point {
	all, err := read(embedded)
	if err != nil {
		panic("intervals: errors.csv: " + err.Error()) // it is this package's own
	}
	return all
}

func read(text string) (all []Point, err error) {
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(records) == 0 || strings.Join(records[0], ",") != head {
		return nil, fmt.Errorf("line 1; accepted: %s", head)
	}
	for i, r := range records[1:] {
		p := Point{NPU: r[0], Config: r[1], Class: config.RuntimeClass(r[2]), Model: r[3], Group: r[5]}
		for _, n := range []struct {
			text string
			to   *int
		}{{r[4], &p.Bits}, {r[6], &p.Prompt}} {
			if *n.to, err = strconv.Atoi(n.text); err != nil {
				return nil, fmt.Errorf("line %d: %w", i+2, err)
			}
		}
		if p.Excluded, err = strconv.ParseBool(r[7]); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+2, err)
		}
		for j, to := range []*float64{&p.Unfitted.Decode, &p.Unfitted.Prefill, &p.LeftOut.Decode, &p.LeftOut.Prefill} {
			if text := r[8+j]; text != "" {
				if *to, err = strconv.ParseFloat(text, 64); err != nil || !(*to > 0) || math.IsInf(*to, 0) {
					return nil, fmt.Errorf("line %d: %q; accepted: a number above 0", i+2, text)
				}
			}
		}
		all = append(all, p)
	}
	return all, nil
}

// record is a line of errors.csv.
func (p *Point) record() []string {
	speed := func(v float64) string {
		if v == 0 {
			return ""
		}
		return strconv.FormatFloat(v, 'f', 4, 64)
	}
	return []string{p.NPU, p.Config, string(p.Class), p.Model, strconv.Itoa(p.Bits), p.Group, strconv.Itoa(p.Prompt), strconv.FormatBool(p.Excluded),
		speed(p.Unfitted.Decode), speed(p.Unfitted.Prefill), speed(p.LeftOut.Decode), speed(p.LeftOut.Prefill)}
}
