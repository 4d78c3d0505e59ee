package weights

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// quantiserVersion is part of what a cache knows planes by: it changes when the same values yield other planes.
const quantiserVersion = "pmpdsim quantiser 1"

// Cache is a folder of planes and codebooks by the hash of what they were made from: shape, fp16 values, sensitivities, seed and
// quantiserVersion. A matrix is a file, which is
//
//	32 bytes  the hash that is its name
//	          planes, then the codebooks from MinBits to Planes, little-endian
//	32 bytes  SHA-256 of what stands before
//
// A file appears whole or not at all, so that processes may share a folder; any may be removed at any time. One that is not as it
// was written is written anew. What the disk refuses is not kept: a cache changes no result and fails no run.
type Cache struct {
	dir  string
	note func(text string)
	full bool // nothing more is written
}

// OpenCache returns the cache in a folder, which is made when there is something to keep. What goes wrong with it is noted.
func OpenCache(dir string, note func(text string)) (*Cache, error) {
	info, err := os.Stat(dir)
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		err = at.Err
	}
	if err == nil && !info.IsDir() {
		err = errors.New("is a file")
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w; accepted: a directory, which is made if it is not there", dir, err)
	}
	return &Cache{dir: dir, note: note}, nil
}

// quantise takes a matrix's planes from the folder, or makes them and keeps them there.
func (c *Cache) quantise(m *Matrix, o QuantiseOptions) error {
	key := keyOf(m, o)
	path := filepath.Join(c.dir, hex.EncodeToString(key[:])+".planes")
	err := c.read(path, key, m)
	if err == nil {
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		c.note(fmt.Sprintf("%v; %s is quantised anew", err, m.Name))
	}
	if err := m.Quantise(o); err != nil {
		return err
	}
	c.write(path, key, m)
	return nil
}

// keyOf is the hash of what planes are made from.
func keyOf(m *Matrix, o QuantiseOptions) (key [sha256.Size]byte) {
	h := sha256.New()
	fmt.Fprintf(h, "%s\nseed %d, %d rows of %d, weighed: %t\n", quantiserVersion, max(o.Seed, MinSeed), m.Out, m.In, o.Sensitivities != nil)
	w := &wordWriter{to: h}
	put(w, m.Half)
	put(w, o.Sensitivities)
	w.flush()
	h.Sum(key[:0])
	return key
}

// write keeps a matrix, if the disk takes it.
func (c *Cache) write(path string, key [sha256.Size]byte, m *Matrix) {
	if c.full {
		return
	}
	err := os.MkdirAll(c.dir, 0o755)
	if err == nil {
		err = files.Replace(path, func(out io.Writer) error {
			sum := sha256.New()
			w := &wordWriter{to: io.MultiWriter(out, sum)}
			w.bytes(key[:])
			w.matrix(m)
			w.flush()
			if w.err != nil {
				return w.err
			}
			_, err := out.Write(sum.Sum(nil))
			return err
		})
	}
	if err != nil {
		c.full = true
		c.note(fmt.Sprintf("%v; planes are kept no longer", err))
	}
}

// read fills planes and codebooks of a matrix from a file. The error of one that is not there wraps fs.ErrNotExist.
func (c *Cache) read(path string, key [sha256.Size]byte, m *Matrix) error {
	in, err := files.OpenStored(path, files.Planes)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // nothing was written
	damaged := fmt.Errorf("%s: not as it was written", path)
	m.allocate()
	if in.Size() != 2*sha256.Size+m.bytes() {
		return damaged
	}
	r := &wordReader{from: in, sum: sha256.New()}
	if r.next(sha256.Size); string(r.piece) != string(key[:]) {
		return damaged
	}
	r.matrix(m)
	want := r.sum.Sum(nil)
	if r.next(sha256.Size); r.err != nil {
		return fmt.Errorf("%s: %w", path, r.err)
	}
	if string(r.piece) != string(want) {
		return damaged
	}
	return nil
}

// bytes are those of planes and codebooks.
func (m *Matrix) bytes() int64 {
	n := 4 * int64(len(m.Planes))
	for _, t := range m.Tables {
		n += 2 * int64(len(t))
	}
	return n
}

// wordWriter writes numbers little-endian, and keeps the first error.
type wordWriter struct {
	to    io.Writer
	piece []byte
	err   error
}

func (w *wordWriter) flush() {
	if w.err == nil {
		_, w.err = w.to.Write(w.piece)
	}
	w.piece = w.piece[:0]
}

// room is how many bytes are written and read at a time.
const room = 1 << 16

func (w *wordWriter) bytes(b []byte) {
	if w.piece = append(w.piece, b...); len(w.piece) >= room {
		w.flush()
	}
}

// put writes numbers.
func put[T uint16 | uint32 | float32](w *wordWriter, values []T) {
	for part := range slices.Chunk(values, room/4) {
		w.piece, _ = binary.Append(w.piece, binary.LittleEndian, part) // numbers of a fixed size are no error
		w.flush()
	}
}

func (w *wordWriter) matrix(m *Matrix) {
	put(w, m.Planes)
	for _, t := range m.Tables {
		put(w, t)
	}
}

// wordReader reads what a wordWriter has written, adds it to a hash, and keeps the first error.
type wordReader struct {
	from  io.Reader
	sum   hash.Hash
	piece []byte
	err   error
}

// next reads so many bytes.
func (r *wordReader) next(n int) {
	if cap(r.piece) < n {
		r.piece = make([]byte, n)
	}
	r.piece = r.piece[:n]
	if r.err == nil {
		_, r.err = io.ReadFull(r.from, r.piece)
		r.sum.Write(r.piece)
	}
}

// get reads numbers into to.
func get[T uint16 | uint32](r *wordReader, to []T) {
	for part := range slices.Chunk(to, room/4) {
		r.next(binary.Size(part))
		_, _ = binary.Decode(r.piece, binary.LittleEndian, part) // there are as many bytes
	}
}

func (r *wordReader) matrix(m *Matrix) {
	get(r, m.Planes)
	for _, to := range m.Tables {
		get(r, to)
	}
}
