package main

import (
	"strings"
	"testing"
)

func TestReorder(t *testing.T) {
	for _, c := range []struct{ name, args, want string }{
		{"flags before and after arguments", "trace info F --format json", "trace info --format json -- F"},
		{"a value that looks like a flag", "run --npu -x", "run --npu -x"},
		{"two dashes end the flags", "trace info --format json -- -F", "trace info --format json -- -F"},
		{"a value behind an equals sign", "run --prompt=3 --schedule=static:4>3@2", "run --prompt=3 --schedule=static:4>3@2"},
		{"numbers are decimal", "run --prompt 010 --gen=08 --batch +2", "run --prompt 10 --gen=8 --batch 2"},
		{"a flag of the command below", "config show --npu x", "config show --npu x"},
		{"help before the command", "--help run", "run --help"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := reorder(app(nil, nil), append([]string{"pmpdsim"}, strings.Fields(c.args)...))
			if g := strings.Join(got[min(1, len(got)):], " "); err != nil || g != c.want {
				t.Errorf("%q (%v), want %q", g, err, c.want)
			}
		})
	}
}
