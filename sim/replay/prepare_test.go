package replay

import (
	"reflect"
	"strings"
	"testing"
)

func TestPrepareFindsWhatCannotRun(t *testing.T) {
	small := func(j Job, set ...string) Job {
		t.Helper()
		c := *j.Config
		if err := c.Set(set); err != nil {
			t.Fatal(err)
		}
		j.Config = &c
		return j
	}
	// 1500 tokens do not fit on chip. Of 512 tokens a block would have to, together with two tiles.
	long := small(short(t, "edge-lpddr5", "llama-3.2-1b", "uniform:4", 1500, 4), "tiling.tokens=512")
	t.Run("a prefill that cannot be cut into tiles", func(t *testing.T) {
		_, err := Prepare(long)
		if err == nil || !strings.Contains(err.Error(), "tiling.tokens 512") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a weight matrix whose rows do not fit into a tile", func(t *testing.T) {
		_, err := Prepare(small(short(t, "edge-lpddr5", "llama-3.2-1b", "static:4>2@2", 40, 4), "weights.chunk=64B", "scratchpad.tile=1KiB"))
		if err == nil || !strings.Contains(err.Error(), "accepted: a larger scratchpad.tile") {
			t.Errorf("got %v", err)
		}
	})
}

func TestRunsMayShareAPreparedJob(t *testing.T) {
	p, err := Prepare(short(t, "edge-lpddr5", "qwen2.5-0.5b", "static:4>2@2", 20, 5))
	if err != nil {
		t.Fatal(err)
	}
	first, err := Run(t.Context(), []*Prepared{p, p}, Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	again, err := Run(t.Context(), []*Prepared{p}, Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(first[0].Counts, first[1].Counts) || !reflect.DeepEqual(first[0].Counts, again[0].Counts) {
		t.Error("runs of the same prepared job count different things")
	}
	if first[0].Footprint != p.Memory() {
		t.Errorf("the run occupies %+v, the prepared job %+v", first[0].Footprint, p.Memory())
	}
}

func TestTilingsNameEachPassOnce(t *testing.T) {
	p, err := Prepare(short(t, "edge-lpddr5", "qwen2.5-0.5b", "static:4>2@2,prefill=8", 20, 5))
	if err != nil {
		t.Fatal(err)
	}
	tilings, err := p.Tilings()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range tilings {
		got = append(got, x.Pass+" "+string(rune('0'+x.Bits)))
		if len(x.Operators) == 0 {
			t.Errorf("%s at %d bits has no operators", x.Pass, x.Bits)
		}
	}
	if want := []string{"prefill 8", "decode 4", "decode 2"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
