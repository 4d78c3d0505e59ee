package validate

import (
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

func TestEmbeddedMeasurements(t *testing.T) {
	all := Embedded()
	prefills, devices := 0, []string{}
	for _, m := range all {
		if m.TTFT > 0 {
			prefills++
		}
		if d := Slug(m.Device); !slices.Contains(devices, d) {
			devices = append(devices, d)
		}
		if m.Citation == "" || m.Peak == 0 || m.Context < m.Prompt || m.Confidence == "" {
			t.Errorf("line %d: %+v", m.Line, m)
		}
	}
	if len(all) != 116 || prefills != 89 {
		t.Errorf("%d measurements, %d with prefill, want 116 and 89", len(all), prefills)
	}
	slices.Sort(devices)
	if presets := slices.Sorted(slices.Values(config.Devices())); !slices.Equal(devices, presets) {
		t.Errorf("measured: %v\npresets:  %v", devices, presets)
	}
}

func TestReadFillsEveryField(t *testing.T) {
	const text = "\ufeffmodel,device,weight_bits,group_size,act_bits,kv_bits,prompt,gen,peak_GBps,prefill_tps,decode_tps,colour,citation\n" +
		"tiny,My Chip_2,4,128,bf16,8,128,64,34.1,640,12.5,red,\"a, b\"\n" +
		"tiny,My Chip_2,16,,,,128,,,,1e1,,\n"
	all, ignored, err := Read("m.csv", []byte(text))
	if err != nil || len(all) != 2 || !slices.Equal(ignored, []string{"colour"}) {
		t.Fatalf("%v, ignored %v, %v", all, ignored, err)
	}
	want := Measurement{File: "m.csv", Line: 2, Device: "My Chip_2", Model: "tiny", Peak: 34.1e9, Bits: 4, Group: "128", Act: "bf16", KVBits: 8,
		Prompt: 128, Generated: 64, Batch: 1, Context: 160, TTFT: 0.2, Decode: 12.5, Citation: "a, b"}
	if all[0] != want || Slug(all[0].Device) != "my-chip-2" {
		t.Errorf("got  %+v\nwant %+v", all[0], want)
	}
	if bare := all[1]; bare.Context != 128 || bare.TTFT != 0 || bare.Decode != 10 || bare.Bits != 16 || bare.Line != 3 {
		t.Errorf("%+v", bare)
	}
}

func TestWrongRowsNameTheirLine(t *testing.T) {
	const head = "device,model,weight_bits,group_size,act_bits,kv_bits,batch,prompt,decode_tps\n"
	for _, c := range []struct{ text, want string }{
		{"", "m.csv: the file is empty; accepted: CSV with the columns device,"},
		{"device,model\n", "m.csv:1: there is no column weight_bits; accepted: "},
		{"device,device\n", "m.csv:1: column 2 is device a second time; accepted: each column once"},
		{head, "m.csv: there is no row below the head"},
		{head + "a,b,4,,,,,128,1\na,b,9,,,,,128,1\n", `m.csv:3: weight_bits: "9" is not a width of weights; accepted: 2 to 8, or 16`},
		{head + "a,b,4,33,,,,128,1\n", `m.csv:2: group_size: "33" is not known; accepted: codebook, channel, 32, 64, 128, or nothing`},
		{head + "a,b,4,,fp8,,,128,1\n", `m.csv:2: act_bits: "fp8" is not known; accepted: fp16, bf16, 16, 8, or nothing`},
		{head + "a,b,4,,,5,,128,1\n", `m.csv:2: kv_bits: "5" is not a width of the cache`},
		{head + "a,b,4,,,,2,128,1\n", `m.csv:2: batch: "2" sequences together`},
		{head + "a,b,4,,,,,0,1\n", `m.csv:2: prompt: "0" is not possible; accepted: a whole number, 1 to`},
		{head + "a,b,4,,,,,8,-1\n", `m.csv:2: decode_tps: "-1" is not possible; accepted: a number above 0`},
		{head + "a,b,4,,,,,8,NaN\n", `m.csv:2: decode_tps: "NaN" is not possible`},
		{head + "a,b,4,,,,,8,\n", "m.csv:2: decode_tps: empty; accepted: a value"},
		{head + "a,b,4\n", "m.csv:2: 3 cells, the head has 9; accepted: a cell for each column"},
		{head + "a,\"b,4\n", "m.csv:2: not CSV: extraneous or missing"},
	} {
		_, _, err := Read("m.csv", []byte(c.text))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q:\ngot  %v\nwant %s", c.text, err, c.want)
		}
	}
	many := head + strings.Repeat("a,b,1,,,,,8,1\n", 50)
	if _, _, err := Read("m.csv", []byte(many)); strings.Count(err.Error(), "m.csv:") != mostFaults {
		t.Errorf("%v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(embedded[:4000]))
	f.Add([]byte("device,model,weight_bits,prompt,decode_tps\na,b,4,8,\"1\"\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		simtest.Budget(t, func() {
			all, _, err := Read("f.csv", text)
			for _, m := range all {
				if err == nil && (m.Device == "" || m.Model == "" || m.Bits < 2 || m.Prompt < 1 || m.Context < 1 || !(m.Decode > 0) || m.Line < 2) {
					t.Errorf("%+v", m)
				}
			}
		})
	})
}
