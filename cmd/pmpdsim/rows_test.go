package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// TestRowsAreShownBeforeTheEnd: as JSON at once; as a table when the command ends, or a signal ends it, once.
func TestRowsAreShownBeforeTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	var out bytes.Buffer
	s := streams{strings.NewReader(""), &out, io.Discard, files.NewClaims(ctx)}
	rows := 0
	table := func(w io.Writer) error { _, err := fmt.Fprintf(w, "%d rows\n", rows); return err }
	one := func(r *rowsShown) error { return r.add(map[string]int{"row": rows}, func() { rows++ }) }
	j := s.showRows(ctx, "json", table)
	if err := one(j); err != nil || out.String() != "{\"row\":0}\n" || len(s.files.Written()) != 1 {
		t.Errorf("%v, %q, written %v", err, out.String(), s.files.Written())
	}
	if err := j.end(); err != nil || out.Len() != len("{\"row\":0}\n") {
		t.Errorf("%v, at the end %q", err, out.String())
	}
	out.Reset()
	u := s.showRows(ctx, "table", table)
	if err := one(u); err != nil || out.Len() > 0 {
		t.Errorf("%v, %q", err, out.String())
	}
	cancel(signalled{os.Interrupt})
	for i := range 2 { // the signal's, or this one
		if err := u.end(); err != nil || out.String() != "2 rows\n" {
			t.Errorf("%d: %v, %q", i, err, out.String())
		}
	}
	if err := one(u); err == nil || rows != 2 {
		t.Errorf("a row after the table: %v, %d rows", err, rows)
	}
	if err := s.showRows(t.Context(), "table", table).end(); err != nil || out.String() != "2 rows\n" {
		t.Errorf("no rows: %v, %q", err, out.String())
	}
	s.out = full{}
	if err := one(s.showRows(t.Context(), "json", table)); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("a full disk: %v", err)
	}
}
