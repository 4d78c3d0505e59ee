package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/stream"
)

func TestDRAMResultsHaveTheirKeys(t *testing.T) {
	texts := "standard mapping refresh stream"
	numbers := `channels cycles bytes seconds bandwidth_bytes_per_second efficiency reads writes row_hits row_misses row_conflicts activates
		refreshes`
	o := objects(t, "dram", "--standard", "hbm2-2000", "--channels", "8", "--stream", "bytes=1MiB", "--write=10%", "--format", "json")[0]
	for key := range strings.FieldsSeq(texts) {
		if _, ok := o[key].(string); !ok {
			t.Errorf("%s is %v", key, o[key])
		}
	}
	for key := range strings.FieldsSeq(numbers) {
		if _, ok := o[key].(float64); !ok {
			t.Errorf("%s is %v", key, o[key])
		}
	}
	number := func(key string) float64 { return o[key].(float64) }
	if n := number("reads") + number("writes"); n != 1<<20/32 || n != number("row_hits")+number("row_misses")+number("row_conflicts") {
		t.Errorf("the counts contradict each other: %v", o)
	}
	const peak, clock = 8 * 32e9, 1e-9 // 256 bits at 2 Gb/s for each of eight channels; tCK 1 ns
	for what, d := range map[string]float64{
		"seconds are clocks":          number("seconds") / (number("cycles") * clock),
		"bandwidth is bytes a second": number("bandwidth_bytes_per_second") * number("seconds") / number("bytes"),
		"efficiency is of the peak":   number("efficiency") * peak / number("bandwidth_bytes_per_second"),
	} {
		if d < 1-1e-9 || d > 1+1e-9 {
			t.Errorf("%s: off by a factor of %v in %v", what, d, o)
		}
	}
}

func TestARowOutsideItsToleranceFailsTheCheck(t *testing.T) {
	rows, err := stream.Check(t.Context(), stream.CheckOptions{Standard: "ramulator2.1/ddr4-3200", Quick: true, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := failures(rows); err != nil || len(rows) < 2 {
		t.Fatalf("%d rows, error %v", len(rows), err)
	}
	off := slices.IndexFunc(rows, func(r stream.Checked) bool { return r.Rule == stream.Equal })
	rows[off].Cycles++
	want := "dram check: rows outside their tolerance: " + rows[off].ID
	if err := failures(rows); err == nil || err.Error() != want || exitCode(&strings.Builder{}, err) != exitFailed {
		t.Errorf("error %v, want %q", err, want)
	}
	if s := stream.Summary(rows, "ramulator2.1/ddr4-3200"); !strings.Contains(s, "1 FAIL") {
		t.Errorf("summary %q", s)
	}
}
