package validate

import (
	_ "embed" // the measurements
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

//go:embed measured.csv
var embedded string

// Measurement is what somebody has measured on a device: a row of measured.csv.
type Measurement struct {
	File       string  // that it stands in, for errors
	Line       int     // there
	Device     string  // as the file names it; Slug is the preset's name
	Model      string  // a preset, a shape, or a folder of Options.Models
	Peak       float64 // bytes a second that the device's DRAM has at most; 0: not known
	Bits       int     // of the block weights: 2 to 8, or 16
	Group      string  // channel, codebook, 32, 64, 128: what shares a scale; empty: nothing, or not known
	Act        string  // fp16, bf16, 16, 8; empty: what the NPU has
	KVBits     int     // 0: what the NPU has
	HeadBits   int     // of lm_head; 0: what the NPU has
	Prompt     int     // tokens
	Generated  int     // tokens; 0: not known
	Batch      int     // sequences
	Context    int     // positions in the cache of the pass that stands for decode
	TTFT       float64 // seconds; 0: not measured
	Decode     float64 // tokens a second
	Confidence string  // of Peak: V, read in a source; M, from memory or assumed
	Citation   string
	Notes      string
	Excluded   string // why nothing is fitted to it, and means are told without it, too; empty: it is not excluded
}

// wrong puts the place of a measurement before an error.
func (m *Measurement) wrong(err error) error { return fmt.Errorf("%s:%d: %w", m.File, m.Line, err) }

// Slug is a device's name as presets write it: SD 8 Elite becomes sd-8-elite.
func Slug(device string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(device), func(r rune) bool { return r == ' ' || r == '_' || r == '-' }), "-")
}

// Embedded returns the measurements of measured.csv.
func Embedded() []Measurement {
	all, _, err := Read("measured.csv", []byte(embedded))
	if err != nil {
		panic("validate: embedded " + err.Error())
	}
	return all
}

// Load reads a file of measurements. ignored are its columns that are not known.
func Load(path string) (all []Measurement, ignored []string, err error) {
	data, err := files.Read(path, files.Measurements)
	if err != nil {
		return nil, nil, err
	}
	return Read(path, data)
}

// column is a column of a file of measurements.
type column struct {
	name     string
	required bool
	read     func(*Measurement, string) error // of a cell that is not empty
}

// columns are those that are read or are known to say nothing more.
func columns() []column {
	nothing := func(*Measurement, string) error { return nil }
	text := func(to func(*Measurement) *string) func(*Measurement, string) error {
		return func(m *Measurement, s string) error { *to(m) = s; return nil }
	}
	whole := func(most int, to func(*Measurement) *int) func(*Measurement, string) error {
		return func(m *Measurement, s string) (err error) { *to(m), err = number(s, most); return err }
	}
	return []column{
		{"device", true, text(func(m *Measurement) *string { return &m.Device })},
		{"soc_memory", false, nothing},
		{"peak_GBps", false, func(m *Measurement, s string) (err error) { m.Peak, err = positive(s); m.Peak *= 1e9; return err }},
		{"source_of_bandwidth", false, nothing},
		{"bandwidth_confidence", false, text(func(m *Measurement) *string { return &m.Confidence })},
		{"model", true, text(func(m *Measurement) *string { return &m.Model })},
		{"params", false, nothing},
		{"weight_bits", true, func(m *Measurement, s string) (err error) { m.Bits, err = widthOf(s); return err }},
		{"group_size", false, one(Groups(), func(m *Measurement) *string { return &m.Group })},
		{"act_bits", false, one(activations(), func(m *Measurement) *string { return &m.Act })},
		{"kv_bits", false, kvBits},
		{"lm_head_bits", false, func(m *Measurement, s string) (err error) { m.HeadBits, err = widthOf(s); return err }},
		{"prompt", true, whole(mostTokens, func(m *Measurement) *int { return &m.Prompt })},
		{"gen", false, whole(mostTokens, func(m *Measurement) *int { return &m.Generated })},
		{"batch", false, batch},
		{"context_simulated", false, whole(mostTokens, func(m *Measurement) *int { return &m.Context })},
		{"ttft_ms", false, func(m *Measurement, s string) (err error) { m.TTFT, err = positive(s); m.TTFT /= 1e3; return err }},
		{"prefill_tps", false, nil}, // after the others: it needs the prompt
		{"decode_tps", true, func(m *Measurement, s string) (err error) { m.Decode, err = positive(s); return err }},
		{"citation", false, text(func(m *Measurement) *string { return &m.Citation })},
		{"notes", false, text(func(m *Measurement) *string { return &m.Notes })},
		{"excluded", false, text(func(m *Measurement) *string { return &m.Excluded })},
	}
}

// mostTokens is max_position_embeddings at most.
const mostTokens = 1 << 22

// Groups returns the accepted values of the column group_size.
func Groups() []string {
	return slices.DeleteFunc(config.Groups(), func(g string) bool { return g == config.GroupAuto.String() })
}

func activations() []string { return []string{"fp16", "bf16", "16", "8"} }

func number(s string, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > most {
		return 0, fmt.Errorf("%q is not possible; accepted: a whole number, 1 to %d", s, most)
	}
	return n, nil
}

func positive(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || strings.ContainsAny(s, "xX_") || !(v >= 1e-9) || v > 1e15 || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is not possible; accepted: a number above 0, such as 12.5", s)
	}
	return v, nil
}

// one accepts one of some words.
func one(accepted []string, to func(*Measurement) *string) func(*Measurement, string) error {
	return func(m *Measurement, s string) error {
		if !slices.Contains(accepted, s) {
			return fmt.Errorf("%q is not known; %s", s, suggest.Accepted(s, accepted, "or nothing"))
		}
		*to(m) = s
		return nil
	}
}

func widthOf(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || (n < 2 || n > 8) && n != 16 {
		return 0, fmt.Errorf("%q is not a width of weights; accepted: 2 to 8, or 16", s)
	}
	return n, nil
}

func kvBits(m *Measurement, s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || !slices.Contains([]int{4, 8, 16}, n) {
		return fmt.Errorf("%q is not a width of the cache; accepted: 4, 8, 16, or nothing", s)
	}
	m.KVBits = n
	return nil
}

func batch(m *Measurement, s string) error {
	if s != "1" {
		return fmt.Errorf("%q sequences together are not predicted; accepted: 1, or nothing", s)
	}
	return nil
}

// mostFaults is how many faults of a file are told.
const mostFaults = 20

// Read reads the text of a file of measurements: CSV with a head. name is for errors. Each row that is wrong is told
// with its line.
func Read(name string, data []byte) (all []Measurement, ignored []string, err error) {
	if err := files.Measurements.Fits(name, len(data)); err != nil {
		return nil, nil, err
	}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(data), "\ufeff")))
	r.ReuseRecord, r.FieldsPerRecord = true, -1
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("%s: the file is empty; accepted: CSV with the columns %s, and any of %s", name,
			strings.Join(columnNames(true), ","), strings.Join(columnNames(false), ","))
	}
	if err != nil {
		return nil, nil, notCSV(name, err)
	}
	h, ignored, err := readHead(name, head)
	if err != nil {
		return nil, nil, err
	}
	var faults []error
	for len(faults) < mostFaults {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			faults = append(faults, notCSV(name, err))
			break
		}
		line, _ := r.FieldPos(0)
		m, err := h.row(record)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s:%d: %w", name, line, err))
			continue
		}
		m.File, m.Line = name, line
		all = append(all, m)
	}
	if len(all) == 0 && len(faults) == 0 {
		faults = append(faults, fmt.Errorf("%s: there is no row below the head; accepted: one row a measurement", name))
	}
	return all, ignored, errors.Join(faults...)
}

// notCSV words an error of the reader of CSV.
func notCSV(name string, err error) error {
	if at := (*csv.ParseError)(nil); errors.As(err, &at) {
		return fmt.Errorf("%s:%d: not CSV: %w; accepted: cells with commas between them, texts with commas in double quotes", name, at.Line, at.Err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// columnNames returns the columns that are needed, or the others.
func columnNames(required bool) (names []string) {
	for _, c := range columns() {
		if c.required == required {
			names = append(names, c.name)
		}
	}
	return names
}

// head is the columns of a file, in its order; nil: ignored.
type head []*column

func readHead(name string, cells []string) (h head, ignored []string, err error) {
	known := columns()
	seen := map[string]bool{}
	for i, cell := range cells {
		cell = strings.TrimSpace(cell)
		k := slices.IndexFunc(known, func(c column) bool { return c.name == cell })
		if k < 0 {
			h, ignored = append(h, nil), append(ignored, cell)
			continue
		}
		if seen[cell] {
			return nil, nil, fmt.Errorf("%s:1: column %d is %s a second time; accepted: each column once", name, i+1, cell)
		}
		seen[cell] = true
		h = append(h, &known[k])
	}
	for _, c := range known {
		if c.required && !seen[c.name] {
			return nil, nil, fmt.Errorf("%s:1: there is no column %s; accepted: a head with %s, and any of %s", name, c.name,
				strings.Join(columnNames(true), ","), strings.Join(columnNames(false), ","))
		}
	}
	return h, ignored, nil
}

// row reads a record.
func (h head) row(record []string) (Measurement, error) {
	m := Measurement{Batch: 1}
	if len(record) != len(h) {
		return m, fmt.Errorf("%d cells, the head has %d; accepted: a cell for each column, which may be empty", len(record), len(h))
	}
	prefill := 0.0
	for i, c := range h {
		if c == nil {
			continue
		}
		cell := strings.TrimSpace(record[i])
		var err error
		switch {
		case cell == "" && c.required:
			err = errors.New("empty; accepted: a value")
		case cell == "":
		case c.name == "prefill_tps":
			prefill, err = positive(cell)
		default:
			err = c.read(&m, cell)
		}
		if err != nil {
			return m, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	if m.TTFT == 0 && prefill > 0 {
		m.TTFT = float64(m.Prompt) / prefill
	}
	if m.Context == 0 { // in the middle of what is generated
		m.Context = m.Prompt + m.Generated/2
	}
	return m, nil
}
