package folder

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
)

// A line of a plan, a shard or results.jsonl ends with a checksum over what stands before it in the line, CRC-32C in
// hexadecimal, as in {"fingerprint":"9f…","error":"…","sum":"0b1c2d3e"}. So a line that was changed, or of which a part
// was lost, is not taken for what the program has written.

// sumKey and sumSize are what the checksum begins with, and how long it is with all that ends a line.
const (
	sumKey  = `,"sum":"`
	sumSize = len(sumKey) + 8 + len(`"}`)
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Seal writes a value, which is an object of at least one field, as a line with a checksum.
func Seal(v any) ([]byte, error) {
	line, err := Encode(v)
	if err != nil {
		return nil, err
	}
	line = bytes.TrimSuffix(line, []byte("}\n"))
	return append(line, fmt.Sprintf("%s%08x\"}\n", sumKey, crc32.Checksum(line, castagnoli))...), nil
}

// errSum is the error of a line whose checksum is not that of its text.
var errSum = errors.New("is not as it was written: its checksum differs")

// Unseal returns a line without its checksum, and whether it had one. A wrong checksum is an error.
func Unseal(line []byte) (text []byte, sealed bool, err error) {
	line = bytes.TrimRight(line, "\r\n")
	at := len(line) - sumSize
	if at < 0 || !bytes.HasPrefix(line[at:], []byte(sumKey)) || !bytes.HasSuffix(line, []byte(`"}`)) {
		return line, false, nil
	}
	if got := string(line[at+len(sumKey) : len(line)-len(`"}`)]); got != fmt.Sprintf("%08x", crc32.Checksum(line[:at], castagnoli)) {
		return nil, true, errSum
	}
	return append(bytes.Clone(line[:at]), '}'), true, nil
}
