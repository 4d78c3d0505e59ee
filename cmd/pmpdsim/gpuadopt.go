package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/gpu/qualify"
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/sim/unit/sample"
	"github.com/pmpdsim/pmpdsim/sim/validate"
	"github.com/pmpdsim/pmpdsim/traces"
)

func gpuAdoptCommand() *cli.Command {
	return &cli.Command{
		Name: "adopt", Usage: "take over what gpu qualify has measured into this repository", ArgsUsage: "BUNDLE",
		Description: `Reads the folder that gpu qualify has written, says what is missing in it, and makes it part of a checkout of the repository:
traces and their manifest in traces/recorded, an NPU that stands for the GPU beside them, the tables of docs/gpu.md and
docs/gpu-kernels.md, and in docs/validation.md how far simulations of that NPU are off the recorded times.

A bundle of an emulated GPU is refused: none of its times means anything. --rehearse shows what would be written and writes nothing.
A bundle that lacks steps that matter is refused, too, unless --partial says that it is known.

EXAMPLES:
   pmpdsim gpu adopt bundle --rehearse  # needs a bundle
   pmpdsim gpu adopt bundle --into path/to/checkout  # needs a bundle`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "into", Usage: "the checkout of the repository is in `DIR`", Value: "."},
			&cli.BoolFlag{Name: "rehearse", Usage: "show what would be written, of emulated bundles, too"},
			&cli.BoolFlag{Name: "partial", Usage: "take what there is, though steps are missing"},
			workersFlag(),
		},
		Action: action(func(c *cli.Context) (*gpuAdoptOptions, error) {
			return &gpuAdoptOptions{c.Args().First(), c.String("into"), c.Bool("rehearse"), c.Bool("partial"), c.Int("workers")}, nil
		}, "BUNDLE"),
	}
}

// gpuAdoptOptions are what gpu adopt was asked for.
type gpuAdoptOptions struct {
	bundle, into      string
	rehearse, partial bool
	workers           int
}

// recordedFolder is where a checkout has traces.
var recordedFolder = filepath.Join("traces", "recorded")

// adopted is a file of the checkout and what is to be in it.
type adopted struct {
	path string // in the checkout
	text []byte
}

func (o *gpuAdoptOptions) run(ctx context.Context, s streams) error {
	b, err := qualify.Read(o.bundle)
	if err != nil {
		return err
	}
	for _, m := range b.Missing() {
		s.say("note: %s: %s: %s", m.Step, m.Status, m.Reason)
	}
	if b.End == nil {
		s.say("note: the run was killed before its end")
	}
	if err := b.Usable(o.partial || o.rehearse); err != nil && (!o.rehearse || b.Info == nil) {
		return err
	}
	all, err := o.files(ctx, s, b)
	if err != nil {
		return err
	}
	var claimed []*files.File // before anything is written
	for _, a := range all {
		if o.rehearse {
			break
		}
		f, err := s.files.Writes(filepath.Join(o.into, a.path), "--into")
		if err != nil {
			return flagged("into", "", err)
		}
		claimed = append(claimed, f)
	}
	verb := "would write"
	for i, a := range all {
		if !o.rehearse {
			verb = "wrote"
			if err := claimed[i].Write(func(w io.Writer) error { _, err := w.Write(a.text); return err }); err != nil {
				return internal(err)
			}
		}
		if err := s.line("%s %s, %d bytes", verb, filepath.ToSlash(a.path), len(a.text)); err != nil {
			return internal(err)
		}
	}
	return nil
}

// files are those of the checkout that change: traces before the manifest that lists them.
func (o *gpuAdoptOptions) files(ctx context.Context, s streams, b *qualify.Bundle) ([]adopted, error) {
	recordings, notes, err := b.Recordings()
	if err != nil {
		return nil, err
	}
	said(s, notes)
	var all []adopted
	if len(recordings) > 0 {
		manifest, err := traces.ReadManifest(filepath.Join(o.into, recordedFolder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if manifest == nil {
			return nil, noCheckout(o.into, filepath.Join(recordedFolder, traces.ManifestName))
		}
		for _, r := range recordings {
			all = append(all, adopted{filepath.Join(recordedFolder, r.File), r.Text})
			r.From.Traces = []traces.Listed{r.Trace.List(r.File, "random")}
			manifest.Add(r.From)
		}
		text, err := manifest.Encode()
		if err != nil {
			return nil, internal(err)
		}
		all = append(all, adopted{filepath.Join(recordedFolder, traces.ManifestName), text})
	}
	beside := "Nothing was recorded.\n"
	npu, err := b.NPU()
	if err != nil {
		s.say("note: %v", err)
	} else {
		path := filepath.Join(recordedFolder, b.Name()+".yaml")
		all = append(all, adopted{path, []byte(npu)})
		if beside, err = o.validated(ctx, s, npu, path, recordings); err != nil {
			return nil, err
		}
	}
	for _, d := range []struct {
		path   string
		tables map[string]string
	}{{"docs/gpu.md", b.Guide()}, {"docs/gpu-kernels.md", b.Kernels()}, {"docs/validation.md", map[string]string{"recorded": beside}}} {
		path := filepath.FromSlash(d.path)
		text, err := files.ReadStored(filepath.Join(o.into, path), files.Text)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, noCheckout(o.into, path)
		}
		if err != nil {
			return nil, flagged("into", o.into, err)
		}
		filled, err := qualify.Fill(string(text), d.tables)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(o.into, path), err)
		}
		all = append(all, adopted{path, []byte(filled)})
	}
	return all, nil
}

// noCheckout says which file a folder lacks.
func noCheckout(into, path string) error {
	return fmt.Errorf("--into %s: there is no %s; accepted: a checkout of the repository", into, filepath.ToSlash(path))
}

// validated sets traces beside simulations of the NPU that stands for the GPU: a row for each, with the errors of its passes.
func (o *gpuAdoptOptions) validated(ctx context.Context, s streams, npu, path string, recordings []qualify.Recorded) (string, error) {
	cfg, err := config.Parse(path, []byte(npu))
	if err != nil {
		return "", internal(err)
	}
	text := fmt.Sprintf("`pmpdsim validate TRACE --npu %s`: how far the speed of simulated passes is off, in the median of the decode passes of each width.\n\n"+
		"| trace | prefill %% | 16 bits %% | 4 bits %% | 3 bits %% | 2 bits %% |\n|---|---|---|---|---|---|\n", filepath.ToSlash(path))
	p := newProgress(s.err, int64(len(recordings)), "traces")
	defer p.end()
	for i, r := range recordings {
		found, err := validate.Recorded(ctx, r.Trace, cfg, replay.Options{Workers: o.workers})
		if err != nil {
			return "", stoppedOr(ctx, fmt.Errorf("%s: %w", r.File, err))
		}
		off := map[int][]float64{}
		for _, pass := range found.Passes {
			key := pass.Bits
			if pass.Step == 0 {
				key = 0
			}
			off[key] = append(off[key], pass.Error)
		}
		text += "| " + r.File
		for _, key := range []int{0, 16, 4, 3, 2} {
			text += " | " + median(off[key])
		}
		text += " |\n"
		p.update(int64(i+1), int64(len(recordings)))
	}
	return text, nil
}

// median of errors, in percent; a dash: there are none.
func median(all []float64) string {
	if len(all) == 0 {
		return "-"
	}
	return fmt.Sprintf("%+.1f", sample.Median(all))
}
