package pmpdsim_test

import (
	"bytes"
	"context"
	"fmt"
	"log"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Sweeps a key of the NPU, prints tokens/s and draws them.
func Example() {
	model, err := workloads.Load("mobilellama-1.4b")
	if err != nil {
		log.Fatal(err)
	}
	schedule, err := precision.ParseFor("static:4>3@3", model)
	if err != nil {
		log.Fatal(err)
	}
	var points []plots.ChartPoint
	for _, channels := range []int{1, 2, 4} {
		npu, err := config.Load("edge-lpddr5")
		if err == nil {
			err = npu.Set([]string{fmt.Sprintf("dram.channels=%d", channels)})
		}
		if err != nil {
			log.Fatal(err)
		}
		job, err := replay.Prepare(replay.Job{Config: npu, Model: model, Prompt: 16, Generated: 5, Schedule: schedule})
		if err != nil {
			log.Fatal(err)
		}
		results, err := replay.Run(context.Background(), []*replay.Prepared{job}, replay.Options{Workers: 2})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d channels: %.1f tokens/s\n", channels, results[0].TokensPerSecond)
		points = append(points, plots.ChartPoint{X: float64(channels), Y: results[0].TokensPerSecond})
	}
	var picture bytes.Buffer // or a file
	panel := plots.ChartPanel{X: "DRAM channels", Y: "tokens/s", Points: [][]plots.ChartPoint{points}}
	chart := &plots.Chart{Title: "static:4>3@3", Series: []string{"edge-lpddr5"}, Panels: []plots.ChartPanel{panel}}
	if err := plots.Write(&picture, chart, "svg", plots.Origin{Title: chart.Title}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 1 channels: 14.2 tokens/s
	// 2 channels: 25.3 tokens/s
	// 4 channels: 41.5 tokens/s
}
