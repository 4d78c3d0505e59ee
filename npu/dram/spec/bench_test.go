package spec

import "testing"

// BenchmarkLookup is what a configuration pays for its standard, many times a point of a sweep.
func BenchmarkLookup(b *testing.B) {
	p := MustLookupPart("lpddr5-6400")
	var c Changes
	b.Run("own", func(b *testing.B) {
		for b.Loop() {
			MustLookup("lpddr5-6400").Change(&c)
		}
	})
	b.Run("density", func(b *testing.B) {
		for b.Loop() {
			p.Standard(32 * 1024)
		}
	})
}
