package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// heapGoal is how far the heap may grow before garbage is collected, if twice what is in use is less.
const heapGoal = 224 << 20

// collectLess spends memory that a run has anyway on fewer collections: what the DRAM model has learnt stays to the end in
// many small pieces, and marking it over and over is a tenth of a run. Above half of heapGoal the collector works as it
// does by default: a hard limit would slow a large simulation down without end. GOGC in the environment has precedence.
func collectLess() {
	if os.Getenv("GOGC") != "" {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	var afterCollection func(*[]metrics.Sample)
	afterCollection = func(s *[]metrics.Sample) {
		metrics.Read(*s)
		debug.SetGCPercent(percentFor((*s)[0].Value.Uint64()))
		runtime.SetFinalizer(s, afterCollection) // nothing else refers to s: the next collection comes back here
	}
	afterCollection(&live)
}

// percentFor is the garbage to let pile up, in percent of what is in use.
func percentFor(live uint64) int {
	const least, most = 100, 400
	if live*(100+most)/100 <= heapGoal {
		return most
	}
	return max(least, int(heapGoal*100/live)-100)
}
