package rows

import (
	"reflect"
	"testing"
)

func TestWidthsAreMediansOfShares(t *testing.T) {
	at := func(bits int, measured, predicted float64) Row {
		r := row("a", measured, predicted)
		r.WeightBits = bits
		return r
	}
	all := []Row{at(8, 50, 60), at(4, 10, 90), at(4, 30, 70), at(4, 20, 80), at(8, 70, 80), {WeightBits: 2, MeasuredDecode: 5}}
	want := []Width{{4, 3, 0.2, 0.8}, {8, 2, 0.6, 0.7}}
	if got := Widths(all); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
