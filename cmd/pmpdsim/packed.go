package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// This file compresses and decompresses texts that can be large: traces of DRAM.

// packed compresses what is written for a file whose name ends in .zst or .gz. Close ends the stream, not the file.
func packed(path string, w io.Writer) (io.WriteCloser, error) {
	switch {
	case strings.HasSuffix(path, ".zst"):
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1)) // one goroutine: the same bytes each time
	case strings.HasSuffix(path, ".gz"):
		return gzip.NewWriter(w), nil
	}
	return unpackedWriter{w}, nil
}

type unpackedWriter struct{ io.Writer }

func (unpackedWriter) Close() error { return nil }

// unpacked decompresses what starts as zstd or gzip does.
func unpacked(name string, in io.Reader) (io.Reader, error) {
	raw := bufio.NewReaderSize(in, 64<<10)
	magic, err := raw.Peek(4)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20))
		if err != nil {
			return nil, fmt.Errorf("%s: starting the zstd decoder: %w", name, err)
		}
		return broken{name, z}, nil
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(raw)
		if err != nil {
			return nil, brokenStream(name, err)
		}
		return broken{name, z}, nil
	}
	return raw, nil
}

// broken names the file of a stream that cannot be decompressed.
type broken struct {
	name string
	in   io.Reader
}

func (b broken) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	if err != nil && err != io.EOF {
		err = brokenStream(b.name, err)
	}
	return n, err
}

func brokenStream(name string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the stream is cut off")
	}
	return fmt.Errorf("%s: cannot be decompressed: %w; accepted: a text, or one that zstd or gzip has compressed", name, err)
}
