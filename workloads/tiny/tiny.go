package tiny

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
)

//go:embed config.json generation_config.json tokenizer.json tokenizer_config.json model.safetensors sensitivity.safetensors.gz heldout.txt learned.safetensors
var embedded embed.FS // read only

// packed ends the name of a file that is kept smaller.
const packed = ".gz"

// Files returns the model's files by their names. What is packed is unpacked when it is opened, by its name without .gz.
func Files() fs.FS { return carried{embedded} }

type carried struct{ fs.FS }

// Open opens a file, which can be read at any place.
func (c carried) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	info, missing := fs.Stat(c.FS, name+packed)
	if missing != nil {
		return nil, err
	}
	small, err := fs.ReadFile(c.FS, name+packed)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(small))
	if err != nil {
		return nil, err
	}
	data := make([]byte, binary.LittleEndian.Uint32(small[len(small)-4:])) // ISIZE (RFC 1952, section 2.3.1)
	if _, err := io.ReadFull(z, data); err != nil {
		return nil, err
	}
	return unpacked{bytes.NewReader(data), unpackedInfo{info, name, int64(len(data))}}, nil
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
