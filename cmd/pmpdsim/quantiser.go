package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/tiny"
)

// noSensitivities is a --sensitivity by which all weights count alike.
const noSensitivities = "none"

// quantiserFlags say how weights become planes.
func quantiserFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "sensitivity", Usage: "weigh what quantising changes by the squared gradients in `FILE`.safetensors; none: all alike",
			DefaultText: "tiny's own; none of others", TakesFile: true},
		&cli.IntFlag{Name: "seed-bits", Usage: "cluster weights best at `BITS`, 2 or 3, and split clusters from there", Value: weights.MinSeed,
			Action: between("seed-bits", weights.MinSeed, weights.MaxSeed)},
		&cli.StringFlag{Name: "cache", Usage: "keep planes in `DIR`, and take them from there the next time", TakesFile: true},
	}
}

// quantiserNames are the flags, as a sentence has them.
func quantiserNames() string {
	var names []string
	for _, f := range quantiserFlags() {
		names = append(names, "--"+f.Names()[0])
	}
	return strings.Join(names, ", ")
}

// quantiserOptions are what they say.
type quantiserOptions struct {
	sensitivity string // a file, or none; empty: the model's own, if it has some
	seed        int    // 0: not asked for
	cache       string // a directory; empty: none
}

func quantiserFrom(c *cli.Context) quantiserOptions {
	o := quantiserOptions{sensitivity: c.String("sensitivity"), cache: c.String("cache")}
	if c.IsSet("seed-bits") {
		o.seed = c.Int("seed-bits")
	}
	return o
}

// quantise says how the weights that were opened become planes.
func (e *engine) quantise(where string) (err error) {
	q, flag := weights.Quantiser{Seed: e.quantiser.seed}, "seed-bits"
	switch from := e.quantiser.sensitivity; {
	case from == noSensitivities, from == "" && where != workloads.TinyModel:
	case from == "":
		if q.Sensitivities, err = weights.OpenSensitivitiesFS(tiny.Files(), "sensitivity.safetensors"); err != nil {
			return internal(err)
		}
	default:
		flag = "sensitivity"
		q.Sensitivities, err = weights.OpenSensitivities(from)
	}
	if err == nil && e.quantiser.cache != "" {
		q.Cache, err = weights.OpenCache(e.quantiser.cache, func(text string) { e.note("cache", text) })
		if err != nil {
			return flagged("cache", "", err)
		}
	}
	if q.Sensitivities != nil {
		e.closers = append(e.closers, q.Sensitivities)
	}
	if err == nil {
		err = weights.QuantiseBy(e.source, q)
	}
	if err == nil && q.Sensitivities != nil {
		e.sensitivitySHA, err = q.Sensitivities.SHA256()
	}
	return flagged(flag, e.quantiser.sensitivity, err)
}

// planes says how the weights became planes; empty: as they do where nobody asks for anything.
func (e *engine) planes() string {
	text := ""
	if e.quantiser.seed > weights.MinSeed {
		text = fmt.Sprintf(", from a seed of %d bits", e.quantiser.seed)
	}
	switch {
	case e.sensitivitySHA == "":
	case e.quantiser.sensitivity == "":
		text += ", by the model's own sensitivities (--sensitivity none: all weights alike)"
	default:
		text += ", by the sensitivities in " + e.quantiser.sensitivity
	}
	if text == "" {
		return ""
	}
	return "weights are quantised" + text
}
