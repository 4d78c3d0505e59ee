package qualify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// grace is how long a process that was told to end has for it: a recording writes its footer.
const grace = 5 * time.Second

// mostSaid is how much of what one step says goes into the log.
const mostSaid = 1 << 20

// skip is the error of a step that cannot be tried here.
type skip struct{ why string }

func (s skip) Error() string { return s.why }

// tail keeps the end of what a process says, for the reason of its failure.
type tail struct{ text []byte }

func (t *tail) Write(b []byte) (int, error) {
	const most = 4 << 10
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-most):]
	return len(b), nil
}

// reason is the program's message, or the last line.
func (t *tail) reason() string {
	all := strings.Split(strings.TrimSpace(string(t.text)), "\n")
	for i := len(all) - 1; i >= 0; i-- {
		if said, ok := strings.CutPrefix(all[i], "pmpdsim: "); ok && !strings.HasPrefix(said, "note: ") {
			return said
		}
	}
	return all[len(all)-1]
}

// process runs a program until it ends, or until the context does: then it is told to, and killed with all that it has started
// after the grace. Its standard output goes by lines to a file of the bundle, or into the log; what it says goes into the log.
func (r *runner) process(ctx context.Context, rows string, env []string, command ...string) error {
	path, err := exec.LookPath(command[0])
	if err != nil {
		return skip{command[0] + " is not here"}
	}
	cmd := exec.CommandContext(ctx, path, command[1:]...) //nolint:gosec // this program, or a tool that a step names
	cmd.Env = append(append(os.Environ(), r.env...), env...)
	var last tail
	said := 0
	log := &lines{to: func(text []byte) error {
		if said += len(text); said > mostSaid {
			return nil
		}
		r.wrote[Log] = true
		return r.bundle.append(Log, text)
	}}
	out := log
	wroteRows := false // by another goroutine than the log
	if rows != "" {
		out = &lines{to: func(text []byte) error {
			wroteRows = true
			return r.bundle.append(rows, text)
		}}
	}
	cmd.Stdout, cmd.Stderr = out, writers{log, &last}
	apart(cmd)
	cmd.Cancel = func() error { return interrupt(cmd) }
	cmd.WaitDelay = grace
	err = cmd.Run()
	killAll(cmd)
	if wroteRows {
		r.wrote[rows] = true
	}
	if len(log.rest) > 0 {
		_ = r.bundle.append(Log, append(log.rest, '\n')) // an error has ended the run
	}
	exit := (*exec.ExitError)(nil)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit):
		return failed{exit.ExitCode(), last.reason(), err}
	}
	return err
}

// failed is the error of a process that ended with a status.
type failed struct {
	status int
	reason string
	cause  error
}

func (f failed) Error() string {
	if f.reason == "" {
		return f.cause.Error()
	}
	return f.reason
}

// writers are both written to, whatever becomes of the first.
type writers struct {
	log  *lines
	last *tail
}

func (w writers) Write(b []byte) (int, error) {
	_, _ = w.last.Write(b)
	return w.log.Write(b)
}

// heading is what stands in the log above what a step says.
func heading(name string, command []string) []byte {
	return fmt.Appendf(nil, "\n== %s: %s\n", name, strings.Join(command, " "))
}

// output is what a program prints, for steps that look at it.
func (r *runner) output(ctx context.Context, command ...string) ([]byte, error) {
	path, err := exec.LookPath(command[0])
	if err != nil {
		return nil, skip{command[0] + " is not here"}
	}
	var out bytes.Buffer
	var last tail
	cmd := exec.CommandContext(ctx, path, command[1:]...) //nolint:gosec // a tool that a step names
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), r.env...), &out, &last
	apart(cmd)
	cmd.WaitDelay = grace
	err = cmd.Run()
	killAll(cmd)
	if err != nil && last.reason() != "" {
		err = errors.New(last.reason())
	}
	return out.Bytes(), err
}
