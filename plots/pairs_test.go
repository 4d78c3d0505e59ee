package plots

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// somePairs has 2 panels, of 2 groups and of 1.
func somePairs() *Pairs {
	group := func(name string) PairGroup {
		return PairGroup{Name: name, Bars: []Pair{{Value: 2.5, Published: 2.4}, {Value: 11, Published: 12, Label: "4.5", Beside: "5.0"},
			{Value: 15, Published: 14.5, Label: "6.0", Beside: "6.1"}}}
	}
	return &Pairs{Title: "Throughput", Subtitle: "32 GB/s", Y: "tokens/s", Labels: "above bars: times fp16", Series: []string{"fp16", "uniform", "learned"},
		Inferred: []string{"learned"}, Panels: []PairPanel{{Name: "CNN/DM", Groups: []PairGroup{group("Vicuna"), group("Phi")}},
			{Name: "IWSLT", Groups: []PairGroup{group("Vicuna")}}}}
}

// someWaterfall has losses, a gain, and nothing at all.
func someWaterfall() *Waterfall {
	return &Waterfall{Title: "From here to there", Subtitle: "each stage on top of those above", Final: "what remains",
		Stages: []string{"32 GB/s", "DRAM", "layout", "array", "prefill"},
		Panels: []WaterfallPanel{{Name: "tokens/s", Values: []float64{15, 12, 12, 12.5, 12.4}, Decimals: 2},
			{Name: "times fp16", Values: []float64{6.14, 5.5, 5.5, 5.4, 5.4}, Decimals: 2}}}
}

// someTornado has changes to both sides, to one, and none.
func someTornado() *Tornado {
	return &Tornado{Title: "What is left", Subtitle: "of a machine", Note: "one pass", Less: "timings 20 % less", More: "20 % more", X: "change in percent",
		Panels: []string{"tokens/s", "\u00d7 fp16"}, Blocks: []TornadoBlock{{{Name: "rows", Detail: "tRCD, tRP", Values: [][2]float64{{1.5, -2.25}, {0, 0.01}}},
			{Name: "bursts", Values: [][2]float64{{0, -0.3}, {0, 0}}}}, {{Name: "tRCD", Detail: "15: 12, 18", Values: [][2]float64{{-0.04, 0.6}, {0, 0}}}}}}
}

func TestPairsAndWaterfallsAreWritten(t *testing.T) {
	simtest.OneGoroutine(t)
	for name, c := range map[string]struct {
		figure Figure
		want   []string
	}{
		"pairs": {somePairs(), []string{">CNN/DM<", ">Vicuna<", ">4.5<", ">5.0<", ">learned (inferred)<", ">published<", ">15<", ">tokens/s<"}},
		"waterfall": {someWaterfall(), []string{">32 GB/s<", ">+ DRAM<", ">what remains<", ">15.00<", ">12.40<", ">\u221220.0 %<", ">+4.2 %<",
			">0.0 %<", ">loss<", ">5.50<"}},
		"tornado": {someTornado(), []string{">rows<", ">tRCD, tRP<", ">+1.5<", ">\u22122.2<", ">\u22120.3<", ">15: 12, 18<", ">+0.6<", ">timings 20 % less<",
			">all less than 0.05<", ">\u22122<", ">change in percent<"}},
	} {
		for _, format := range []string{"png", "svg", "pdf"} {
			t.Run(name+" as "+format+" are the same bytes every time", func(t *testing.T) {
				var first, second bytes.Buffer
				for _, b := range []*bytes.Buffer{&first, &second} {
					if err := Write(b, c.figure, format, Origin{Title: "T", Command: "pmpdsim paper", Program: "pmpdsim v1"}); err != nil {
						t.Fatal(err)
					}
				}
				if !bytes.Equal(first.Bytes(), second.Bytes()) || !strings.Contains(first.String(), "pmpdsim paper") {
					t.Error("they are not, or do not say how they were made")
				}
				for _, part := range c.want {
					if format == "svg" && !strings.Contains(first.String(), part) {
						t.Errorf("%q is missing", part)
					}
				}
				if format != "png" {
					return
				}
				picture, err := png.Decode(&first)
				if err != nil {
					t.Fatal(err)
				}
				size := picture.Bounds().Size()
				if size.X != 1004 || size.Y < 300 || size.Y > 1500 || len(picture.(*image.Paletted).Palette) < 50 {
					t.Errorf("%v pixels", size)
				}
			})
		}
	}
}

func TestSteps(t *testing.T) {
	for v, want := range map[float64]float64{0.7: 1, 1: 1, 1.1: 2, 3: 5, 7: 10, 14: 20, 0.03: 0.05} {
		if got := niceStep(v); got < want*0.999 || got > want*1.001 {
			t.Errorf("step for %v: %v, want %v", v, got, want)
		}
	}
	for v, want := range map[float64]string{0.04: "0.0", -0.04: "0.0", 1.26: "+1.3", -2.2: "-2.2"} {
		if got := Signed(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}
