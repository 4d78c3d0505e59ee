package rows

import (
	"encoding/csv"
	"math"
	"strings"
	"testing"
)

func row(device string, measured, predicted float64) Row {
	off := 100 * (predicted/measured - 1)
	return Row{Device: device, MeasuredDecode: measured, PredictedDecode: &predicted, DecodeError: &off, BytesPerToken: 1e9, PeakBytes: 1e11}
}

func TestDevices(t *testing.T) {
	all := []Row{row("b", 10, 20), row("a", 40, 50), row("b", 20, 10), row("b", 30, 60), {Device: "b", MeasuredDecode: 5}}
	got := Devices(all)
	if len(got) != 2 || got[0].Name != "b" || got[0].Rows != 4 || got[1].Name != "a" {
		t.Fatalf("%+v", got)
	}
	b := got[0]
	if want := (Errors{N: 3, Signed: 50, MAPE: (100 + 50 + 100) / 3.0, Median: 100, Worst: 100}); b.Decode != want {
		t.Errorf("got %+v, want %+v", b.Decode, want)
	}
	if b.MeasuredShare != [2]float64{0.1, 0.3} || b.PredictedShare != [2]float64{0.1, 0.6} {
		t.Errorf("shares %v %v", b.MeasuredShare, b.PredictedShare)
	}
	if b.Spearman != 0.5 || !math.IsNaN(got[1].Spearman) {
		t.Errorf("Spearman %v, %v", b.Spearman, got[1].Spearman)
	}
	if e := Summarise(nil); e != (Errors{}) {
		t.Errorf("%+v", e)
	}
}

func TestSpearmanWithTies(t *testing.T) { // scipy.stats.spearmanr([1,2,2,3], [1,3,2,4]) = 0.9487
	if got := Spearman([]float64{1, 2, 2, 3}, []float64{1, 3, 2, 4}); math.Abs(got-0.948683) > 1e-6 {
		t.Errorf("got %v", got)
	}
}

func TestWriteCSV(t *testing.T) {
	var b strings.Builder
	if err := WriteCSV(&b, []Row{row("=a", 12.5, 25), {Device: "b"}}); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	if err != nil || len(records) != 3 || records[1][0] != "'=a" || records[1][6] != "12.5" || records[1][7] != "25.0000" || records[1][8] != "100.000" || records[2][7] != "" {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestWriteRecordedCSV(t *testing.T) {
	two := 2.0
	r := &Recorded{Passes: []Pass{{Kind: "pass", Step: 1, Context: 9, Bits: 4, Measured: 0.5, Predicted: 0.25, Error: 100}},
		Operators: []Operator{{Kind: "operator", Phase: "decode", Name: "rope", Predicted: &two}}}
	var b strings.Builder
	if err := WriteRecordedCSV(&b, r); err != nil {
		t.Fatal(err)
	}
	_, rows, _ := strings.Cut(b.String(), "\n")
	want := "pass,,,1,9,4,0.500000000,0.250000000,100.000\noperator,decode,rope,,,,,2.000000000,\n"
	if strings.ReplaceAll(rows, "\r", "") != want {
		t.Errorf("got\n%swant\n%s", rows, want)
	}
}

func TestRangeOfAFittedKey(t *testing.T) {
	for want, without := range map[string][]string{"-": nil, "the same": {"1us", "1us"}, "2us 3us": {"2us", "1us", "3us", "2us"}} {
		if k := (FittedKey{Value: "1us", WithoutOne: without}); k.Range() != want {
			t.Errorf("%v: %s, want %s", without, k.Range(), want)
		}
	}
}
