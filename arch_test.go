// Package pmpdsim has no code of its own: this file checks the architecture of the packages below it.
package pmpdsim

import (
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// policy says what each package may import: packages of this project, and modules of others by the names in modules.
// One line per package, lowest first; every package has a line, and every line a package. A line "p+test" grants more to
// the tests of p. A grant that nobody uses fails. Data flows one way: flags, spec, jobs, steps, programs, counts, result,
// picture. The standard library is free except for the rules below.
// Changing an edge takes a record in docs/adr, not just an edit here.
const policy = `
sim/unit:
sim/unit/suggest:
sim/unit/visible:
sim/unit/sheet:
sim/unit/packed:
sim/unit/sample:     gonum
sim/unit/files:      sim/unit/suggest
sim/unit/strict:     sim/unit sim/unit/suggest yaml
npu/isa:             sim/unit
npu/stats:           sim/unit npu/isa
npu/activity:        sim/unit sim/unit/suggest npu/isa
npu/plan:            sim/unit
npu/dram/spec:       sim/unit sim/unit/suggest sim/unit/files sim/unit/strict npu/stats yaml
npu/dram/dramtest:   npu/dram/spec
npu/dram/controller: npu/stats npu/dram/spec
npu/dram/controller+test: npu/dram npu/dram/commands npu/dram/stream
npu/dram/commands:   sim/unit/suggest npu/dram/spec npu/dram/controller
npu/dram:            sim/unit npu/isa npu/stats npu/dram/spec npu/dram/controller npu/dram/commands
workloads/formats:   sim/unit sim/unit/suggest
npu/config:          sim/unit sim/unit/suggest sim/unit/files sim/unit/strict npu/dram/spec workloads/formats yaml
npu/dram/layouts:    sim/unit npu/isa npu/config npu/dram/spec
npu/dram/stream:     sim/unit sim/unit/suggest sim/unit/files npu/isa npu/stats npu/dram/spec npu/dram/controller npu/dram/commands npu/dram npu/config npu/dram/layouts errgroup
sim/engine:          sim/unit akita
sim/simtest:         sim/unit sim/engine akita cmp
sim/monitor:         sim/engine akita

npu/msg:             sim/unit npu/isa akita
npu/core:            sim/unit sim/engine npu/isa npu/activity npu/msg akita
npu/mem:             sim/unit sim/engine npu/isa npu/stats npu/activity npu/msg npu/config npu/dram akita
npu/array:           sim/unit npu/isa npu/stats npu/config
npu/vector:          sim/unit npu/isa npu/stats npu/config
npu/energy:          sim/unit npu/stats npu/config npu/dram/spec
npu:                 sim/unit sim/engine npu/isa npu/stats npu/activity npu/msg npu/config npu/core npu/mem npu/dram npu/dram/commands npu/dram/spec npu/array npu/vector akita
npu+test:            npu/compile workloads workloads/precision
workloads/gguf:      sim/unit/visible sim/unit/files
workloads/gguf+test: workloads/formats
workloads/gguf/blocks: workloads/gguf float16
workloads/gguf/blocks+test: workloads/safetensors
workloads:           sim/unit/visible sim/unit sim/unit/suggest sim/unit/files workloads/formats workloads/gguf
workloads+test:      workloads/ops
workloads/prompts:   sim/unit/files
workloads/ops:       workloads
workloads/tiny:      sim/unit/packed
workloads/tiny+test: workloads workloads/precision/classifier workloads/safetensors gpu/tokens gpu/weights
workloads/routing:   sim/unit/suggest workloads
workloads/safetensors: sim/unit/files safetensors float16
workloads/torch:     sim/unit/visible sim/unit/files workloads/safetensors
workloads/precision: sim/unit/visible sim/unit/suggest sim/unit/files sim/unit/strict workloads yaml
workloads/precision/calibrate: sim/unit/files workloads workloads/precision
workloads/precision/classifier: workloads workloads/precision workloads/safetensors workloads/tiny
npu/compile:         sim/unit npu/isa npu/plan npu/config npu/array npu/vector workloads workloads/formats workloads/ops workloads/routing workloads/precision
traces:              sim/unit/visible sim/unit/suggest sim/unit/files workloads workloads/formats workloads/precision workloads/routing zstd workloads/precision/classifier
sim/result:          sim/unit sim/unit/files sim/unit/visible npu/isa npu/stats npu/plan npu/config npu/dram/spec npu/energy
sim/timeline:        sim/unit npu/isa npu/activity protobuf
sim/timeline+test:   npu/config npu/stats workloads workloads/precision sim/result sim/replay
sim/gemm:            sim/unit npu/isa npu/stats npu/plan npu/config npu/activity npu/array npu/compile npu sim/result
sim/replay/rows:     sim/unit/sheet
sim/replay:          sim/replay/rows sim/unit npu/isa npu/stats npu/config npu/activity npu/dram/commands npu/compile npu workloads workloads/precision workloads/routing sim/result sim/timeline errgroup
sim/paper/rows:      sim/unit/sheet
sim/paper:           npu/config workloads workloads/precision sim/paper/rows sim/replay
sim/validate/rows:   sim/unit/sample sim/unit/sheet gonum
sim/validate:        sim/unit sim/unit/files sim/unit/suggest npu/config npu/stats npu/energy workloads workloads/ops workloads/precision traces sim/validate/rows sim/replay gonum
sim/validate/intervals: sim/unit/sample npu/config sim/result sim/validate
sim/validate/intervals+test: sim/validate/rows sim/unit/sheet
sim/sweep/folder:    sim/unit/files sim/result
sim/study:           sim/unit/visible sim/unit sim/unit/files sim/unit/suggest workloads/precision sim/result sim/sweep/folder
sim/rerun:           npu/config workloads workloads/precision workloads/routing traces sim/result sim/validate/intervals sim/study sim/study/machines sim/replay
sim/study/timings:   npu/config npu/dram/spec workloads workloads/precision
sim/study/styles:    npu/config npu/energy workloads workloads/precision sim/result
plots:               sim/unit/visible npu/isa sim/result pretty plot fonts image
plots/views:         gpu/eval/rows sim/replay/rows sim/unit/sheet sim/unit/visible sim/unit npu/isa npu/config npu/dram/spec npu/dram/layouts sim/result sim/paper/rows sim/validate/rows sim/study sim/study/styles sim/study/timings workloads workloads/formats workloads/precision workloads/precision/calibrate traces plots
plots/report:        sim/unit/packed sim/unit/visible sim/result sim/study plots
plots/report+test:   chromedp cdproto
gpu/weights:         sim/unit/suggest sim/unit/files workloads workloads/ops float16 errgroup workloads/gguf workloads/gguf/blocks workloads/safetensors workloads/torch
gpu/gputest:         gpu/weights workloads workloads/safetensors float16
gpu+test:            gpu/cpu
gpu:                 workloads workloads/formats workloads/ops workloads/precision traces gpu/weights workloads/precision/classifier
gpu/eval/rows:       sim/unit/sheet
gpu/eval:            sim/unit/sample workloads workloads/formats gpu/eval/rows workloads/precision workloads/precision/classifier gpu gpu/weights
gpu/eval+test:       gpu/cpu gpu/tokens workloads/tiny
gpu/learn:           workloads/formats workloads/precision workloads/precision/classifier traces gpu gpu/eval gpu/weights errgroup
gpu/learn+test:      gpu/cpu
gpu/tokens:          sim/unit/visible sim/unit/files workloads/gguf regexp2 text protobuf
gpu/kernels:         zstd
gpu/kernels/check:   gpu/kernels gpu/driver float16
gpu/kernels/timing:  gpu gpu/kernels workloads
gpu/driver:          cu
gpu/driver+test:     gpu/kernels
gpu/cpu:             sim/unit sim/unit/files workloads workloads/formats workloads/precision traces gpu gpu/weights float16 errgroup gonum vek
gpu/cpu+test:        workloads/tiny
gpu/cuda:            workloads workloads/formats workloads/precision traces gpu gpu/weights gpu/kernels gpu/driver float16
gpu/cuda+test:       gpu/cpu
gpu/bench:           workloads workloads/formats workloads/precision gpu gpu/cpu gpu/weights gpu/kernels gpu/driver gpu/cuda
gpu/qualify:         sim/unit/files sim/unit/suggest traces gpu/driver gpu/kernels zstd
sim/sweep:           sim/unit/sheet sim/unit/visible sim/unit sim/unit/files sim/unit/suggest sim/unit/strict npu/config workloads workloads/gguf workloads/precision workloads/routing traces sim/sweep/folder sim/replay errgroup yaml flock parquet
sim/sweep+test:      sim/study
sim/study/machines:  sim/unit npu/config npu/array sim/result sim/study sim/sweep
sim/cosim:           npu/config workloads/precision traces gpu sim/result sim/replay errgroup
sim/cosim+test:      workloads/precision gpu/cpu gpu/gputest
cmd/pmpdsim:         *
`

// modules are the modules of others that this project uses, by a short name.
var modules = map[string]string{
	"akita":       "github.com/sarchlab/akita/v3",
	"atexit":      "github.com/tebeka/atexit",
	"cdproto":     "github.com/chromedp/cdproto",
	"chromedp":    "github.com/chromedp/chromedp",
	"cli":         "github.com/urfave/cli/v2",
	"cmp":         "github.com/google/go-cmp",
	"cu":          "gorgonia.org/cu",
	"errgroup":    "golang.org/x/sync",
	"flock":       "github.com/gofrs/flock",
	"float16":     "github.com/x448/float16",
	"fonts":       "codeberg.org/go-fonts/liberation",
	"gonum":       "gonum.org/v1/gonum",
	"image":       "golang.org/x/image",
	"parquet":     "github.com/parquet-go/parquet-go",
	"pb":          "github.com/cheggaaa/pb/v3",
	"plot":        "gonum.org/v1/plot",
	"pretty":      "github.com/jedib0t/go-pretty/v6",
	"protobuf":    "google.golang.org/protobuf",
	"regexp2":     "github.com/dlclark/regexp2/v2",
	"rapid":       "pgregory.net/rapid",
	"safetensors": "github.com/nlpodyssey/safetensors",
	"script":      "github.com/rogpeppe/go-internal",
	"term":        "golang.org/x/term",
	"text":        "golang.org/x/text",
	"vek":         "github.com/viterin/vek",
	"yaml":        "go.yaml.in/yaml/v4",
	"zstd":        "github.com/klauspost/compress",
}

// inTests is what every test may import besides what its package reaches, directly or through others.
const inTests = "sim/simtest npu/dram/dramtest gpu/gputest cmp rapid script"

// writers are the packages that make files: one for all, and what only tests use.
const writers = "sim/unit/files sim/simtest gpu/gputest"

// simulating are the packages that simulate, or that make what is simulated. What only shows results reaches none of them:
// results are data.
const simulating = "sim/engine npu npu/core npu/mem npu/array npu/vector npu/dram npu/dram/controller npu/dram/commands npu/dram/stream npu/compile sim/replay akita"

// showing are the packages that only look at results and show them.
const showing = "npu/dram/layouts sim/sweep/folder sim/paper/rows sim/validate/rows gpu/eval/rows sim/replay/rows sim/study sim/study/styles sim/study/timings plots plots/views plots/report"

// topLevel is what may lie beside the directories of the design; names with a dot in front are free.
const topLevel = `sim npu gpu workloads traces cmd plots docs bin build
	go.mod go.sum tools.mod tools.sum Makefile README.md CHANGELOG.md CONTRIBUTING.md LICENSE NOTICE arch_test.go arch_rules_test.go arch_docs_test.go arch_words_test.go example_test.go`

const root = "github.com/pmpdsim/pmpdsim/"

func TestArchitecture(t *testing.T) {
	t.Run("the packages keep the policy", func(t *testing.T) {
		found, err := check(os.DirFS("."), policy)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(found)
		for _, f := range found {
			t.Error(f)
		}
	})
	t.Run("nothing that shows results reaches what simulates", func(t *testing.T) {
		found, err := reaches(os.DirFS("."), strings.Fields(showing), strings.Fields(simulating))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			t.Error(f)
		}
	})
	t.Run("nothing new lies at the top", func(t *testing.T) {
		entries, err := os.ReadDir(".")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(strings.Fields(topLevel), e.Name()) {
				t.Errorf("%s has no place at the top level", e.Name())
			}
		}
	})
}

// reaches returns the ways by which packages import others that they must not, directly or through others. Tests are free.
func reaches(files fs.FS, from, forbidden []string) ([]string, error) {
	t, err := read(files)
	if err != nil {
		return nil, err
	}
	imports := edges{}
	for _, s := range t.files {
		if s.test {
			continue
		}
		if imports[s.pkg] == nil {
			imports[s.pkg] = []string{}
		}
		for _, i := range s.ast.Imports {
			if p, err := strconv.Unquote(i.Path.Value); err == nil {
				if to, restricted := target(p); restricted {
					imports[s.pkg] = append(imports[s.pkg], to)
				}
			}
		}
	}
	var found []string
	for _, pkg := range from {
		if _, ok := imports[pkg]; !ok {
			found = append(found, "package "+pkg+" does not exist")
		}
		found = append(found, imports.ways(pkg, pkg, forbidden, map[string]bool{})...)
	}
	return found, nil
}

// ways follows the imports of a package, each package once, and returns the ways that end at a forbidden one.
func (e edges) ways(pkg, way string, forbidden []string, seen map[string]bool) (found []string) {
	if slices.Contains(forbidden, pkg) {
		return []string{way}
	}
	for _, to := range e[pkg] {
		if !seen[to] {
			seen[to] = true
			found = append(found, e.ways(to, way+" → "+to, forbidden, seen)...)
		}
	}
	return found
}
