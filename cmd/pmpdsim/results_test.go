package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/plots/views"
)

// someResults are those of the example of sim/study.
const someResults = "../../sim/study/testdata/results.jsonl"

func TestPlotNeedsNoCommandLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.svg")
	o := &plotOptions{draw: views.Throughput, results: resultsOptions{paths: []string{someResults}, only: []string{"npu=phone"}},
		picture: picture{path, "pmpdsim plot throughput r"}, format: "csv"}
	out, errs, err := invoke(t, o)
	if want := "setting,schedule,avg_weight_bits,tokens_per_second,fits\n,uniform:4,4,9,true\n,static:4>2@2,2.5,11,true\n"; err != nil || errs != "" || out != want {
		t.Errorf("error %v, %q, output %q, want %q", err, errs, out, want)
	}
	if data, err := os.ReadFile(path); err != nil || !strings.Contains(string(data), ": pmpdsim plot throughput r</desc>") {
		t.Errorf("the picture does not say what made it (%v)", err)
	}
	for _, c := range []struct {
		name   string
		change func(*plotOptions)
		want   string
	}{
		{"nothing to choose", func(o *plotOptions) { o.results.only = []string{"npu=x"} }, "--only npu=x: no result has that; accepted: edge, phone"},
		{"nothing to average", func(o *plotOptions) { o.over = []string{"seed"} }, "--over seed: no two results differ in that alone; "},
		{"a picture of no known format", func(o *plotOptions) { o.picture.path = "a.bmp" }, "--output: "},
		{"roofs of an NPU that nobody knows", func(o *plotOptions) { o.npu = &npuOptions{unnamed: true} }, someResults + ":4: phone is no preset; accepted: --npu FILE "},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := *o
			c.change(&changed)
			if out, _, err := invoke(t, &changed); err == nil || !strings.HasPrefix(err.Error(), c.want) || out != "" {
				t.Errorf("error %v, want %q; output %q", err, c.want, out)
			}
		})
	}
}

func TestReportAndCompareNeedNoCommandLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.html")
	o := &reportOptions{results: resultsOptions{paths: []string{someResults}}, output: path, command: "pmpdsim report r"}
	out, errs, err := invoke(t, o)
	if err != nil || errs != "" || !strings.HasPrefix(out, "5 results; 3 that no other beats in throughput, energy and area\n") {
		t.Errorf("error %v, %q, output %q", err, errs, out)
	}
	if data, err := os.ReadFile(path); err != nil || !strings.Contains(string(data), "<code>pmpdsim report r</code>") {
		t.Errorf("the page does not say what made it (%v)", err)
	}
	o.output = "a.pdf"
	if _, _, err := invoke(t, o); err == nil || !strings.HasPrefix(err.Error(), "--output: a.pdf: the name tells no page; accepted: ") {
		t.Errorf("error %v", err)
	}
	out, errs, err = invoke(t, &compareOptions{someResults, someResults, "table"})
	if err != nil || errs != "" || !strings.HasPrefix(out, "5 compared, 0 only in A, 0 only in B\n") || !strings.Contains(out, "no difference") {
		t.Errorf("error %v, %q, output %q", err, errs, out)
	}
}

func TestStudiesNeedNoCommandLine(t *testing.T) {
	styles := &stylesOptions{npu: npuOptions{name: defaultNPU}, models: []string{"testdata/tiny.json"}, bits: []int{4, 16}, batch: "1", context: 16, workers: 1,
		format: "csv"}
	out, errs, err := invoke(t, styles)
	if err != nil || errs != "" || strings.Count(out, "\n") != 1+6*2 {
		t.Errorf("styles: error %v, %q, %d lines", err, errs, strings.Count(out, "\n"))
	}
	styles.batch = "0"
	if _, _, err := invoke(t, styles); err == nil || !strings.HasPrefix(err.Error(), "--batch 0: ") {
		t.Errorf("styles: error %v", err)
	}
	layouts := &dramLayoutsOptions{standard: "lpddr5-6400", channels: 1, refresh: "all-bank", planes: "1,2", chunks: "64B,1KiB", skew: "0B", bytes: "64KiB", workers: 1,
		format: "csv"}
	out, errs, err = invoke(t, layouts)
	if err != nil || errs != "" || strings.Count(out, "\n") != 1+3*2*2 {
		t.Errorf("dram layouts: error %v, %q, %d lines", err, errs, strings.Count(out, "\n"))
	}
	for want, change := range map[string]func(*dramLayoutsOptions){
		"--bytes 32B: not what a pass can read; accepted: a multiple of 64B from 2KiB":       func(o *dramLayoutsOptions) { o.bytes = "32B" },
		"--mapping x: no mapping has that name; accepted: row-linear, row-local":             func(o *dramLayoutsOptions) { o.mappings = []string{"x"} },
		"--layout plane-major:3KiB: a chunk of 3KiB is not possible; accepted: a power of t": func(o *dramLayoutsOptions) { o.layouts = []string{"plane-major:3KiB"} },
		"--layout: a layout names its chunk and skew itself; accepted: no --chunk": func(o *dramLayoutsOptions) {
			o.layouts, o.grid = []string{"packed"}, true
		},
	} {
		changed := *layouts
		change(&changed)
		if _, _, err := invoke(t, &changed); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("dram layouts: error %v, want %q", err, want)
		}
	}
}
