package main

import "testing"

func TestGarbageMayFillTheHeapGoalAndNoMore(t *testing.T) {
	for live, want := range map[uint64]int{0: 400, 10 << 20: 400, 56 << 20: 300, 100 << 20: 124, 112 << 20: 100, 1 << 30: 100, 1 << 40: 100} {
		if got := percentFor(live); got != want {
			t.Errorf("%d MiB in use: %d %%, want %d %%", live>>20, got, want)
		}
	}
}
