package mem

import (
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// burstTraffic returns the bytes that a walk moves over the memory bus, which moves whole bursts: each turn is rounded
// out to the bursts that it touches.
func burstTraffic(w isa.Pattern, burst unit.Bytes) unit.Bytes {
	if w.Base%burst == 0 && w.Turn%burst == 0 && w.OuterStride%burst == 0 && w.PlaneStride%burst == 0 {
		return w.Bytes()
	}
	var n unit.Bytes
	for o := range w.Outer {
		for p := range w.Planes {
			from := w.Base + unit.Bytes(o)*w.OuterStride + unit.Bytes(p)*w.PlaneStride
			n += (from+w.Turn+burst-1)/burst*burst - from/burst*burst
		}
	}
	return n
}
