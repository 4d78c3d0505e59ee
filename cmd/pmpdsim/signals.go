package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// signalled is the cause of a context that a signal cancelled.
type signalled struct{ os.Signal }

func (s signalled) Error() string { return "interrupted (" + s.String() + ")" }

// status is the one that shells give to what a signal ended.
func (s signalled) status() int {
	if n, ok := s.Signal.(syscall.Signal); ok {
		return exitSignal + int(n)
	}
	return exitFailed
}

// unfinished is an interruption that says itself what is left.
type unfinished struct {
	text  string
	cause error
}

func (u unfinished) Error() string { return u.text }
func (u unfinished) Unwrap() error { return u.cause }

// partly is what ended a command that says itself what is left after a signal; without one it is the error.
func partly(ctx context.Context, err error, left string) error {
	if s := (signalled{}); errors.As(context.Cause(ctx), &s) {
		return unfinished{s.Error() + ": " + left, s}
	}
	return err
}

// told is an error that says, after a signal, which files were written, and what else was joined with it. An error that
// says so itself stays as it is.
func told(ctx context.Context, err error, written []string) error {
	s := signalled{}
	stopped := func(err error) bool {
		return errors.As(err, &s) || errors.Is(err, context.Canceled) && errors.As(context.Cause(ctx), &s)
	}
	if own := (unfinished{}); !stopped(err) || errors.As(err, &own) {
		return err
	}
	said := unfinished{s.Error() + ": nothing was written", s}
	if len(written) > 0 {
		said.text = s.Error() + ": what was written is " + strings.Join(written, ", ")
	}
	all := []error{said}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = append(all, slices.DeleteFunc(slices.Clone(joined.Unwrap()), stopped)...)
	}
	return errors.Join(all...)
}

// interruptible returns a context that SIGINT, SIGQUIT, SIGTERM and SIGHUP cancel; SIGHUP does not where it is ignored,
// as under nohup. A second signal ends the process at once.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	all := []os.Signal{os.Interrupt, syscall.SIGQUIT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		all = append(all, syscall.SIGHUP)
	}
	c := make(chan os.Signal, 1)
	signal.Notify(c, all...)
	go func() {
		select {
		case s := <-c:
			signal.Stop(c)
			cancel(signalled{s})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(c)
		cancel(nil)
	}
}

// grace is how long a command has to end by itself after a signal.
const grace = 300 * time.Millisecond

// insist ends the process soon after a signal, whatever the command is doing: what is not complete has no name yet and
// is lost in any case. It waits for files that are being completed, and for recordings, which have something to keep.
// The function that it returns says that the command has ended.
func insist(ctx context.Context, claims *files.Claims, stderr io.Writer, exit func(int)) (ended func()) {
	var once sync.Once
	over := make(chan struct{})
	go func() {
		<-ctx.Done()
		if !errors.As(context.Cause(ctx), &signalled{}) {
			return
		}
		select {
		case <-over:
			return
		case <-time.After(grace):
		}
		claims.Stop()
		once.Do(func() { exit(exitCode(stderr, told(ctx, context.Cause(ctx), claims.Written()))) })
	}()
	return func() { once.Do(func() { close(over) }) }
}

// crashAloud makes a crash of the Go runtime end with SIGABRT (status 134) and not with 2, which means wrong flags. It
// leaves no image of the memory in the user's folder.
func crashAloud() {
	debug.SetTraceback("crash")
	leaveNoCore()
}
