package sweep

import (
	"bytes"
	"io"
	"os"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// Finish writes results.jsonl if every point has a row, and tells how many have none.
func (d *Dir) Finish() (missing int, err error) {
	rows, missing, err := d.Rows()
	if err != nil || missing > 0 {
		return missing, err
	}
	var b bytes.Buffer
	if err := writeRows(&b, rows); err != nil {
		return 0, err
	}
	if old, err := files.Read(d.File("results.jsonl"), files.Results); err == nil && bytes.Equal(old, b.Bytes()) {
		return 0, nil
	}
	return 0, replace(d.File("results.jsonl"), b.Bytes())
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

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
