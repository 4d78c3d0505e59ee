package workloads

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Shape is a model without what no simulation depends on: where it comes from, the paper's pair of precisions, and the
// published number of parameters. Results carry it.
func (m *Model) Shape() Model {
	s := *m
	s.Source, s.PaperHigh, s.PaperLow, s.Published, s.Values, s.Assumed = "", 0, 0, 0, "", ""
	return s
}

// Fingerprint returns a hash of the shape without its name and what it is a part of: equal fingerprints mean equal operators.
func (m *Model) Fingerprint() string {
	s := m.Shape()
	s.Name, s.TextOf = "", ""
	data, err := json.Marshal(s)
	if err != nil {
		panic("workloads: fingerprint: " + err.Error())
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}

// ParseShape reads the JSON of a Shape, every key of which has to be known and possible.
func ParseShape(data []byte) (*Model, error) {
	m := new(Model)
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(m); err != nil {
		return nil, fmt.Errorf("not a model: %w", err)
	}
	if err := m.Validate(); err != nil {
		return nil, err
	}
	return m, nil
}
