package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

func TestARuntimesClassBringsItsFiguresButThoseThatAreGiven(t *testing.T) {
	const us = microsecond
	for _, c := range []struct {
		what string
		set  []string
		want Runtime
	}{
		{"nothing: as the base", nil, Runtime{Ideal, 0, 0, PrefetchProgram, 0, 0}},
		{"a class", []string{"runtime.class=per-op"}, PerOp.Default()},
		{"a class and a figure", []string{"runtime.dispatch=3us", "runtime.class=graph"},
			Runtime{Graph, 3 * us, Graph.Default().HostPerToken, Graph.Default().Prefetch, 0, 0}},
		{"all of them", []string{"runtime.class=gpu-graph", "runtime.dispatch=1us", "runtime.host_per_token=2us", "runtime.prefetch=program",
			"runtime.conversion=2GB/s", "runtime.prefill_dispatch=4us"}, Runtime{GPUGraph, us, 2 * us, PrefetchProgram, 4 * us, 2e9}},
	} {
		t.Run(c.what, func(t *testing.T) {
			n := preset(t, "pmpd-paper")
			if err := n.Set(c.set); err != nil || n.Runtime != c.want {
				t.Errorf("%v: got %+v, want %+v", err, n.Runtime, c.want)
			}
			text := "base: pmpd-paper\n"
			if len(c.set) > 0 {
				text += "runtime:\n"
			}
			for _, s := range c.set {
				text += strings.NewReplacer("runtime.", "  ", "=", ": ").Replace(s) + "\n"
			}
			read, err := Parse("x.yaml", []byte(text))
			if err != nil || read.Runtime != c.want {
				t.Errorf("%v: a file gives %+v, want %+v", err, read.Runtime, c.want)
			}
		})
	}
	t.Run("one class after the other", func(t *testing.T) {
		n := preset(t, "pmpd-paper")
		for _, s := range []string{"runtime.class=graph", "runtime.dispatch=3us", "runtime.conversion=1GB/s", "runtime.class=graph"} {
			if err := n.Set([]string{s}); err != nil {
				t.Fatal(err)
			}
		}
		if n.Runtime.Dispatch != 3*us || n.Runtime.Conversion != 1e9 {
			t.Errorf("the class that it has brings %+v", n.Runtime)
		}
		if err := n.Set([]string{"runtime.class=ideal"}); err != nil || !n.Runtime.IsZero() {
			t.Errorf("%v: %+v is not ideal", err, n.Runtime)
		}
	})
}

func TestEveryClassButIdealCosts(t *testing.T) {
	for _, c := range RuntimeClasses() {
		if d := c.Default(); d.Class != c || d.IsZero() != (c == Ideal) || (d.Dispatch == 0) != (c == Ideal) {
			t.Errorf("%s is by default %+v", c, d)
		}
	}
}

func TestAnIdealRuntimeIsLeftOutOfJSON(t *testing.T) {
	c := preset(t, "pmpd-paper")
	text := func() []byte {
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse("config.json", data)
		if err != nil || *again != *c {
			t.Errorf("%v: read back as %+v", err, again)
		}
		return data
	}
	if data := text(); bytes.Contains(data, []byte("runtime")) {
		t.Errorf("got %s", data)
	}
	c.Runtime = PerOp.Default()
	if want := fmt.Sprintf(`"runtime":{"class":"per-op","dispatch":"%v",`, c.Runtime.Dispatch); !bytes.Contains(text(), []byte(want)) {
		t.Errorf("lacks %s", want)
	}
	if bytes.Contains(text(), []byte("conversion")) {
		t.Error("a conversion that costs nothing is written")
	}
	c.Runtime.Conversion = 1e9
	if want := `"conversion":"1GB/s"`; !bytes.Contains(text(), []byte(want)) {
		t.Errorf("lacks %s", want)
	}
	c.Runtime = Runtime{Class: Graph, Dispatch: unit.Femtoseconds(5), Prefetch: PrefetchProgram}
	text()
}
