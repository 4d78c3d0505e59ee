package traces

import (
	"errors"
	"io"
)

// Source yields a trace record by record: a file (Reader), a schedule (Synthetic), a machine at work.
type Source interface {
	// Header returns the header; it is known before the first record.
	Header() *Header
	// Next returns the records after the header in the order of FORMAT.md, the footer last, then io.EOF. A footer that
	// comes from no file may lack its sha256_steps: Copy, a Writer and ReadAll fill it in.
	Next() (Record, error)
}

// Copy writes the whole of src to w, which it finishes.
func Copy(w io.Writer, src Source) error {
	out, err := NewWriter(w, src.Header())
	if err != nil {
		return err
	}
	for {
		record, err := src.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return errors.Join(err, out.Abort())
		}
		if err := out.Write(record); err != nil {
			return errors.Join(err, out.Abort())
		}
	}
}
