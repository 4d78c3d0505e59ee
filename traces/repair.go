package traces

import (
	"errors"
	"io"
)

// Repair writes what ReadAll left of a trace that was cut off, up to its last step, and ends it as a truncated one.
func (t *Trace) Repair(w io.Writer) error {
	out, err := NewWriter(w, t.Header)
	if err != nil {
		return err
	}
	last := 0
	for i, r := range t.Records {
		if _, ok := r.(*Switch); !ok { // a switch needs a step behind it
			last = i + 1
		}
	}
	for _, r := range t.Records[:last] {
		if err := out.Write(r); err != nil {
			return errors.Join(err, out.Abort())
		}
	}
	return out.Finish(Footer{Stop: StopTruncated})
}
