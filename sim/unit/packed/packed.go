// Package packed reads files that the program carries packed with gzip, by the names that they have unpacked.
//
// # What it models
//
// Nothing: a file name.gz of a file system is opened as name. It is unpacked in memory when it is opened.
//
// # What it leaves out
//
// Directories list the packed names. Files of users: what they hold has no limit here.
//
// # Adding one more
//
// A file is packed with gzip -9n beside what it is made from, and its test holds the two against each other.
package packed

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

const ending = ".gz"

// FS returns files with those that are packed, by their names without .gz, which can be read at any place.
func FS(files fs.FS) fs.FS { return carried{files} }

type carried struct{ fs.FS }

// Open opens a file by its name, or the one that is packed under it.
func (c carried) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	info, missing := fs.Stat(c.FS, name+ending)
	if missing != nil {
		return nil, err
	}
	small, err := fs.ReadFile(c.FS, name+ending)
	if err != nil {
		return nil, err
	}
	data, err := unpack(small)
	if err != nil {
		return nil, fmt.Errorf("%s%s: %w", name, ending, err)
	}
	return unpacked{bytes.NewReader(data), unpackedInfo{info, name, int64(len(data))}}, nil
}

func unpack(small []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(small))
	if err != nil {
		return nil, err
	}
	data := make([]byte, binary.LittleEndian.Uint32(small[len(small)-4:])) // ISIZE (RFC 1952, section 2.3.1)
	if _, err := io.ReadFull(z, data); err != nil {
		return nil, err
	}
	return data, z.Close()
}

// unpacked is the file that was packed.
type unpacked struct {
	*bytes.Reader
	info unpackedInfo
}

func (u unpacked) Stat() (fs.FileInfo, error) { return u.info, nil }
func (u unpacked) Close() error               { return nil }

type unpackedInfo struct {
	fs.FileInfo
	name string
	size int64
}

func (i unpackedInfo) Name() string { return i.name }
func (i unpackedInfo) Size() int64  { return i.size }
