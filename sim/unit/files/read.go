package files

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// Read reads a whole file of a kind. Of a kind that is one JSON text it also checks how much that holds (CheckJSON).
func Read(path string, k Kind) ([]byte, error) {
	f, err := Open(path, k)
	return readAll(f, err)
}

func readAll(f *Reader, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	data, err := f.all()
	if l := f.kind.Limits(); err == nil && l.Lines == 0 && l.Depth > 0 { // else it is no JSON
		err = CheckJSON(f.path, 0, data, f.kind)
	}
	return data, err
}

// Exists reports whether there is something at a path that can be looked at.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Reader is an open file, which is read up to the limit of its kind.
type Reader struct {
	path string
	kind Kind
	file seekable
	in   io.Reader
	size int64 // of a regular file when it was opened
}

// seekable is a file that is read at any place: one of the system, or one that the program carries.
type seekable interface {
	fs.File
	io.ReaderAt
	io.Seeker
}

// Open opens a file of a kind. A file that is too large is refused at once; a device or a pipe when it has gone on for too
// long. The error of a file that is not there wraps fs.ErrNotExist.
func Open(path string, k Kind) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, suggest.File(err, k.Limits().What)
	}
	return opened(path, f, k)
}

// OpenFS opens a file among others that can be read at any place, as those that the program carries can.
func OpenFS(in fs.FS, name string, k Kind) (*Reader, error) {
	f, err := in.Open(name)
	if err != nil {
		return nil, suggest.File(err, k.Limits().What)
	}
	at, ok := f.(seekable)
	if !ok {
		_ = f.Close() // nothing was written
		return nil, suggest.File(&fs.PathError{Op: "read", Path: name, Err: errors.New("cannot be read at any place")}, k.Limits().What)
	}
	return opened(name, at, k)
}

// ReadFS is Read with OpenFS.
func ReadFS(in fs.FS, name string, k Kind) ([]byte, error) {
	f, err := OpenFS(in, name, k)
	return readAll(f, err)
}

// opened returns the Reader of a file that is open, if it is neither a folder nor too large.
func opened(path string, f seekable, k Kind) (*Reader, error) {
	l := k.Limits()
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = &fs.PathError{Op: "read", Path: path, Err: errors.New("is a directory")}
	}
	if err == nil && l.Bytes > 0 && info.Mode().IsRegular() && info.Size() > l.Bytes {
		err = l.refuse(path, 0, fmt.Sprintf("has %d bytes", info.Size()), "at most "+size(l.Bytes))
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, suggest.File(err, l.What)
	}
	return &Reader{path: path, kind: k, file: f, in: Bound(path, f, k), size: info.Size()}, nil
}

// OpenStored opens a file that the program keeps for itself, which is neither a pipe nor a device: nobody would write into one.
func OpenStored(path string, k Kind) (*Reader, error) {
	if info, err := os.Stat(path); err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		return nil, suggest.File(&fs.PathError{Op: "open", Path: path, Err: errors.New("is a pipe or a device")}, k.Limits().What)
	}
	return Open(path, k)
}

// ReadStored is Read with OpenStored.
func ReadStored(path string, k Kind) ([]byte, error) {
	f, err := OpenStored(path, k)
	return readAll(f, err)
}

// Read reads on.
func (r *Reader) Read(b []byte) (int, error) {
	n, err := r.in.Read(b)
	return n, suggest.File(err, r.kind.Limits().What)
}

// ReadAt reads at a place, whatever was read before. Where the file has been cut short since it was opened, the error says so.
func (r *Reader) ReadAt(b []byte, at int64) (int, error) {
	n, err := r.file.ReadAt(b, at)
	if n < len(b) && (err == io.EOF || err == nil) {
		err = fmt.Errorf("%s: was cut short while it was read, and had %d bytes; accepted: a file that does not change while it is read",
			r.path, r.size)
	}
	return n, err
}

// SeekTo makes Read go on at a place. The limit then is that of what follows.
func (r *Reader) SeekTo(at int64) error {
	_, err := r.file.Seek(at, io.SeekStart)
	r.in = Bound(r.path, r.file, r.kind)
	return suggest.File(err, r.kind.Limits().What)
}

// Size is that of a regular file when it was opened.
func (r *Reader) Size() int64 { return r.size }

// Path is what the file was opened by.
func (r *Reader) Path() string { return r.path }

// SHA256 returns the hash of an open regular file's bytes, in hexadecimal digits.
func (r *Reader) SHA256() (string, error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(r, 0, r.size)); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Regular reports whether the file is neither a device nor a pipe.
func (r *Reader) Regular() bool {
	info, err := r.file.Stat()
	return err == nil && info.Mode().IsRegular()
}

// Close closes the file.
func (r *Reader) Close() error { return r.file.Close() }

// all reads what is left. It asks for no more memory than the file is said to be large.
func (r *Reader) all() ([]byte, error) {
	data := make([]byte, 0, min(r.size, mib)+512)
	for {
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err == io.EOF {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
	}
}

// Bound makes a stream fail where it goes on past the bytes of its kind.
func Bound(name string, in io.Reader, k Kind) io.Reader {
	l := k.Limits()
	if l.Bytes == 0 {
		return in
	}
	return &bound{name: name, in: in, limit: l, left: l.Bytes}
}

type bound struct {
	name  string
	in    io.Reader
	limit Limit
	left  int64
}

func (b *bound) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.in.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, b.limit.refuse(b.name, 0, "goes on after "+size(b.limit.Bytes), "at most "+size(b.limit.Bytes))
	}
	return n, err
}
