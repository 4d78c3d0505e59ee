package sweep

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/result"
)

// Comparison is what differs between two sets of results: in what went in, and in what came out.
type Comparison struct {
	Pairs   int      `json:"pairs"`  // points that both have
	OnlyA   int      `json:"only_a"` // without a counterpart, or without a result
	OnlyB   int      `json:"only_b"` //
	Inputs  []Change `json:"inputs"`
	Outcome []Metric `json:"outcome"`
	Bound   []Change `json:"bound_by,omitempty"` // what decode waits for
}

// Change is an input that is A's in one set and B's in the other.
type Change struct {
	Key   string `json:"key"`
	A     string `json:"a"`
	B     string `json:"b"`
	Pairs int    `json:"pairs"` // for which it is so
}

// Metric is one number of the results, over all pairs.
type Metric struct {
	Name  string  `json:"metric"`
	A     float64 `json:"a"`     // geometric means over the pairs
	B     float64 `json:"b"`     //
	Ratio float64 `json:"ratio"` // B/A
	Least float64 `json:"least"` // of the pairs' B/A
	Most  float64 `json:"most"`  //
}

// side is one point of a set that is compared.
type side struct {
	Row
	keys map[string]string // of its NPU, where they are known
}

// Compare compares two directories of sweeps, files of their rows, or results of pmpdsim run --format json. Points that are
// called alike are compared; where no two are, the NPU's name does not count; and two single results are compared anyhow.
func Compare(a, b string) (*Comparison, error) {
	as, err := sides(a)
	if err != nil {
		return nil, err
	}
	bs, err := sides(b)
	if err != nil {
		return nil, err
	}
	names := []func(*side) string{(*side).name, (*side).nameWithoutNPU}
	if len(as) == 1 && len(bs) == 1 {
		names = []func(*side) string{func(*side) string { return "" }}
	}
	for _, name := range names {
		if pairs := match(as, bs, name); len(pairs) > 0 {
			c := compared(pairs)
			c.OnlyA, c.OnlyB = len(as)-len(pairs), len(bs)-len(pairs)
			return c, nil
		}
	}
	return nil, fmt.Errorf("%s and %s have no result in common; accepted: results of the same models, lengths, batches, schedules and axes", a, b)
}

// name is what a point is called by.
func (s *side) name() string { return s.NPU + "\n" + s.nameWithoutNPU() }

func (s *side) nameWithoutNPU() string {
	return fmt.Sprintf("%s\n%s\n%s\n%d+%d\n%d\n%s\n%s", s.Model, s.Task, s.Trace, s.Prompt, s.Generated, s.Batch, s.Schedule, labels(s.Axes))
}

// sides reads what is to be compared, without points that failed.
func sides(path string) ([]side, error) {
	rows, err := rowsOrResults(path)
	if err != nil {
		return nil, err
	}
	keys := map[string]map[string]string{}
	if d, err := Open(path); err == nil {
		if keys, err = d.keys(); err != nil {
			return nil, err
		}
	}
	var all []side
	for _, r := range rows {
		if r.Result != nil {
			all = append(all, side{r, keys[r.Fingerprint]})
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s has no results", path)
	}
	return all, nil
}

// rowsOrResults takes what pmpdsim run writes for rows, too.
func rowsOrResults(path string) ([]Row, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		rows, _, err := Rows(path)
		return rows, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(data, []byte(`{"fingerprint"`)) {
		return readRows(path)
	}
	var rows []Row
	for line := range bytes.Lines(data) {
		r := new(result.Result)
		if err := strict(line, r); err != nil || r.Config == "" {
			return nil, fmt.Errorf("%s:%d: no result: %v; accepted: what pmpdsim run --format json or pmpdsim sweep writes", path, len(rows)+1, err)
		}
		rows = append(rows, Row{NPU: r.NPU, Model: r.Model, Task: r.Task, Prompt: r.PromptTokens, Generated: r.GeneratedTokens, Batch: r.Batch,
			Schedule: r.Schedule, Result: r})
	}
	return rows, nil
}

// keys are the values of every key of the NPUs of a sweep, by the points' fingerprints.
func (d *Dir) keys() (map[string]map[string]string, error) {
	points, err := d.spec(d.plan.Version)
	if err != nil {
		return nil, err
	}
	all := map[string]map[string]string{}
	for _, p := range points {
		values := map[string]string{}
		for _, k := range config.Keys() {
			values[k.Path], _ = p.Config.Get(k.Path)
		}
		all[p.Fingerprint] = values
	}
	return all, nil
}

// match pairs points whose names are equal and occur once on each side.
func match(as, bs []side, name func(*side) string) [][2]*side {
	byName := map[string][]*side{}
	for i := range bs {
		byName[name(&bs[i])] = append(byName[name(&bs[i])], &bs[i])
	}
	seen := map[string]int{}
	for i := range as {
		seen[name(&as[i])]++
	}
	var pairs [][2]*side
	for i := range as {
		if n := name(&as[i]); seen[n] == 1 && len(byName[n]) == 1 {
			pairs = append(pairs, [2]*side{&as[i], byName[n][0]})
		}
	}
	return pairs
}

func compared(pairs [][2]*side) *Comparison {
	c := &Comparison{Pairs: len(pairs)}
	inputs, bound := map[Change]int{}, map[Change]int{}
	for _, p := range pairs {
		a, b := inputsOf(p[0]), inputsOf(p[1])
		if p[0].keys != nil && p[1].keys != nil {
			delete(a, fingerprintOfNPU)
		}
		for k := range a {
			if other, both := b[k]; both && a[k] != other {
				inputs[Change{Key: k, A: a[k], B: other}]++
			}
		}
		if x, y := p[0].Result.BoundBy, p[1].Result.BoundBy; x != y {
			bound[Change{Key: "bound_by", A: x, B: y}]++
		}
	}
	c.Inputs, c.Bound = counted(inputs), counted(bound)
	for _, m := range metrics() {
		if x, ok := m.over(pairs); ok {
			c.Outcome = append(c.Outcome, x)
		}
	}
	return c
}

// fingerprintOfNPU speaks for keys that are not known.
const fingerprintOfNPU = "npu (fingerprint)"

// inputsOf are what a result depends on.
func inputsOf(s *side) map[string]string {
	r := s.Result
	all := map[string]string{"version": r.Version, "model": s.Model, "task": s.Task, "prompt": fmt.Sprint(s.Prompt), "gen": fmt.Sprint(s.Generated),
		"batch": fmt.Sprint(s.Batch), "schedule": s.Schedule, "npu": s.NPU, "trace": r.TraceSHA256, fingerprintOfNPU: r.Config}
	maps.Copy(all, s.keys)
	if s.keys != nil {
		for _, k := range []string{"name", "description", "source"} {
			delete(all, k)
		}
	}
	return all
}

func counted(n map[Change]int) []Change {
	var all []Change
	for c, pairs := range n {
		c.Pairs = pairs
		all = append(all, c)
	}
	slices.SortFunc(all, func(x, y Change) int {
		return cmp.Or(strings.Compare(x.Key, y.Key), y.Pairs-x.Pairs, strings.Compare(x.A, y.A), strings.Compare(x.B, y.B))
	})
	return all
}

// metric is a number of a result that two are compared by.
type metric struct {
	name string
	of   func(*result.Result) float64
}

func metrics() []metric {
	return []metric{
		{"tokens_per_second", func(r *result.Result) float64 { return r.TokensPerSecond }},
		{"ttft_seconds", func(r *result.Result) float64 { return r.TTFTSeconds }},
		{"tpot_seconds", func(r *result.Result) float64 { return r.TPOTSeconds }},
		{"avg_weight_bits", func(r *result.Result) float64 { return r.AvgWeightBits }},
		{"dram_bytes_per_token", func(r *result.Result) float64 { return r.DRAMBytesPerToken }},
		{"dram_efficiency", func(r *result.Result) float64 { return r.DRAMEfficiency }},
		{"row_hit_rate", func(r *result.Result) float64 { return r.RowHitRate }},
		{"array_utilisation", func(r *result.Result) float64 { return r.ArrayUtilisation }},
		{"energy_joules_per_token", func(r *result.Result) float64 { return r.EnergyPerToken }},
		{"area_mm2", func(r *result.Result) float64 { return r.AreaMM2 }},
	}
}

// over is the metric over the pairs in which both have one.
func (m metric) over(pairs [][2]*side) (Metric, bool) {
	x := Metric{Name: m.name, Least: math.Inf(1), Most: math.Inf(-1)}
	n, logA, logB := 0.0, 0.0, 0.0
	for _, p := range pairs {
		a, b := m.of(p[0].Result), m.of(p[1].Result)
		if a <= 0 || b <= 0 {
			continue
		}
		n, logA, logB = n+1, logA+math.Log(a), logB+math.Log(b)
		x.Least, x.Most = min(x.Least, b/a), max(x.Most, b/a)
	}
	if n == 0 {
		return x, false
	}
	x.A, x.B = math.Exp(logA/n), math.Exp(logB/n)
	if n == 1 { // no rounding by logarithms
		for _, p := range pairs {
			if a, b := m.of(p[0].Result), m.of(p[1].Result); a > 0 && b > 0 {
				x.A, x.B = a, b
			}
		}
	}
	x.Ratio = min(max(x.B/x.A, x.Least), x.Most) // rounding must not take it out of the range
	return x, true
}
