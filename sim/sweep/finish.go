package sweep

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"io"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// Finish writes results.jsonl if every point has a row, and tells how many have none.
func (d *Dir) Finish() (missing int, err error) {
	rows, missing, err := d.Rows()
	if err != nil || missing > 0 {
		return missing, err
	}
	path := d.File("results.jsonl")
	if same, err := holds(path, rows); same || err != nil {
		return 0, err
	}
	return 0, files.Replace(path, func(w io.Writer) error {
		b := bufio.NewWriter(w)
		return errors.Join(writeRows(b, rows), b.Flush())
	})
}

// holds reports whether a file holds these rows.
func holds(path string, rows []folder.Row) (bool, error) {
	f, err := files.Open(path, files.Results)
	if err != nil {
		return false, nil // it is not there, or will be replaced
	}
	defer func() { _ = f.Close() }() // nothing was written
	want, got := sha256.New(), sha256.New()
	if err := writeRows(want, rows); err != nil {
		return false, err
	}
	if _, err := io.Copy(got, f); err != nil {
		return false, err
	}
	return bytes.Equal(want.Sum(nil), got.Sum(nil)), nil
}

func writeRows(w io.Writer, rows []folder.Row) error {
	for i := range rows {
		line, err := folder.Seal(&rows[i])
		if err != nil {
			return err
		}
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}
