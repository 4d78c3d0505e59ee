package replay

import (
	"math"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
)

func TestStaticPowerRunsOnDuringDispatches(t *testing.T) {
	free, paid := short(t, "edge-lpddr5", "phi-1.5", "uniform:4", 16, 3), short(t, "edge-lpddr5", "phi-1.5", "uniform:4", 16, 3)
	free.Config.Runtime = config.Ideal.Default()
	rs := mustRun(t, 2, free, paid)
	for i, j := range []Job{free, paid} {
		rs[i].Breakdown(j.Config)
	}
	a, b := rs[0], rs[1]
	longer := b.DecodeSeconds / a.DecodeSeconds
	if longer < 1.3 {
		t.Fatalf("dispatches make a pass %.2f times as long", longer)
	}
	for _, part := range []string{"leakage", "dram_background", "dram_refresh"} {
		if more := b.Decode.Energy[part] / a.Decode.Energy[part]; more < 1+0.7*(longer-1) || more > 1+1.05*(longer-1) {
			t.Errorf("%s takes %.3f times as much in a pass that is %.3f times as long", part, more, longer)
		}
	}
	for _, part := range []string{"array", "vector", "network", "dram_read"} {
		if more := b.Decode.Energy[part] / a.Decode.Energy[part]; math.Abs(more-1) > 0.001 {
			t.Errorf("%s takes %.3f times as much", part, more)
		}
	}
	const graphs = 2 * (24 + 2) // in two passes: of a layer each, before and behind them
	if got := b.Decode.Seconds["dispatch"]; b.Decode.Dispatches != graphs || math.Abs(got/(graphs*330e-6)-1) > 1e-6 {
		t.Errorf("%d dispatches in %v s", b.Decode.Dispatches, got)
	}
}
