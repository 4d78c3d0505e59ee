package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// promptsOptions are a model and the prompts that it reads side by side, cut from a text.
type promptsOptions struct {
	engine      engineOptions
	file        string // of the text
	prompts     int    // at most, unless they were asked for
	asked       bool
	prompt, gen int // tokens of each
}

func promptsFrom(c *cli.Context) promptsOptions {
	o := promptsOptions{file: c.String("text"), prompts: c.Int("prompts"), asked: c.IsSet("prompts"), prompt: c.Int("prompt"), gen: c.Int("gen")}
	o.engine = engineOptions{from: modelFolder(c.String("model")), backend: backendCPU, threads: c.Int("threads"), tokens: &o.prompt, gen: &o.gen}
	return o
}

// prompted is a model on the CPU, with prompts.
type prompted struct {
	*engine
	scorer gpu.Scorer
	texts  [][]int // prompt, and as many tokens as are generated
}

// open loads the model for some schedules, and cuts the prompts.
func (o *promptsOptions) open(ctx context.Context, s streams, schedules []precision.Schedule) (*prompted, error) {
	e, err := o.engine.find()
	if err != nil {
		return nil, err
	}
	p := &prompted{engine: e}
	if p.texts, err = o.cut(e); err == nil {
		err = e.load(ctx, s, schedules)
	}
	if err != nil {
		e.close()
		return nil, err
	}
	p.scorer = e.Backend.(gpu.Scorer) // the CPU's is one
	return p, nil
}

// cut cuts prompts from the text, evenly spread over it, with what follows each.
func (o *promptsOptions) cut(e *engine) ([][]int, error) {
	text, err := files.Read(o.file, files.Text)
	if err == nil {
		err = e.encode(string(text))
	}
	if err != nil {
		return nil, flagged("text", o.file, err)
	}
	ids, size := e.prompt, o.prompt+o.gen
	n := len(ids) / size
	if n < o.prompts && o.asked || n == 0 {
		return nil, fmt.Errorf("--text %s: its %d tokens make %d prompts of %d and %d; accepted: fewer or shorter prompts, or more text", o.file,
			len(ids), n, o.prompt, o.gen)
	}
	n = min(n, o.prompts)
	texts := make([][]int, n)
	for i := range texts {
		at := i * (len(ids) / n)
		texts[i] = ids[at : at+size]
	}
	return texts, nil
}
