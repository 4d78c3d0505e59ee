package rows

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/sheet"
)

// wrote is who writes what is read here.
const wrote = "pmpdsim quality"

// Read reads the rows that quality wrote into a file of a name: JSON lines, a JSON list, or CSV. What it does not know it leaves
// out. Errors begin with the name, the line and, where one is wrong, the key.
func Read(name string, data []byte) (all []Row, err error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	r := &reader{name: name, data: data}
	switch start := bytes.TrimSpace(data); {
	case len(start) == 0:
	case start[0] == '{' || start[0] == '[':
		err = r.json()
	default:
		err = r.csv()
	}
	if err != nil {
		return nil, err
	}
	if len(r.all) == 0 {
		return nil, fmt.Errorf("%s: there are no rows; accepted: JSON or CSV that %s wrote", name, wrote)
	}
	return r.all, nil
}

// reader reads one file.
type reader struct {
	name string
	data []byte
	all  []Row
}

// at says in which line something is wrong.
func (r *reader) at(line int, err error) error { return fmt.Errorf("%s:%d: %w", r.name, line, err) }

// lineOf is the line of an offset.
func (r *reader) lineOf(offset int64) int {
	offset = min(offset, int64(len(r.data)))
	for offset < int64(len(r.data)) && strings.IndexByte(" \t\r\n,", r.data[offset]) >= 0 { // in front of the next value
		offset++
	}
	return 1 + bytes.Count(r.data[:offset], []byte("\n"))
}

// json reads objects one behind the other, in a list or not.
func (r *reader) json() error {
	d := json.NewDecoder(bytes.NewReader(r.data))
	list := bytes.TrimSpace(r.data)[0] == '['
	if list {
		if _, err := d.Token(); err != nil {
			return r.at(r.lineOf(0), errNoJSON())
		}
	}
	for list && d.More() || !list {
		line := r.lineOf(d.InputOffset())
		row, err := object(d)
		if !list && errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return r.at(line, err)
		}
		r.all = append(r.all, *row)
	}
	if _, err := d.Token(); err != nil { // the end of the list
		return r.at(r.lineOf(d.InputOffset()), errNoJSON())
	}
	return nil
}

func errNoJSON() error {
	return fmt.Errorf("this is no JSON object of a schedule, or it ends too early; accepted: what %s --format json wrote", wrote)
}

// object reads one row. io.EOF: there is no more.
func object(d *json.Decoder) (*Row, error) {
	t, err := d.Token()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err != nil || t != json.Delim('{') {
		return nil, errNoJSON()
	}
	values := map[string]string{}
	for d.More() {
		key, err := d.Token()
		text, ok := key.(string)
		if err != nil || !ok {
			return nil, errNoJSON()
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, errNoJSON()
		}
		if _, twice := values[text]; twice {
			return nil, fmt.Errorf("%q stands twice; accepted: each key once", text)
		}
		values[text] = string(value)
	}
	if _, err := d.Token(); err != nil {
		return nil, errNoJSON()
	}
	return filled(values, func(text string, f field) error {
		if text == "null" && !f.optional {
			return errKind
		}
		return json.Unmarshal([]byte(text), f.to)
	})
}

// csv reads a head and records.
func (r *reader) csv() error {
	in := csv.NewReader(bytes.NewReader(r.data))
	in.LazyQuotes = true
	var head []string
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		line := 1
		if len(record) > 0 {
			line, _ = in.FieldPos(0)
		}
		if err != nil {
			return r.at(line, fmt.Errorf("%d cells below a head of %d; accepted: CSV that %s wrote", len(record), len(head), wrote))
		}
		if head == nil {
			head = record
			continue
		}
		values := map[string]string{}
		for i, key := range head {
			values[key] = record[i]
		}
		row, err := filled(values, fromCell)
		if err != nil {
			return r.at(line, err)
		}
		r.all = append(r.all, *row)
	}
}

// fromCell reads a cell, which for what there is none of is empty.
func fromCell(text string, f field) error {
	if s, ok := f.to.(*string); ok {
		*s = sheet.Text(text)
		return nil
	}
	if text == "" && f.optional {
		return nil
	}
	if f.lists {
		return nil // no cell holds it
	}
	return json.Unmarshal([]byte(strings.TrimPrefix(text, "+")), f.to)
}
