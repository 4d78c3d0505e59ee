package paper

import (
	_ "embed" // the digitised figure
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/paper/rows"
	"github.com/pmpdsim/pmpdsim/workloads"
)

//go:embed pmpd_npu_fig.csv
var digitised string

// Bar is one bar of the figure.
type Bar struct {
	Panel  string // as the figure names data set and model
	Model  string
	Scheme rows.Scheme

	Published float64 // tokens/s
	Label     string  // printed above the bar: the speed-up over fp16; fp16 bars have none

	Preset    *workloads.Model
	Task      string
	Prompt    int // tokens
	Generated int
	High, Low int     // the model's pair of precisions
	Step      int     // static: the switch step
	MeanBits  float64 // learned: the average bits that the published bar implies
}

// names pairs a name in the figure with this program's name.
type names struct{ shown, ours string }

func panels() []names {
	return []names{{"CNN/DM", "cnn_dm"}, {"Dialogsum", "dialogsum"}, {"IWSLT", "iwslt"}}
}

func models() []names {
	return []names{{"Vicuna-7B", "vicuna-7b"}, {"MobileLLaMA", "mobilellama-1.4b"}, {"Phi-1.5", "phi-1.5"}}
}

func ours(all []names, shown string) (string, error) {
	for _, n := range all {
		if n.shown == shown {
			return n.ours, nil
		}
	}
	return "", fmt.Errorf("%q is not known; accepted: %s", shown, list(all))
}

// pair returns the precisions that a model switches between (command lines of the paper's scripts).
func pair(model string) (high, low int) {
	if model == "vicuna-7b" {
		return 3, 2
	}
	return 4, 3
}

// Figure returns the 32 bars in the figure's order.
func Figure() ([]Bar, error) {
	all, err := csv.NewReader(strings.NewReader(digitised)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("the digitised figure: %w", err)
	}
	column := map[string]int{}
	for i, name := range all[0] {
		column[name] = i
	}
	var bars []Bar
	for i, r := range all[1:] {
		b, err := parse(func(name string) string { return r[column[name]] })
		if err != nil {
			return nil, fmt.Errorf("the digitised figure, line %d: %w", i+2, err)
		}
		bars = append(bars, b)
	}
	return bars, nil
}

// parse reads a bar from the columns of its line.
func parse(cell func(string) string) (Bar, error) {
	b := Bar{Panel: cell("panel"), Model: cell("model"), Label: cell("printed_label")}
	var err error
	if b.Task, err = ours(panels(), b.Panel); err != nil {
		return b, err
	}
	model, err := ours(models(), b.Model)
	if err != nil {
		return b, err
	}
	if b.Preset, err = workloads.Load(model); err != nil {
		return b, err
	}
	task, err := workloads.LookupTask(b.Task)
	if err != nil {
		return b, err
	}
	b.Prompt, b.Generated = task.Prompt, task.Gen(b.Preset)
	b.High, b.Low = pair(model)
	if b.Published, err = strconv.ParseFloat(cell("value"), 64); err != nil {
		return b, err
	}
	switch text := cell("scheme"); text {
	case "fp16":
		b.Scheme = rows.FP16
	case strconv.Itoa(b.High) + "bit":
		b.Scheme = rows.Uniform
	case "Static":
		b.Scheme = rows.Static
		b.Step, err = strconv.Atoi(cell("static_h"))
	case "Learned":
		b.Scheme = rows.Learned
		b.MeanBits, err = strconv.ParseFloat(cell("implied_avg_bits_k2"), 64)
	default:
		err = fmt.Errorf("scheme %q is not known; accepted: fp16, %dbit, Static, Learned", text, b.High)
	}
	return b, err
}

// Find returns the bar of a panel, a model and a scheme. Panel and model are the figure's names or this program's.
func Find(bars []Bar, panel, model string, scheme rows.Scheme) (Bar, error) {
	for _, b := range bars {
		if (b.Panel == panel || b.Task == panel) && (b.Model == model || b.Preset.Name == model) && b.Scheme == scheme {
			return b, nil
		}
	}
	var schemes []string
	for _, s := range rows.Schemes() {
		schemes = append(schemes, string(s))
	}
	return Bar{}, fmt.Errorf("the figure has no bar %s, %s, %s; accepted: panel %s, model %s (IWSLT without %s), scheme %s",
		panel, model, scheme, list(panels()), list(models()), models()[2].shown, strings.Join(schemes, ", "))
}

// list lists both names of each.
func list(all []names) string {
	var s []string
	for _, n := range all {
		s = append(s, n.shown+" or "+n.ours)
	}
	return strings.Join(s, ", ")
}
