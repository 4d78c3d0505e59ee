package stream

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

var backgroundKeys = []string{"bandwidth", "pattern", "write"}

// ParseBackground reads "bandwidth=4GB/s,pattern=random,write=30%", as the keys of a configuration's dram.background. Only
// bandwidth is required. Errors name the key and what is accepted.
func ParseBackground(text string) (dram.Background, error) {
	var b config.Background
	given := map[string]bool{}
	for _, word := range strings.Split(text, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(word), "=")
		switch {
		case !ok:
			return dram.Background{}, fmt.Errorf("%q is no key=value; accepted: %s", word, strings.Join(backgroundKeys, ", "))
		case !slices.Contains(backgroundKeys, key):
			return dram.Background{}, fmt.Errorf("%s=%s: unknown key; %s", key, value, suggest.Accepted(key, backgroundKeys))
		case given[key]:
			return dram.Background{}, fmt.Errorf("%s=%s: given twice; accepted: once", key, value)
		}
		given[key] = true
		var err error
		switch key {
		case "bandwidth":
			err = b.Bandwidth.UnmarshalText([]byte(value))
		case "pattern":
			err = b.Pattern.UnmarshalText([]byte(value))
		case "write":
			err = b.Write.UnmarshalText([]byte(strings.TrimSuffix(value, "%") + "%")) // as the write of a stream
		}
		if err != nil {
			return dram.Background{}, fmt.Errorf("%s=%s: %w", key, value, err)
		}
	}
	if given["bandwidth"] && b.Bandwidth == 0 {
		return dram.Background{}, errors.New("bandwidth=0B/s: no traffic; accepted: more than 0B/s, such as bandwidth=4GB/s")
	}
	if !given["bandwidth"] {
		return dram.Background{}, errors.New("bandwidth is missing; accepted: what other agents ask for, such as bandwidth=4GB/s")
	}
	return dram.Background{Bandwidth: b.Bandwidth, Random: b.Pattern == config.RandomPattern, Write: int(b.Write)}, nil
}

// BackgroundText writes what ParseBackground reads; empty without a background.
func BackgroundText(b dram.Background) string {
	if b.Bandwidth == 0 {
		return ""
	}
	pattern := config.SequentialPattern
	if b.Random {
		pattern = config.RandomPattern
	}
	text := fmt.Sprintf("bandwidth=%v,pattern=%s", b.Bandwidth, pattern)
	if b.Write > 0 {
		text += fmt.Sprintf(",write=%v", unit.Percent(b.Write))
	}
	return text
}

// Agents is what other agents had of the DRAM, as a line of JSON has it.
type Agents struct {
	Bytes     int64   `json:"bytes"`
	Bandwidth float64 `json:"bandwidth_bytes_per_second"`
	Joules    float64 `json:"joules"` // of their bursts and activates; in no total
	Reads     int64   `json:"reads"`  // bursts, as all below
	Writes    int64   `json:"writes"`
	Hits      int64   `json:"row_hits"`
	Misses    int64   `json:"row_misses"`
	Conflicts int64   `json:"row_conflicts"`
	Latency   float64 `json:"mean_read_latency_seconds"` // from acceptance by a controller to the last datum
	Latencies []int64 `json:"read_latency_histogram"`    // as that of the stream
}

// OtherAgents returns what other agents had; nil if they had nothing.
func (r *Result) OtherAgents() *Agents {
	a := &r.Agents
	if a.Reads+a.Writes == 0 {
		return nil
	}
	of, _ := r.Counts.Split(a)
	use := r.standard.EnergyOf(&of, 0, r.refresh.ByBank())
	bytes := (a.Reads + a.Writes) * int64(r.standard.Burst)
	return &Agents{Bytes: bytes, Bandwidth: float64(bytes) / r.Seconds(), Joules: use.Total().Joules(), Reads: a.Reads, Writes: a.Writes,
		Hits: a.RowHits, Misses: a.RowMisses, Conflicts: a.RowConflicts, Latency: r.latency(a), Latencies: a.Latency[:]}
}
