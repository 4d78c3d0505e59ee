package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// completion is the flag that the shells' completion scripts append; what stands before it need not be complete.
const completion = "--generate-bash-completion"

// reorder brings arguments into the order that urfave/cli v2 needs: the commands, then the flags, then what is left. It
// alone would silently take flags after a positional argument as arguments. Unknown and repeated flags are found here,
// too, so that all of them get the same answer. "--" ends the flags.
func reorder(a *cli.App, args []string) ([]string, error) {
	if len(args) < 2 || args[len(args)-1] == completion {
		return args, nil
	}
	o := &ordering{commands: args[:1:1], below: a.Commands, seen: map[string]bool{}}
	o.known = append(slices.Clone(a.Flags), cli.HelpFlag, cli.VersionFlag)
	for rest := args[1:]; len(rest) > 0; {
		arg := rest[0]
		rest = rest[1:]
		var err error
		switch {
		case arg == "--":
			o.positionals = append(o.positionals, rest...)
			rest = nil
		case len(arg) > 1 && arg[0] == '-':
			rest, err = o.flag(arg, rest)
		default:
			err = o.argument(arg)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(o.positionals) > 0 && len(o.below) > 0 && !o.takes {
		return nil, o.unknownCommand(o.positionals[0])
	}
	ordered := append(o.commands, o.flags...)
	if len(o.positionals) > 0 {
		ordered = append(append(ordered, "--"), o.positionals...)
	}
	return ordered, nil
}

// ordering is a command line on its way.
type ordering struct {
	commands, flags, positionals []string

	takes bool           // the command reached so far takes arguments beside its subcommands
	path  string         // of the command reached so far
	below []*cli.Command // its subcommands
	known []cli.Flag     // its flags
	seen  map[string]bool
}

// argument takes a command's name, or a positional argument.
func (o *ordering) argument(arg string) error {
	if len(o.below) == 0 {
		o.positionals = append(o.positionals, arg)
		return nil
	}
	i := slices.IndexFunc(o.below, func(c *cli.Command) bool { return c.HasName(arg) })
	if i < 0 && o.takes {
		o.below = nil
		return o.argument(arg)
	}
	if i < 0 {
		return o.unknownCommand(arg)
	}
	if len(o.flags) > 0 && !o.seen["help"] { // pmpdsim --help run is the help of run
		return fmt.Errorf("%sflags stand before the command %s; accepted: after it", o.where(), arg)
	}
	c := o.below[i]
	o.commands = append(o.commands, c.Name)
	o.path += c.Name + " "
	o.takes = c.ArgsUsage != ""
	o.below, o.known = c.Subcommands, append(slices.Clone(c.Flags), cli.HelpFlag)
	return nil
}

// where starts a message.
func (o *ordering) where() string {
	if o.path == "" {
		return ""
	}
	return strings.TrimSpace(o.path) + ": "
}

func (o *ordering) unknownCommand(arg string) error {
	var names []string
	for _, c := range o.below {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return fmt.Errorf("%sunknown command %q; %s", o.where(), arg, suggest.Accepted(arg, names))
}

// flag takes a flag with its value, which may be the next argument, and returns what is left.
func (o *ordering) flag(arg string, rest []string) ([]string, error) {
	name, value, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	i := slices.IndexFunc(o.known, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 {
		return nil, o.unknownFlag(arg, name)
	}
	f := o.known[i]
	full := f.Names()[0]
	if _, repeatable := f.(*cli.StringSliceFlag); o.seen[full] && !repeatable {
		return nil, fmt.Errorf("%s%s is given twice; accepted: once", o.where(), dashes(name))
	}
	o.seen[full] = true
	o.flags = append(o.flags, arg)
	if d, ok := f.(cli.DocGenerationFlag); ok && !d.TakesValue() {
		if hasValue && value != "true" && value != "false" {
			return nil, fmt.Errorf("%s%s=%s: neither true nor false; accepted: %s, or %s=false", o.where(), dashes(name), value, dashes(name), dashes(name))
		}
		return rest, nil
	}
	if !hasValue {
		if len(rest) == 0 {
			return nil, fmt.Errorf("%sthe value of %s is missing; accepted: %s %s", o.where(), dashes(name), dashes(name), placeholder(f))
		}
		value, rest = rest[0], rest[1:]
		o.flags = append(o.flags, value)
	}
	if value == "" {
		return nil, fmt.Errorf("%sthe value of %s is empty; accepted: %s %s", o.where(), dashes(name), dashes(name), placeholder(f))
	}
	number, err := o.number(f, name, value)
	last := &o.flags[len(o.flags)-1]
	*last = strings.TrimSuffix(*last, value) + number
	return rest, err
}

// placeholder is what a flag's value is called in its help.
func placeholder(f cli.Flag) string {
	if d, ok := f.(cli.DocGenerationFlag); ok {
		if parts := strings.Split(d.GetUsage(), "`"); len(parts) == 3 {
			return parts[1]
		}
	}
	return "VALUE"
}

// number refuses what is no number, or no time, where one is due, in the words of this program, and returns other values as they are meant:
// 010 is ten, which the library would take as eight.
func (o *ordering) number(f cli.Flag, name, value string) (string, error) {
	switch f.(type) {
	case *cli.IntFlag, *cli.Int64Flag:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return value, fmt.Errorf("%s%s %s: not a number; accepted: a whole number", o.where(), dashes(name), value)
		}
		return strconv.FormatInt(n, 10), nil
	case *cli.Uint64Flag:
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			return value, fmt.Errorf("%s%s %s: not a number; accepted: a whole number from 0 on", o.where(), dashes(name), value)
		}
		return strconv.FormatUint(n, 10), nil
	case *cli.DurationFlag:
		if _, err := time.ParseDuration(value); err != nil {
			return value, fmt.Errorf("%s%s %s: not a time; accepted: a number with its unit, as in 90s or 9m", o.where(), dashes(name), value)
		}
	case *cli.Float64Flag:
		if _, err := strconv.ParseFloat(value, 64); err != nil {
			return value, fmt.Errorf("%s%s %s: not a number; accepted: a number", o.where(), dashes(name), value)
		}
	}
	return value, nil
}

func (o *ordering) unknownFlag(arg, name string) error {
	if i := slices.IndexFunc(o.below, func(c *cli.Command) bool { return hasFlag(c, name) }); i >= 0 {
		return fmt.Errorf("%sflag %s stands before its command; accepted: after it, as in %s %s", o.where(), arg, o.below[i].Name, arg)
	}
	var names, all []string
	for _, f := range o.known {
		names = append(names, f.Names()...)
		all = append(all, dashes(f.Names()[0]))
	}
	meant := suggest.Nearest(name, names)
	if meant != "" {
		meant = dashes(meant)
	}
	return fmt.Errorf("%sunknown flag %s; accepted: %s%s", o.where(), arg, strings.Join(all, ", "), suggest.Question(meant))
}

// hasFlag reports whether a command or one below it has a flag.
func hasFlag(c *cli.Command, name string) bool {
	return slices.ContainsFunc(c.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) }) ||
		slices.ContainsFunc(c.Subcommands, func(s *cli.Command) bool { return hasFlag(s, name) })
}

// dashes writes a flag's name as it stands on the command line.
func dashes(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
