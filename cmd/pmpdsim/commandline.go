package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"
)

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
				words = append(words, "--"+name+" "+quoted(v))
			}
			continue
		}
		if b, ok := c.Value(name).(bool); ok && b {
			words = append(words, "--"+name)
			continue
		}
		words = append(words, "--"+name+" "+quoted(fmt.Sprint(c.Value(name))))
	}
	return strings.Join(words, " ")
}

// quoted writes a word as a shell takes it.
func quoted(word string) string {
	if regexp.MustCompile(`^[\w@%+=:,./-]+$`).MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
