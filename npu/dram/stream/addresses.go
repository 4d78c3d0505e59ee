package stream

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// Limits of an address trace, beside those of its file (files.Addresses).
const (
	maxAccess = 64 * unit.KiB // of one line
	maxClock  = 1 << 40       // some 20 minutes of a DRAM
)

// Addresses is an address trace: accesses in order, each with the clock before which it does not reach a FIFO.
type Addresses struct {
	chunks [][]entry // all but the last are full
	bursts int64
	burst  int64

	Reads, Writes int64 // accesses
	Last          int64 // the latest clock that an access names
}

// entry is a line of a trace.
type entry struct {
	address int64 // of its first burst
	clock   int64
	bursts  uint16
	write   bool
}

const perChunk = 1 << 14

func (a *Addresses) add(x entry) {
	if n := len(a.chunks); n == 0 || len(a.chunks[n-1]) == perChunk {
		a.chunks = append(a.chunks, make([]entry, 0, perChunk))
	}
	last := &a.chunks[len(a.chunks)-1]
	*last = append(*last, x)
	a.bursts += int64(x.bursts)
	a.Last = max(a.Last, x.clock)
	if x.write {
		a.Writes++
	} else {
		a.Reads++
	}
}

// acceptedLine says what a line of an address trace may be.
const acceptedLine = "LD 0x1040 or ST 0x1040 (R, W), or 31: read 0x1040 (write; a length as 31: (64) read 0x1040)"

// ReadAddresses reads an address trace for channels of a standard. A line is one of
//
//	LD 0x1040           Ramulator 2.1's load-store trace: LD or ST (or R, W), and a byte address, in hexadecimal with 0x,
//	                    else decimal: the burst that holds it
//	31: read 0x1040     DRAMSys' stimuli (.stl): a cycle, read or write, and a byte address in hexadecimal; "(64)" behind
//	                    the cycle is the length in bytes: all bursts that hold some of them; data are not looked at
//
// Empty lines and lines that start with # are skipped. An access of the second form enters no FIFO before its cycle, a clock
// of the controller; one that is late goes at once. An error names the file and the line.
func ReadAddresses(name string, lines *files.Lines, s *spec.Standard, channels int) (*Addresses, error) {
	a := &Addresses{burst: int64(s.Burst)}
	most := int64(s.Most) * int64(channels)
	for {
		line, err := lines.Next()
		if err != nil && err != io.EOF {
			return nil, err
		}
		ended := err == io.EOF
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			if err := a.read(string(line), most); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", name, lines.Number(), err)
			}
		}
		if ended {
			break
		}
	}
	if a.bursts == 0 {
		return nil, fmt.Errorf("%s: holds no access; accepted: lines such as %s", name, acceptedLine)
	}
	return a, nil
}

// read reads a line. Addresses are below most.
func (a *Addresses) read(line string, most int64) error {
	x, size := entry{}, int64(1)
	words, base := strings.Fields(line), 0
	if stamp, ok := strings.CutSuffix(words[0], ":"); ok {
		n, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil || n < 0 || n > maxClock {
			return fmt.Errorf("%s is not a cycle; accepted: 0 to %d", clip(stamp), int64(maxClock))
		}
		x.clock, words, base = n, words[1:], 16
		if len(words) > 0 && strings.HasPrefix(words[0], "(") {
			text := strings.Trim(words[0], "()")
			if size, err = strconv.ParseInt(text, 10, 64); err != nil || size < 1 || size > int64(maxAccess) {
				return fmt.Errorf("%s is not a length in bytes; accepted: 1 to %d", clip(text), int64(maxAccess))
			}
			words = words[1:]
		}
	}
	if len(words) < 2 || base == 0 && len(words) > 2 {
		return fmt.Errorf("%s is not an access; accepted: %s", clip(line), acceptedLine)
	}
	switch words[0] {
	case "LD", "R", "read":
	case "ST", "W", "write":
		x.write = true
	default:
		return fmt.Errorf("%s is neither a read nor a write; accepted: %s", clip(words[0]), acceptedLine)
	}
	address, err := parseAddress(words[1], base)
	if err != nil {
		return err
	}
	if address < 0 || address > most-size {
		return fmt.Errorf("%s: beyond what the channels can hold; accepted: byte addresses below %v", clip(words[1]), unit.Bytes(most))
	}
	x.address = address / a.burst * a.burst
	x.bursts = uint16((address + size - x.address + a.burst - 1) / a.burst)
	a.add(x)
	return nil
}

// parseAddress reads a byte address. Base 0 takes 0x for hexadecimal, and decimal otherwise.
func parseAddress(text string, base int) (int64, error) {
	digits := text
	if hex, ok := strings.CutPrefix(strings.ToLower(text), "0x"); ok {
		digits, base = hex, 16
	}
	if base == 0 {
		base = 10
	}
	n, err := strconv.ParseUint(digits, base, 63)
	switch {
	case err == nil:
		return int64(n), nil
	case strings.Contains(text, ","):
		return 0, fmt.Errorf("%s is a list of channel, rank, … as Ramulator's read-write trace has it; accepted: a byte address, such as 0x1040",
			clip(text))
	}
	return 0, fmt.Errorf("%s is not a byte address; accepted: one such as 0x1040", clip(text))
}

// clip shortens text that is quoted in an error.
func clip(text string) string {
	const most = 40
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return strconv.Quote(text)
}

// player yields the bursts of an address trace.
type player struct {
	*Addresses
	chunk, index int
	given        uint16 // bursts of the access
}

// partial: accesses are of whole bursts.
func (p *player) partial() bool { return false }

func (p *player) next() (address int64, write bool, clock int64, ok bool) {
	if p.chunk == len(p.chunks) {
		return 0, false, 0, false
	}
	x := &p.chunks[p.chunk][p.index]
	address = x.address + int64(p.given)*p.burst
	if p.given++; p.given == x.bursts {
		p.given = 0
		if p.index++; p.index == len(p.chunks[p.chunk]) {
			p.chunk, p.index = p.chunk+1, 0
		}
	}
	return address, x.write, x.clock, true
}

// RunAddresses is Run for an address trace, which is never replayed.
func RunAddresses(ctx context.Context, o dram.Options, a *Addresses, progress Progress) (*Result, error) {
	r, m, err := begin(&o, unit.Bytes(a.bursts*a.burst))
	if err != nil {
		return nil, err
	}
	if progress == nil {
		progress = func(int64, int64) {}
	}
	return r.end(inject(ctx, o, &player{Addresses: a}, m, r, progress))
}

// Bursts returns how many bursts the accesses are together.
func (a *Addresses) Bursts() int64 { return a.bursts }
