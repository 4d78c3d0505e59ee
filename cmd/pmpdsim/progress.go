package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/cheggaaa/pb/v3"
	"github.com/tebeka/atexit"
	"golang.org/x/term"

	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
)

// patience is how long nothing is shown: a short run needs no progress bar.
const patience = time.Second

// progress draws a bar on a terminal once a run takes longer than patience, and nothing anywhere else.
type progress struct {
	mu    sync.Mutex
	bar   *pb.ProgressBar
	timer *time.Timer
	done  int64
	total int64
	share float64 // of the work, 0 to 1
	what  string  // is counted
	ended bool
}

// newProgress starts waiting. It does nothing unless w is a terminal.
func newProgress(w io.Writer, total int64, what string) *progress {
	p := &progress{total: total, what: what}
	if f, ok := visible.Under(w).(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.timer = time.AfterFunc(patience, func() { p.start(f) })
		atexit.Register(p.end) // whatever ends the program, the terminal is as it was
	}
	return p
}

func (p *progress) start(w io.Writer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	p.bar = pb.New64(parts).SetTemplateString(`{{string . "count"}} {{bar . }} {{percent . }} {{etime . }} {{rtime . "left %s"}}`)
	p.draw()
	p.bar.SetWriter(w).Set(pb.CleanOnFinish, true).Start()
}

// parts is what the bar's length is counted in.
const parts = 100_000

func (p *progress) draw() {
	if p.bar != nil {
		p.bar.Set("count", fmt.Sprintf("%d / %d %s", p.done, p.total, p.what)).SetCurrent(int64(parts * p.share))
	}
}

// update is called from several goroutines, in any order.
func (p *progress) update(done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.total = max(p.done, done), total
	p.share = float64(p.done) / float64(max(p.total, 1))
	p.draw()
}

// passes is update for a run, in which a pass under way counts in part.
func (p *progress) passes(now replay.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.total = max(p.done, int64(now.Passes)), int64(now.Total)
	p.share = max(p.share, now.Share)
	p.draw()
}

// add counts what one of several goroutines has done.
func (p *progress) add(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	p.share = float64(p.done) / float64(max(p.total, 1))
	p.draw()
}

// reached says how many are done.
func (p *progress) reached(done int) { p.update(int64(done), p.total) }

// end removes the bar.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	if p.timer != nil {
		p.timer.Stop()
	}
	if p.bar != nil {
		p.bar.Finish()
	}
}

// steps is update for work of which a step under way counts in part.
func (p *progress) steps(done, total float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.total = max(p.done, int64(done)), int64(total)
	p.share = max(p.share, done/max(total, 1))
	p.draw()
}
