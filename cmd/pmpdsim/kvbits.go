package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/cuda"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/workloads/formats"
)

// kvBitsForms are what --kv-bits takes, wherever it stands.
const kvBitsForms = "16, 8, 4, 3 or 2 bits, or 4/8 for keys and values; then, each behind a comma, group=32 (64, 128, head), key_scales=channel, zero_points"

// kvBitsFlag chooses how the decode engine keeps keys and values.
func kvBitsFlag() cli.Flag {
	return &cli.StringFlag{Name: "kv-bits", Usage: "`CACHE` of keys and values: " + kvBitsForms, Value: "16"}
}

// kvBitsFrom reads it.
func kvBitsFrom(c *cli.Context) (formats.Cache, error) {
	cache, err := formats.ParseCache(c.String("kv-bits"))
	return cache, flagged("kv-bits", c.String("kv-bits"), err)
}

// kvAssignments are the keys of an NPU that --kv-bits stands for. Bits alone change nothing but the bits.
func kvAssignments(text string) ([]string, error) {
	bits, options, more := strings.Cut(text, ",")
	if !more && !strings.Contains(bits, "/") {
		return []string{"kv.bits=" + text}, nil
	}
	cache, err := formats.ParseCache(text)
	if err != nil {
		return nil, err
	}
	all := []string{fmt.Sprintf("kv.bits=%d", cache.Keys.Bits), fmt.Sprintf("kv.key_bits=%d", cache.Keys.Bits), fmt.Sprintf("kv.value_bits=%d", cache.Values.Bits)}
	if !cache.Apart() {
		all = []string{fmt.Sprintf("kv.bits=%d", cache.Keys.Bits), "kv.key_bits=0", "kv.value_bits=0"}
	}
	if group := cache.Coded().Group; options != "" && group != formats.CacheGroupNone {
		all = append(all, "kv.group="+group.String())
	}
	if cache.Keys.Channels {
		all = append(all, "kv.key_scales="+string(config.KeysByChannel))
	}
	if cache.Coded().ZeroPoints {
		all = append(all, "kv.zero_points=true")
	}
	return all, nil
}

// keepAs lets the engine keep what the NPU does, if the backend can.
func (o *engineOptions) keepAs(npu *config.Config) {
	if o.backend == backendCPU {
		o.cache = npu.KV.Cache().Scaled()
	}
}

// runsCache returns an error if the backend cannot keep keys and values so.
func (e *engine) runsCache() error {
	var err error
	if e.backend == backendCUDA {
		err = cuda.RunsCache(e.cache)
	} else {
		err = cpu.RunsCache(e.model, e.cache)
	}
	return flagged("kv-bits", e.cache.String(), err)
}

// otherCache says that the NPU keeps keys and values in another way than what decoded the trace; empty: it does not, or the trace
// does not say.
func (w *workload) otherCache(npu *config.Config) string {
	if w.trace == nil {
		return ""
	}
	cache, known := w.trace.Header.Cache()
	if !known || cache.String() == npu.KV.Cache().String() {
		return ""
	}
	return "the trace's tokens and signals are of a KV cache of " + cache.Words() + ", " + npu.Name + " has " + npu.KV.String() +
		": record --kv-bits " + npu.KV.Cache().String() + " decodes with that one"
}
