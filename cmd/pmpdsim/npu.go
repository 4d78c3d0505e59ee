package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/study/styles"
)

// defaultNPU is simulated when none is named: a phone, which is what progressive precision was made for.
const defaultNPU = "edge-lpddr5"

// npuFlags choose an NPU.
func npuFlags() []cli.Flag { return npuFlagsOf(defaultNPU) }

// npuFlagsOf are npuFlags with another default.
func npuFlagsOf(name string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "npu", Value: name, Usage: "`NPU`: a preset (list npus) or a YAML file that changes one", TakesFile: true},
		&cli.StringSliceFlag{Name: "set", Usage: "change a key of the NPU, as in array.rows=64 (`PATH=VALUE`; config keys); repeatable"},
	}
}

// machineFlags are short forms of what is changed most.
func machineFlags() []cli.Flag {
	short := func(name, usage string) cli.Flag {
		return &cli.StringFlag{Name: name, Usage: usage, DefaultText: "the NPU's"}
	}
	return []cli.Flag{
		short("array-style", "compute `STYLE` (list styles): short for --set array.style=STYLE"),
		short("array", "`ROWSxCOLS` of the array, as in 32x32: short for --set array.rows=ROWS --set array.cols=COLS"),
		short("cores", "`N` cores that share the DRAM, each with an array of its own: short for --set cores=N"),
		short("kv-bits", "`CACHE` of keys and values, short for --set kv.bits=BITS and so on: "+kvBitsForms),
		short("fusion", "`EXTENT` of fusion, none or elementwise: short for --set fusion=EXTENT"),
		short("tiling", "instead of the search, tiles of `SPEC` such as rows=128,tokens=64,hold=weights: short for --set tiling.rows=128 and so on"),
		short("layout", "weights in DRAM: `SPEC` is one of "+config.LayoutForms+"; short for --set weights.layout, .chunk and .skew"),
		&cli.BoolFlag{Name: "iso-area", Usage: "give --array-style as many columns as fit into the area of the NPU's own array"},
	}
}

// shortForm is an assignment to a key of the NPU that a flag of its own stands for.
type shortForm struct{ flag, value, assignment string }

// String is what was written.
func (s shortForm) String() string { return "--" + s.flag + " " + s.value }

// simpleForms are the flags that stand for one key.
var simpleForms = [...][2]string{{"array-style", "array.style"}, {"cores", "cores"}, {"fusion", "fusion"}}

func shortForms(c *cli.Context) ([]shortForm, error) {
	var all []shortForm
	for _, f := range simpleForms {
		if v := c.String(f[0]); c.IsSet(f[0]) {
			all = append(all, shortForm{f[0], v, f[1] + "=" + v})
		}
	}
	if v := c.String("array"); c.IsSet("array") {
		rows, cols, ok := strings.Cut(v, "x")
		if !ok {
			return nil, fmt.Errorf("--array %q: not a size; accepted: ROWSxCOLS such as 32x32", v)
		}
		all = append(all, shortForm{"array", v, "array.rows=" + rows}, shortForm{"array", v, "array.cols=" + cols})
	}
	for _, f := range []struct {
		flag  string
		parse func(string) ([]string, error)
	}{{"layout", config.ParseLayout}, {"tiling", config.ParseTiling}, {"kv-bits", kvAssignments}} {
		if !c.IsSet(f.flag) {
			continue
		}
		spec := c.String(f.flag)
		assignments, err := f.parse(spec)
		if err != nil {
			return nil, flagged(f.flag, "", err)
		}
		for _, a := range assignments {
			all = append(all, shortForm{f.flag, spec, a})
		}
	}
	return all, nil
}

// npuOptions are the NPU that the flags of npuFlags and machineFlags choose.
type npuOptions struct {
	name    string // a preset or a file
	unnamed bool   // nobody asked for it: it is the default
	set     []string
	short   []shortForm
	isoArea bool // with another style, as many columns as fit into the area of the NPU's own array
}

// npuFrom reads the flags; a command need not have machineFlags.
func npuFrom(c *cli.Context) (npuOptions, error) {
	short, err := shortForms(c)
	return npuOptions{name: c.String("npu"), unnamed: !c.IsSet("npu"), set: c.StringSlice("set"), short: short, isoArea: c.Bool("iso-area")}, err
}

// styled reports whether a compute style was asked for.
func (o *npuOptions) styled() bool {
	return slices.ContainsFunc(o.short, func(s shortForm) bool { return s.flag == "array-style" })
}

// load returns the NPU.
func (o *npuOptions) load() (*config.Config, error) {
	if o.isoArea && !o.styled() {
		return nil, errors.New("--iso-area: there is no other style to give the area to; accepted: together with --array-style")
	}
	cfg, err := o.configured()
	if err != nil || !o.isoArea {
		return cfg, err
	}
	own, err := o.withoutStyle().configured()
	if err != nil {
		return nil, err
	}
	return own, styles.Restyle(own, cfg.Array.Style, true)
}

// withoutStyle leaves --array-style out.
func (o *npuOptions) withoutStyle() *npuOptions {
	own := *o
	own.short = slices.DeleteFunc(slices.Clone(o.short), func(s shortForm) bool { return s.flag == "array-style" })
	return &own
}

// configured applies all assignments to the preset or the file.
func (o *npuOptions) configured() (*config.Config, error) {
	cfg, err := config.Load(o.name)
	if err != nil {
		return nil, flagged("npu", o.name, err)
	}
	assignments := slices.Clone(o.set)
	for _, s := range o.short {
		assignments = append(assignments, s.assignment)
	}
	if err := cfg.SetWith(assignments, config.ReadPart); err != nil {
		return nil, o.blamed(err)
	}
	return cfg, nil
}

// blamed says in an error, or in each of those that are joined in it, what was written in place of --set.
func (o *npuOptions) blamed(err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, one := range joined.Unwrap() {
			all = append(all, o.blamed(one))
		}
		return errors.Join(all...)
	}
	text := err.Error()
	for _, s := range o.short {
		text = strings.ReplaceAll(text, "--set "+s.assignment+": ", s.String()+": ")
	}
	return errors.New(text)
}

// warnOf says what makes an NPU another one than its DRAM promises.
func (s streams) warnOf(cfg *config.Config) {
	if narrow := cfg.NarrowLinks(); narrow != "" {
		s.say("warning: %s", narrow)
	}
	s.notesOf(cfg.DRAM.Part)
}
