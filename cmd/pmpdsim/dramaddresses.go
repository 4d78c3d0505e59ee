package main

import (
	"fmt"
	"path/filepath"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/dram/stream"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// readAddresses reads an address trace, which may be compressed.
func readAddresses(path string, s *spec.Standard, channels int) (*stream.Addresses, error) {
	file, err := files.Open(path, files.Addresses)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	text, err := unpacked(path, file)
	if err != nil {
		return nil, err
	}
	return stream.ReadAddresses(path, files.NewLines(path, text, files.Addresses), s, channels)
}

// what names what the job runs.
func (j *dramJob) what() (name, value string) {
	if j.addresses == nil {
		return "stream", j.stream.String()
	}
	value = fmt.Sprintf("%s, %d reads and %d writes", filepath.Base(j.trace), j.addresses.Reads, j.addresses.Writes)
	if j.addresses.Last > 0 {
		value += fmt.Sprintf(", the last no sooner than at clock %d", j.addresses.Last)
	}
	return "addresses", value
}

// row is the result as a line of JSON.
func (j *dramJob) row(r *stream.Result) stream.Row {
	row := r.Row(j.options, j.stream)
	if j.addresses != nil {
		row.Stream, row.Addresses = "", filepath.Base(j.trace)
	}
	return row
}
