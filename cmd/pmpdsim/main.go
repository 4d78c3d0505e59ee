// Command pmpdsim simulates an NPU that decodes language models under precision schedules, and compares the schedules.
//
// It is the outermost layer: it turns flags into jobs, runs them, and shows what came out. It is the only place that ends
// the process, catches signals, and draws progress; everything it prints is a pure function of flags and files.
//
// A command is a struct of options with a method run, which does the work and which tests call without a command line, and a
// function that fills the options from the flags: nothing else reads a cli.Context. Flags that several commands have are in
// flags.go. To add a command: options, fill, run and a function that returns the *cli.Command, its place in app (app.go), a
// script in testdata/script; then regenerate docs/cli.md with go test ./cmd/pmpdsim -update.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/tebeka/atexit"

	"github.com/pmpdsim/pmpdsim/gpu/driver"
)

// The exit codes.
const (
	exitOK          = 0
	exitFailed      = 1   // our fault: the simulation failed
	exitUsage       = 2   // the user's: flags, files, impossible requests
	exitNoGPU       = 3   // there is no GPU, or the program was built without CUDA
	exitInterrupted = 130 // SIGINT
	exitTerminated  = 143 // SIGTERM, which a batch system sends before it takes the machine away
)

func main() { atexit.Exit(run(os.Args, os.Stdout, os.Stderr)) }

// run is the whole program: it returns the exit code.
func run(args []string, stdout, stderr io.Writer) (code int) {
	defer func() {
		if p := recover(); p != nil {
			code = exitCode(stderr, internal(fmt.Errorf("internal error: %v; please report it with the command line", p)))
		}
	}()
	collectLess()
	ctx, stop := interruptible()
	defer stop()
	a := app(stdout, stderr)
	ordered, err := reorder(a, args)
	if err == nil {
		err = a.RunContext(ctx, ordered)
	}
	return exitCode(stderr, err)
}

// signalled is the cause of a context that a signal cancelled.
type signalled struct{ os.Signal }

func (s signalled) Error() string { return "interrupted (" + s.String() + "): nothing was written" }

// interruptible returns a context that SIGINT and SIGTERM cancel. A second signal ends the process at once.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
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

// failure is an error that is not the user's.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

func internal(err error) error { return failure{err} }

// exitCode prints an error, once, and returns the exit code that it means.
func exitCode(stderr io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	say(stderr, "%s", strings.TrimSpace(err.Error()))
	if s := (signalled{}); errors.As(err, &s) {
		if s.Signal == syscall.SIGTERM {
			return exitTerminated
		}
		return exitInterrupted
	}
	if errors.Is(err, driver.ErrNone) {
		return exitNoGPU
	}
	if f := (failure{}); errors.As(err, &f) {
		return exitFailed
	}
	return exitUsage
}

// say prints one message of the program; nothing can be done if that fails.
func say(stderr io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(stderr, "pmpdsim: "+format+"\n", args...)
}
