package rows

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/pmpdsim/pmpdsim/sim/unit/sheet"
)

// wrote is who writes what is read here.
const wrote = "run --per-pass"

// Read reads the rows of a file of a name, which is JSON lines or CSV. Keys that it does not know it leaves out. Errors
// begin with the name and the line.
func Read(name string, data []byte) (all []Row, err error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch start := bytes.TrimSpace(data); {
	case bytes.HasPrefix(data, []byte("PAR1")):
		return nil, fmt.Errorf("%s: this is Parquet; accepted: the same rows as .jsonl or .csv", name)
	case len(start) > 0 && start[0] == '{':
		all, err = readLines(name, data)
	case len(start) > 0:
		all, err = readCSV(name, data)
	}
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("%s: there are no rows; accepted: JSON lines or CSV of %s", name, wrote)
	}
	return all, err
}

// readLines reads a row a line.
func readLines(name string, data []byte) (all []Row, err error) {
	line := 0
	for text := range bytes.Lines(data) {
		line++
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		var keys map[string]json.RawMessage
		if json.Unmarshal(text, &keys) != nil {
			return nil, fmt.Errorf("%s:%d: this is no JSON object; accepted: lines of %s", name, line, wrote)
		}
		values := map[string]string{}
		for key, value := range keys {
			values[key] = string(value)
			if s := ""; len(value) > 0 && value[0] == '"' && json.Unmarshal(value, &s) == nil {
				values[key] = s
			}
		}
		if all, err = appendRow(all, name, line, values); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// readCSV reads records below a head.
func readCSV(name string, data []byte) (all []Row, err error) {
	in := csv.NewReader(bytes.NewReader(data))
	head, err := in.Read()
	for err == nil {
		var record []string
		if record, err = in.Read(); err != nil {
			break
		}
		values := map[string]string{}
		for i, key := range head {
			values[key] = sheet.Text(record[i])
		}
		line, _ := in.FieldPos(0)
		all, err = appendRow(all, name, line, values)
	}
	if wrong := (*csv.ParseError)(nil); errors.As(err, &wrong) {
		return nil, fmt.Errorf("%s:%d: %w; accepted: CSV of %s", name, wrong.Line, wrong.Err, wrote)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return all, err
}

// appendRow appends the row of the texts of its keys.
func appendRow(all []Row, name string, line int, values map[string]string) ([]Row, error) {
	var r Row
	for _, f := range r.fields() {
		text, there := values[f.key]
		if !there {
			return nil, fmt.Errorf("%s:%d: %s is missing; accepted: rows of %s", name, line, f.key, wrote)
		}
		if f.optional && (text == "" || text == "null") {
			continue
		}
		if err := f.parse(text); err != nil {
			return nil, fmt.Errorf("%s:%d: %s: %.40q; accepted: %s", name, line, f.key, text, f.accepted)
		}
	}
	return append(all, r), nil
}

// field is a key of a row that figures need, and how its text is read.
type field struct {
	key, accepted string
	optional      bool
	parse         func(text string) error
}

var errOutside = errors.New("outside")

// fields are the keys of r that are read.
func (r *Row) fields() []field {
	word := func(key string, to *string) field {
		return field{key, "a name", false, func(text string) error {
			if *to = text; text == "" {
				return errOutside
			}
			return nil
		}}
	}
	whole := func(key string, to *int, least int) field {
		const most = 1 << 30
		return field{key, fmt.Sprintf("a whole number from %d to %d", least, most), false, func(text string) (err error) {
			if *to, err = strconv.Atoi(text); err == nil && (*to < least || *to > most) {
				err = errOutside
			}
			return err
		}}
	}
	number := func(key string, to *float64, least, most float64) field {
		return field{key, fmt.Sprintf("a number from %g to %g", least, most), false, func(text string) (err error) {
			if *to, err = strconv.ParseFloat(text, 64); err == nil && !(*to >= least && *to <= most) {
				err = errOutside
			}
			return err
		}}
	}
	rate := new(float64)
	hits := number("row_hit_rate", rate, 0, 1)
	hits.optional = true
	seconds := number("seconds", &r.Seconds, math.SmallestNonzeroFloat64, 1e12)
	seconds.accepted = "a number above 0, up to 1e+12"
	parse := hits.parse
	hits.parse = func(text string) error { r.RowHits = rate; return parse(text) }
	return []field{
		word("npu", &r.NPU), word("model", &r.Model), word("schedule", &r.Schedule), whole("batch", &r.Batch, 1), whole("pass", &r.Pass, 0),
		whole("position", &r.Position, 0), number("weight_bits", &r.WeightBits, 1, 16), seconds,
		{"dram_bytes", "a whole number, 0 or more", false, func(text string) (err error) {
			if r.Bytes, err = strconv.ParseInt(text, 10, 64); err == nil && r.Bytes < 0 {
				err = errOutside
			}
			return err
		}},
		number("energy_joules", &r.Joules, 0, 1e12), hits, word("bound_by", &r.BoundBy),
		{"exact", "true or false", false, func(text string) (err error) { r.Exact, err = strconv.ParseBool(text); return err }},
	}
}
