package main

import (
	"context"
	"fmt"
	"runtime/metrics"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu"
	"github.com/pmpdsim/pmpdsim/sim/monitor"
	"github.com/pmpdsim/pmpdsim/sim/replay"
)

func monitorFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "monitor", Usage: "show the run in a browser on this computer while it lasts (state, buffers, pause); implies --workers 1"},
		&cli.IntFlag{Name: "monitor-port", Usage: "`PORT` of the monitor on 127.0.0.1", DefaultText: "any that is free"},
	}
}

// watching is a monitor of a run, or none.
type watching struct {
	*monitor.Monitor
	started time.Time
}

// monitorFrom reads the flags: the port of the monitor that was asked for, or nil.
func monitorFrom(c *cli.Context) (*int, error) {
	port := c.Int("monitor-port")
	if !c.Bool("monitor") {
		if c.IsSet("monitor-port") {
			return nil, fmt.Errorf("--monitor-port %d: there is no monitor; accepted: with --monitor", port)
		}
		return nil, nil
	}
	if n := c.Int("workers"); c.IsSet("workers") && n != 1 {
		return nil, fmt.Errorf("--workers %d: a monitor looks at one machine; accepted: 1, or no --workers, with --monitor", n)
	}
	if port < 0 || port > 65535 {
		return nil, fmt.Errorf("--monitor-port %d: out of range; accepted: 1 to 65535, or 0 for any that is free", port)
	}
	return &port, nil
}

// newMonitor starts a monitor on a port, if there is one, and says where.
func newMonitor(ctx context.Context, s streams, port *int) (*watching, error) {
	if port == nil {
		return nil, nil
	}
	w := &watching{started: time.Now()}
	var err error
	if w.Monitor, err = monitor.Listen(ctx, *port, w.load); err != nil {
		return nil, fmt.Errorf("--monitor-port %d: %w; accepted: a port of 127.0.0.1 that is free", *port, err)
	}
	s.say("monitor: %s while the run lasts; whoever uses this computer can look and pause", w.URL())
	return w, nil
}

// options makes a run visible.
func (w *watching) options(o *replay.Options) {
	if w == nil {
		return
	}
	o.Workers = 1
	o.Built = func(m *npu.Machine) { w.Watch(m.Parts()) }
	o.Progress = func(now replay.Progress) {
		under := min(1, now.Total-now.Passes)
		w.Show(monitor.Bar{ID: "passes", Name: "passes", Start: w.started, Total: uint64(now.Total), Finished: uint64(now.Passes), InProgress: uint64(under)})
	}
}

// close ends it.
func (w *watching) close() {
	if w != nil {
		w.Close()
	}
}

// load is that of the process since the monitor started, as the Go runtime counts it, which is once for each garbage
// collection.
func (w *watching) load() monitor.Load {
	all := []metrics.Sample{{Name: "/cpu/classes/total:cpu-seconds"}, {Name: "/cpu/classes/idle:cpu-seconds"},
		{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(all)
	busy := all[0].Value.Float64() - all[1].Value.Float64()
	return monitor.Load{CPU: 100 * busy / max(time.Since(w.started).Seconds(), 1e-3), Memory: all[2].Value.Uint64() - all[3].Value.Uint64()}
}
