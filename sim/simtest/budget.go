package simtest

import (
	"fmt"
	"runtime/metrics"
	"sync"
	"testing"
	"time"
)

// What one input of a parser may take: fuzz targets, and tests of what hostile files ask for. Time is that
// of the CPU, since a busy machine lets any input wait; memory is what the heap grows by.
const (
	InputTime  = 10 * time.Second
	InputBytes = 256 << 20
)

// Budget calls f, and fails the test if it takes more than an input may: at once where it goes on, because what never ends
// would not return.
func Budget(t testing.TB, f func()) {
	t.Helper()
	within(t, InputTime, InputBytes, f)
}

func within(t testing.TB, most time.Duration, bytes int64, f func()) {
	t.Helper()
	before, start := heap(), CPUTime(t)
	stop := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			if heap()-before > bytes {
				panic(fmt.Sprintf("simtest: an input takes more than %d MiB of memory", bytes>>20))
			}
			if CPUTime(t)-start > most {
				panic(fmt.Sprintf("simtest: an input takes more than %v of CPU time", most))
			}
		}
	})
	defer watch.Wait()
	defer close(stop)
	f()
}

// heap is the memory of objects, those not yet collected among them.
func heap() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}
