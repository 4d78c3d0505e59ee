package views

import (
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/pmpdsim/pmpdsim/plots"
)

// Uncertain is a schedule's predicted speeds with the intervals in which most of what is measured is expected.
type Uncertain struct {
	Schedule string
	Decode   *Range // in tokens a second; nil: nothing is decoded
	TTFT     Range  // in seconds
}

// Range is a value and an interval around it.
type Range struct{ Value, Low, High float64 }

// IntervalsTable writes a row a schedule. share is the part of what is measured that is expected within.
func IntervalsTable(w io.Writer, share float64, all []Uncertain) error {
	within := fmt.Sprintf("%.0f %% within", 100*share)
	t := &plots.Table{Columns: []plots.Column{{Name: "schedule"}, {Name: "tokens/s", Right: true}, {Name: within, Right: true},
		{Name: "TTFT ms", Right: true}, {Name: within, Right: true}}}
	for _, u := range all {
		decode, interval := "-", "-"
		if u.Decode != nil {
			decode, interval = significant(u.Decode.Value), u.Decode.text(1)
		}
		t.Add(u.Schedule, decode, interval, significant(1000*u.TTFT.Value), u.TTFT.text(1000))
	}
	return t.Write(w)
}

// text writes the interval in units of which a whole has so many.
func (r *Range) text(units float64) string {
	return significant(units*r.Low) + " to " + significant(units*r.High)
}

// significant writes a number above 0 with three digits, or with all that are before the point.
func significant(v float64) string {
	return strconv.FormatFloat(v, 'f', max(0, 2-int(math.Floor(math.Log10(v)))), 64)
}
