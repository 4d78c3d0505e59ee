package replay_test

import (
	"context"
	"fmt"
	"log"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Two schedules of one model on one NPU: a job each, checked and compiled by Prepare, simulated by Run.
func ExampleRun() {
	cfg, err := config.Preset("edge-lpddr5")
	if err != nil {
		log.Fatal(err)
	}
	model, err := workloads.Load("mobilellama-1.4b")
	if err != nil {
		log.Fatal(err)
	}
	var jobs []replay.Job
	for _, text := range []string{"uniform:4", "static:4>3@2"} {
		schedule, err := precision.Parse(text)
		if err != nil {
			log.Fatal(err)
		}
		jobs = append(jobs, replay.Job{Config: cfg, Model: model, Prompt: 16, Generated: 5, Schedule: schedule})
	}
	prepared, err := replay.PrepareAll(jobs)
	if err != nil {
		log.Fatal(err)
	}
	results, err := replay.Run(context.Background(), prepared, replay.Options{Workers: 2})
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range results {
		fmt.Printf("%-12s %.1f tokens/s\n", r.Schedule, r.TokensPerSecond)
	}
	// Output:
	// uniform:4    40.1 tokens/s
	// static:4>3@2 43.1 tokens/s
}
