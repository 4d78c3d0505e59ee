package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/study"
)

// writeFile replaces a file at once: readers see the old one or the whole new one.
func writeFile(path string, write func(io.Writer) error) (err error) {
	if special(path) {
		return writeInto(path, write)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return unwritable(path, err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()           // the first error counts
			_ = os.Remove(f.Name()) //
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	if err = write(f); err != nil {
		return err
	}
	if err = f.Chmod(0o644); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// special tells a device, a pipe or a link, which must not be replaced by a file.
func special(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && !info.Mode().IsRegular()
}

func writeInto(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		_ = f.Close() // the first error counts
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return f.Close()
}

// writable finds out before a long simulation whether its output can be written.
func writable(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a directory; accepted: a file", path)
	}
	if special(path) {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return unwritable(path, err)
	}
	_ = f.Close() // nothing was written
	return os.Remove(f.Name())
}

// unwritable words an error of creating a file, without the temporary name that it was created under.
func unwritable(path string, err error) error {
	if at := (*os.PathError)(nil); errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("writing %s: %w; accepted: a file in a directory that can be written to", path, err)
}

// writableOutput is writable for --output, which need not be given.
func writableOutput(path string) error {
	if path == "" {
		return nil
	}
	return flagged("output", "", writable(path))
}

// picture is what --output of pictureFlag asks for; with no path nothing.
type picture struct {
	path    string
	command string // that makes it
}

// pictureFrom reads the flag.
func pictureFrom(c *cli.Context) picture {
	command := commandLine(c)
	for _, arg := range c.Args().Slice() {
		command += " " + study.Quoted(arg)
	}
	return picture{c.String("output"), command}
}

// check finds out before a long simulation whether the picture can be drawn and written.
func (p picture) check() error {
	if p.path == "" {
		return nil
	}
	_, err := plots.FormatOf(p.path)
	if err == nil {
		err = writable(p.path)
	}
	return flagged("output", "", err)
}

// draw draws the picture, if one is asked for.
func (p picture) draw(figure plots.Figure, title string) error {
	if p.path == "" {
		return nil
	}
	format, err := plots.FormatOf(p.path)
	if err != nil {
		return flagged("output", "", err)
	}
	origin := plots.Origin{Title: title, Command: p.command, Program: program()}
	return emit(nil, p.path, func(w io.Writer) error { return plots.Write(w, figure, format, origin) })
}

// emit writes the output of a command to a file, or to stdout when there is no path, all of it or nothing.
func emit(stdout io.Writer, path string, write func(io.Writer) error) error {
	if path != "" {
		return flagged("output", "", writeFile(path, write))
	}
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return internal(err)
	}
	if _, err := stdout.Write(b.Bytes()); err != nil {
		return internal(fmt.Errorf("writing the output: %w", err))
	}
	return nil
}

// emit is emit to the streams' out.
func (s streams) emit(path string, write func(io.Writer) error) error {
	return emit(s.out, path, write)
}

// say prints one message.
func (s streams) say(format string, args ...any) { say(s.err, format, args...) }

// jsonLines writes one object per value, one a line.
func jsonLines[T any](w io.Writer, values []T) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // schedules have > in them
	for _, v := range values {
		if err := e.Encode(v); err != nil {
			return err
		}
	}
	return nil
}

// program names this program in what it writes.
func program() string { return "pmpdsim " + programVersion() }

// commandLine writes the command with the flags that were given, for the files that it makes. The number of workers is
// left out: no result depends on it.
func commandLine(c *cli.Context) string {
	words := []string{c.Command.HelpName}
	for _, f := range c.Command.Flags {
		name := f.Names()[0]
		if !c.IsSet(name) || name == "workers" {
			continue
		}
		if values, ok := c.Value(name).(cli.StringSlice); ok {
			for _, v := range values.Value() {
				words = append(words, "--"+name+" "+study.Quoted(v))
			}
			continue
		}
		if b, ok := c.Value(name).(bool); ok && b {
			words = append(words, "--"+name)
			continue
		}
		words = append(words, "--"+name+" "+study.Quoted(fmt.Sprint(c.Value(name))))
	}
	return strings.Join(words, " ")
}
