package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/plots"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/study"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

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

// check finds out before a long simulation whether the picture can be drawn.
func (p picture) check() error {
	if p.path == "" {
		return nil
	}
	_, err := plots.FormatOf(p.path)
	return flagged("output", "", err)
}

// draw draws the picture, if one is asked for.
func (p picture) draw(s streams, figure plots.Figure, title string) error {
	if p.path == "" {
		return nil
	}
	format, err := plots.FormatOf(p.path)
	if err != nil {
		return flagged("output", "", err)
	}
	origin := plots.Origin{Title: title, Command: p.command, Program: program()}
	return s.save("output", p.path, func(w io.Writer) error { return plots.Write(w, figure, format, origin) })
}

// save writes a file that a flag names, all of it or nothing.
func (s streams) save(flag, path string, write func(io.Writer) error) error {
	f, err := s.files.File(path, "--"+flag)
	if err != nil {
		return flagged(flag, "", err)
	}
	if err := f.Write(write); err != nil {
		return internal(flagged(flag, "", err)) // it could be written before the work
	}
	return nil
}

// deliver writes the text that a command has worked for to a file, or to out when there is no path. Where the file cannot be
// written, the text goes to out, too, so that the work is not lost.
func (s streams) deliver(path string, write func(io.Writer) error) error {
	if path == "" {
		return s.emit(write)
	}
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return internal(err)
	}
	text := func(w io.Writer) error { _, err := w.Write(b.Bytes()); return err }
	err := s.save("output", path, text)
	if err == nil || errors.Is(err, files.ErrKept) {
		return err
	}
	s.say("note: %s could not be written; the results go to the standard output", path)
	return errors.Join(err, s.emit(text))
}

// emit writes the output of a command to out, all of it or nothing.
func (s streams) emit(write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return internal(err)
	}
	if _, err := s.out.Write(b.Bytes()); err != nil {
		return internal(fmt.Errorf("writing the output: %w", err))
	}
	return nil
}

// say prints one message.
func (s streams) say(format string, args ...any) { say(s.err, format, args...) }

// jsonLines writes one object per value, one a line.
func jsonLines[T any](w io.Writer, values []T) error {
	for _, v := range values {
		line, err := result.Encode(v)
		if err != nil {
			return err
		}
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// program names this program in what it writes.
func program() string { return "pmpdsim " + programVersion() }

// commandLine writes the command with the flags that were given, for the files that it makes. The numbers of workers and
// threads are left out: no result depends on them.
func commandLine(c *cli.Context) string {
	words := []string{c.Command.HelpName}
	for _, f := range c.Command.Flags {
		name := f.Names()[0]
		if !c.IsSet(name) || name == "workers" || name == "threads" {
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
