package main

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// rowsShown shows the rows of a command that takes long: as JSON each at once, as a table when the command ends. A command that
// fails or is interrupted has shown what it knew.
type rowsShown struct {
	mu    sync.Mutex
	s     streams
	json  bool
	table func(io.Writer) error // of what was kept
	some  bool                  // there are rows
	over  bool
}

// showRows begins. A signal ends it.
func (s streams) showRows(ctx context.Context, format string, table func(io.Writer) error) *rowsShown {
	r := &rowsShown{s: s, json: format == "json", table: table}
	context.AfterFunc(ctx, func() { _ = r.end() }) // what cannot be written then is lost with the process
	return r
}

// add shows a row. It is kept for the table by the function, which does not run beside the table.
func (r *rowsShown) add(row any, keep func()) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return context.Canceled
	}
	keep()
	first := !r.some
	r.some = true
	if !r.json {
		return nil
	}
	line, err := result.Encode(row)
	if err != nil {
		return internal(err)
	}
	if _, err := r.s.out.Write(line); err != nil {
		return internal(fmt.Errorf("writing the output: %w", err))
	}
	if first {
		r.s.files.Wrote("rows on the standard output")
	}
	return nil
}

// end shows the table, unless there is nothing in it.
func (r *rowsShown) end() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over || r.json || !r.some {
		r.over = true
		return nil
	}
	r.over = true
	err := r.s.emit(r.table)
	if err == nil {
		r.s.files.Wrote("a table on the standard output")
	}
	return err
}

// rowsOf reads the rows of files, one file behind the other.
func rowsOf[T any](paths []string, read func(name string, data []byte) ([]T, error)) (all []T, err error) {
	for _, path := range paths {
		data, err := files.Read(path, files.Results)
		if err != nil {
			return nil, err
		}
		some, err := read(path, data)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}
