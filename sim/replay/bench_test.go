package replay

import "testing"

// BenchmarkRun is a whole run from cold: prefill and 32 passes at three schedules.
func BenchmarkRun(b *testing.B) {
	jobs := []Job{job(b, "edge-lpddr5", "mobilellama-1.4b", "dialogsum", "fp16"), job(b, "edge-lpddr5", "mobilellama-1.4b", "dialogsum", "uniform:4"),
		job(b, "edge-lpddr5", "mobilellama-1.4b", "dialogsum", "static:4>3")}
	for b.Loop() {
		rs, err := runJobs(b.Context(), jobs, Options{Workers: 2})
		if err != nil {
			b.Fatal(err)
		}
		var bytes int64
		for _, r := range rs {
			bytes += r.DRAMBytes
		}
		b.SetBytes(bytes)
	}
}
