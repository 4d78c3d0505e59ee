package sweep

import (
	"path/filepath"
	"testing"
)

// BenchmarkPoint is a small point in a worker: what a sweep costs beside simulating.
func BenchmarkPoint(b *testing.B) {
	spec := specIn(b, small)
	s, err := Load(spec, MostPoints)
	if err != nil {
		b.Fatal(err)
	}
	points, err := s.Points(b.Context(), spec, testVersion)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		b.StopTimer()
		dir := filepath.Join(b.TempDir(), "results")
		d, err := Create(b.Context(), dir, Order{Spec: s, Name: "study.yaml", Points: points, Version: testVersion})
		if err != nil {
			b.Fatal(err)
		}
		w, err := NewWorker(b.Context(), dir, testVersion, testVersion, "")
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		for i := range points {
			if _, err := w.Do(b.Context(), i); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
		if err := d.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(len(points)*b.N)/b.Elapsed().Seconds(), "points/s")
}
