package main

import (
	"io"
	"os"
	"sync"
	"time"

	"github.com/cheggaaa/pb/v3"
	"golang.org/x/term"
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
	what  string // is counted
	ended bool
}

// newProgress starts waiting. It does nothing unless w is a terminal.
func newProgress(w io.Writer, total int64, what string) *progress {
	p := &progress{total: total, what: what}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.timer = time.AfterFunc(patience, func() { p.start(f) })
	}
	return p
}

func (p *progress) start(w io.Writer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return
	}
	p.bar = pb.New64(p.total).SetTemplateString(`{{counters . }} ` + p.what + ` {{bar . }} {{percent . }} {{etime . }} {{rtime . "left %s"}}`)
	p.bar.SetWriter(w).Set(pb.CleanOnFinish, true).SetCurrent(p.done).Start()
}

// update is called from several goroutines, in any order.
func (p *progress) update(done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.total = max(p.done, done), total
	if p.bar != nil {
		p.bar.SetTotal(p.total).SetCurrent(p.done)
	}
}

// add counts what one of several goroutines has done.
func (p *progress) add(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	if p.bar != nil {
		p.bar.SetCurrent(p.done)
	}
}

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
