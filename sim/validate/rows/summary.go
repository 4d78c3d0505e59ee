package rows

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"github.com/pmpdsim/pmpdsim/sim/unit/sample"
)

// Errors sums up signed errors in percent.
type Errors struct {
	N      int
	Signed float64 // mean
	MAPE   float64 // mean of the absolute values
	Median float64 // of the absolute values
	Worst  float64 // the one of the largest absolute value, signed
}

// Device is what the rows of a device come to.
type Device struct {
	Name string
	Rows int

	Decode   Errors
	Prefill  Errors
	Spearman float64 // rank correlation of predicted and measured decode; not a number for fewer than three rows

	MeasuredShare, PredictedShare [2]float64 // of peak bandwidth, least and most; 0: not known
}

// Summarise sums up errors.
func Summarise(errors []float64) Errors {
	e := Errors{N: len(errors)}
	if e.N == 0 {
		return e
	}
	abs := make([]float64, e.N)
	for i, v := range errors {
		abs[i] = math.Abs(v)
		if abs[i] > math.Abs(e.Worst) || i == 0 {
			e.Worst = v
		}
	}
	e.Signed, e.MAPE = sample.Mean(errors), sample.Mean(abs)
	slices.Sort(abs)
	e.Median = (abs[(e.N-1)/2] + abs[e.N/2]) / 2
	return e
}

// DecodeErrors returns the errors of decode of the rows that have one.
func DecodeErrors(all []Row) (errors []float64) {
	for i := range all {
		if e := all[i].DecodeError; e != nil {
			errors = append(errors, *e)
		}
	}
	return errors
}

// PrefillErrors returns the errors of prefill of the rows that have one.
func PrefillErrors(all []Row) (errors []float64) {
	for i := range all {
		if e := all[i].PrefillError; e != nil {
			errors = append(errors, *e)
		}
	}
	return errors
}

// Devices sums up the rows of each device, in the order of their first rows.
func Devices(all []Row) (devices []Device) {
	for _, name := range Names(all) {
		devices = append(devices, Total(name, Of(all, name)))
	}
	return devices
}

// Names returns the devices of rows, in the order of their first rows.
func Names(all []Row) (names []string) {
	for i := range all {
		if !slices.Contains(names, all[i].Device) {
			names = append(names, all[i].Device)
		}
	}
	return names
}

// Of returns the rows of a device.
func Of(all []Row, device string) (of []Row) {
	for i := range all {
		if all[i].Device == device {
			of = append(of, all[i])
		}
	}
	return of
}

// Total sums up rows, whatever their devices.
func Total(name string, all []Row) Device {
	d := Device{Name: name, Rows: len(all), Decode: Summarise(DecodeErrors(all)), Prefill: Summarise(PrefillErrors(all))}
	var predicted, measured []float64
	for i := range all {
		r := &all[i]
		if r.PredictedDecode == nil {
			continue
		}
		predicted, measured = append(predicted, *r.PredictedDecode), append(measured, r.MeasuredDecode)
		widen(&d.MeasuredShare, r.MeasuredShare())
		widen(&d.PredictedShare, r.PredictedShare())
	}
	d.Spearman = Spearman(predicted, measured)
	return d
}

func widen(span *[2]float64, v float64) {
	if v == 0 {
		return
	}
	if span[0] == 0 || v < span[0] {
		span[0] = v
	}
	span[1] = max(span[1], v)
}

// Spearman returns the rank correlation of two series, ties with their mean rank; not a number where there are fewer
// than three.
func Spearman(a, b []float64) float64 {
	if len(a) < 3 {
		return math.NaN()
	}
	return sample.Correlation(ranks(a), ranks(b))
}

// ranks returns each value's place in the order of all, from 0.
func ranks(values []float64) []float64 {
	sorted, at := slices.Clone(values), make([]int, len(values))
	floats.Argsort(sorted, at)
	all := make([]float64, len(values))
	for i := 0; i < len(at); {
		j := i
		for j < len(at) && sorted[j] == sorted[i] {
			j++
		}
		for k := i; k < j; k++ {
			all[at[k]] = float64(i+j-1) / 2
		}
		i = j
	}
	return all
}

// Counted returns the rows that are not excluded; all of them where all are.
func Counted(all []Row) []Row {
	var some []Row
	for i := range all {
		if all[i].Excluded == "" {
			some = append(some, all[i])
		}
	}
	if len(some) == 0 {
		return all
	}
	return some
}
