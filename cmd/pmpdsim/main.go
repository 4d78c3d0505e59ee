// Command pmpdsim simulates an NPU that decodes language models under precision schedules, and compares the schedules.
//
// It is the outermost layer: it turns flags into jobs, runs them, and shows what came out. It is the only place that ends
// the process, catches signals, and draws progress; everything it prints is a pure function of flags and files.
//
// A command is a struct of options with a method run, which does the work and which tests call without a command line, and a
// function that fills the options from the flags: nothing else reads a cli.Context. Flags that several commands have are in
// flags.go. To add a command: options, fill, run and a function that returns the *cli.Command, its place in app (app.go), a
// script in testdata/script, an example in outputs_test.go if it writes a file; then regenerate docs/cli.md with go test ./cmd/pmpdsim -update.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/tebeka/atexit"

	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
)

// The exit statuses. One that a signal ended has 128 and the signal's number: 129 SIGHUP (the terminal is gone), 130 SIGINT,
// 131 SIGQUIT (Ctrl-\), 143 SIGTERM (a batch system takes the machine away). 134 is SIGABRT: the Go runtime has given up, which is
// our fault.
const (
	exitOK       = 0
	exitFailed   = 1 // our fault, or the machine's: the simulation failed, or the disk was full at its end
	exitUsage    = 2 // the user's: flags, files, impossible requests
	exitNoGPU    = 3 // there is no GPU, or the program was built without CUDA
	exitFailures = 4 // a sweep is complete, but some of its points have failed
	exitSignal   = 128
)

func main() {
	crashAloud()
	atexit.Exit(run(os.Args, os.Stdout, os.Stderr))
}

// run is the whole program: it returns the exit status.
func run(args []string, stdout, stderr io.Writer) (code int) {
	shown := []*visible.Writer{{Raw: stdout}, {Raw: stderr}} // nothing else writes to them, but for the progress bar
	stdout, stderr = shown[0], shown[1]
	defer func() {
		for _, w := range shown {
			_ = w.Flush() // of a command that has ended
		}
	}()
	defer func() {
		if p := recover(); p != nil {
			code = exitCode(stderr, internal(fmt.Errorf("internal error: %v; please report it with the command line", p)))
		}
	}()
	collectLess()
	ctx, stop := interruptible()
	defer stop()
	claims := files.NewClaims(ctx)
	ended := insist(ctx, claims, stderr, atexit.Exit)
	defer ended()
	a := app(stdout, stderr)
	ordered, err := reorder(a, args)
	if err == nil {
		err = a.RunContext(withClaims(ctx, claims), ordered)
	}
	if lost := shown[0].Err(); err == nil && lost != nil { // of help, whose library does not look
		err = internal(fmt.Errorf("writing the output: %w", lost))
	}
	ended()
	return exitCode(stderr, told(ctx, err, claims.Written()))
}

// failure is an error that is not the user's.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

func internal(err error) error { return failure{err} }

// exitCode prints an error, once, and returns the exit status that it means.
func exitCode(stderr io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	_, _ = fmt.Fprintf(stderr, "pmpdsim: %s\n", strings.TrimSpace(visible.Error(err)))
	if s := (signalled{}); errors.As(err, &s) {
		return s.status()
	}
	if f := (failedPoints{}); errors.As(err, &f) {
		return exitFailures
	}
	if errors.Is(err, driver.ErrNone) {
		return exitNoGPU
	}
	if f := (failure{}); errors.As(err, &f) {
		return exitFailed
	}
	return exitUsage
}

// say prints one message of the program, which is one line; nothing can be done if that fails.
func say(stderr io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintln(stderr, "pmpdsim: "+visible.Line(fmt.Sprintf(format, args...)))
}
