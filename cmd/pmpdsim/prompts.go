package main

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/cpu"
	"github.com/pmpdsim/pmpdsim/gpu/eval"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/tiny"
)

// promptsOptions are a model and the prompts that it reads side by side, cut from a text.
type promptsOptions struct {
	engine      engineOptions
	file        string // of the text; empty: the one that tiny has not seen
	between     bool   // the pieces of the text between those that a quality run of as many takes
	prompts     int    // at most
	prompt, gen int    // tokens of each
}

func promptsFrom(c *cli.Context) promptsOptions {
	o := promptsOptions{file: c.String("text"), prompts: c.Int("prompts"), prompt: c.Int("prompt"), gen: c.Int("gen")}
	o.engine = engineOptions{from: modelFolder(c.String("model")), weights: modelFolder(c.String("weights")), seed: c.Int64("seed"), backend: cmp.Or(c.String("backend"), backendCPU), threads: c.Int("threads"), tokens: &o.prompt, gen: &o.gen,
		quantiser: quantiserFrom(c)}
	return o
}

// check refuses a model that has no text where none is given.
func (o *promptsOptions) check() error {
	if o.file == "" && o.engine.from != workloads.TinyModel {
		return fmt.Errorf("--text is missing: only %s has a text of its own; accepted: a file of text that the model has not learned", workloads.TinyModel)
	}
	return nil
}

// prompted is a model, with prompts.
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
	if p.texts, err = o.cut(e, s); err == nil {
		err = e.load(ctx, s, schedules)
	}
	if err != nil {
		e.close()
		return nil, err
	}
	p.scorer = e.Backend.(gpu.Scorer) // all are
	return p, nil
}

// cut cuts prompts from the text, with what follows each. The caches of those that run side by side have to fit.
func (o *promptsOptions) cut(e *engine, s streams) ([][]int, error) {
	var text []byte
	var err error
	if o.file == "" {
		text, err = fs.ReadFile(tiny.Files(), "heldout.txt")
	} else {
		text, err = files.Read(o.file, files.Text)
	}
	if err == nil && !utf8.Valid(text) {
		err = fmt.Errorf("%s: not UTF-8, first at byte %d; accepted: a text in UTF-8", o.file, wellFormed(text))
	}
	if err == nil {
		e.tokenizer, err = e.openTokenizer()
	}
	if err != nil {
		return nil, flagged("text", o.file, err)
	}
	all, err := o.pieces(string(text), e.tokenizer.Encode)
	if err != nil {
		return nil, flagged("text", o.file, err)
	}
	if len(all) == 0 && o.between {
		return nil, fmt.Errorf("--text %s: it has no prompt of %d tokens and %d behind it between the %d that quality takes; accepted: fewer prompts, or "+
			"more text", o.file, o.prompt, o.gen, o.prompts)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("--text %s: it makes no prompt of %d tokens and %d behind it; accepted: shorter prompts, or more text", o.file,
			o.prompt, o.gen)
	}
	if len(all) < o.prompts {
		s.say("note: the text makes %d prompts of %d tokens and %d behind each, not %d", len(all), o.prompt, o.gen, o.prompts)
	}
	if e.backend != backendCPU {
		return all, nil // a GPU says what fits when it has the weights
	}
	return all, flagged("prompts", "", cpu.Fits(e.model, o.prompt+o.gen, min(len(all), eval.MostTogether), e.cache))
}

// pieces are those of the text, or those between them.
func (o *promptsOptions) pieces(text string, encode func(string) ([]int, error)) ([][]int, error) {
	if o.between {
		return eval.Between(text, encode, o.prompt+o.gen, o.prompts)
	}
	return eval.Texts(text, encode, o.prompt+o.gen, o.prompts)
}

// wellFormed is how many bytes of a text are UTF-8 before the first that are not.
func wellFormed(text []byte) int {
	at := 0
	for at < len(text) {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}
