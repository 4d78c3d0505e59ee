package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// schedulingFlags say how DRAM controllers schedule; schedulingFrom reads them.
func schedulingFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "page", Usage: "`POLICY` that closes rows: open; closed, when no request waits for the row; adaptive, when one " +
			"waits for another instead", DefaultText: spec.OpenPage.String()},
		&cli.IntFlag{Name: "queue", Usage: "`N` bursts in the queue of reads, and in that of writes: up to 64", DefaultText: "32, of HBM 64"},
		&cli.IntFlag{Name: "write-high", Usage: "writes go first above `PERCENT` of their queue", DefaultText: "80"},
		&cli.IntFlag{Name: "write-low", Usage: "reads go again below `PERCENT` of the write queue", DefaultText: "20"},
	}
}

func schedulingFrom(c *cli.Context) (p spec.Scheduling, err error) {
	if c.IsSet("page") {
		if err := p.Page.UnmarshalText([]byte(c.String("page"))); err != nil {
			return p, flagged("page", "", err)
		}
	}
	p.Queue, p.WriteHigh, p.WriteLow = c.Int("queue"), c.Int("write-high"), c.Int("write-low")
	var all []error
	for _, f := range []struct {
		name     string
		accepted string
	}{{"queue", fmt.Sprintf("1 to %d", spec.MostQueue)}, {"write-high", "2 to 99"}, {"write-low", "1 to 98"}} {
		if c.IsSet(f.name) && c.Int(f.name) == 0 { // absent is the default, not 0
			all = append(all, fmt.Errorf("--%s 0: out of range; accepted: %s", f.name, f.accepted))
		}
	}
	for _, f := range p.Faults() {
		all = append(all, fmt.Errorf("--%s: %w", strings.ReplaceAll(f.Key, "_", "-"), f.Err))
	}
	return p, errors.Join(all...)
}
