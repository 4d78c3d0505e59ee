//go:build !unix

package safetensors

import (
	"io"
	"os"
)

// mapFile reads a file where the standard library cannot map it.
func mapFile(f *os.File, size int64) ([]byte, error) {
	data := make([]byte, size)
	_, err := io.ReadFull(f, data)
	return data, err
}

func unmapFile([]byte) error { return nil }
