package spec

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// field is one coordinate of a burst.
type field uint8

const (
	channelField field = iota
	rankField
	stackField
	groupField
	bankField
	rowField
	columnField
	fieldCount
)

var fieldNames = [fieldCount]string{"ch", "ra", "si", "bg", "ba", "ro", "co"}
var fieldWords = [fieldCount]string{"channel", "rank or pseudo channel", "stack", "bank group", "bank", "row", "column"}

// segment is a run of address bits that belongs to one field, or a remainder.
type segment struct {
	field field
	bits  uint
	ways  int64 // of a remainder, which has no bits: what it divides by
}

// Mapping says which address bits select what, least significant field first, above the bits inside a burst:
// "co2,ch2,bg2,ba2,co4,ro16". A field may appear several times, low part first. Bits above the list go to the row.
//
// Where the channels are no power of two, one part of their field is a remainder: "co3,ch%6,bg2,..." takes the address
// above the fields below, modulo 6; the fields above are those of the quotient.
//
// A channel-local address is the address with the channel field taken out. A contiguous range of addresses is a
// contiguous range of channel-local addresses on every channel (interleave.go).
type Mapping struct {
	text     string
	segments []segment // without the channel
	width    [fieldCount]uint
	hash     bool
	burst    uint // log2 of the bytes of a burst

	pieces      []piece // of the channel field, highest first; adjacent ones are merged
	channelBits uint    // of all pieces but a remainder
	divisor     int64   // of the remainder; 0: there is none
	channels    int64

	// Row blocks. Adding 1<<blockShift to a channel-local address adds blockRows to its row, and leaves group, bank and
	// column alone. With the bank hash that holds only for 1<<granuleShift and granuleRows.
	blockShift   uint
	blockRows    int64
	granuleShift uint
	granuleRows  int64

	block []Place // of every burst of block 0, before the bank hash; nil if blocks are too large
}

// maxBlock is the most entries of the table of places. maxChannels is what configurations accept, too.
const (
	maxBlock    = 1 << 14
	maxChannels = 1024
)

// ParseMapping reads a mapping. It fails if the mapping does not fit the geometry of the standard and the number of
// channels, 1 to 1024. With hash, bank bits are XORed with low row bits.
func ParseMapping(text string, s *Standard, channels int, hash bool) (*Mapping, error) {
	m := &Mapping{text: text, hash: hash, burst: Log2(int(s.Burst)), channels: 1}
	fail := func(format string, a ...any) (*Mapping, error) {
		return nil, fmt.Errorf("DRAM mapping %q: %s", text, fmt.Sprintf(format, a...))
	}
	if channels <= 0 || channels > maxChannels {
		return fail("%d channels; accepted: 1 to %d", channels, maxChannels)
	}
	position := m.burst
	for _, word := range strings.Split(text, ",") {
		seg, err := parseSegment(strings.TrimSpace(word))
		if err != nil {
			return fail("%v", err)
		}
		switch {
		case seg.field != channelField:
			m.segments = append(m.segments, seg)
		case seg.ways > 0 && m.divisor != 0:
			return fail("has two remainders, ch%%%d and ch%%%d; accepted: one, such as %q", m.divisor, seg.ways,
				channelWord(channels))
		default:
			m.addPiece(position, seg)
		}
		m.width[seg.field] += seg.bits
		position += seg.bits
	}
	if m.channels != int64(channels) {
		return fail("tells %d channels apart; accepted: %s", m.channels, channelFields(channels))
	}
	want := [fieldCount]uint{m.width[channelField], Log2(s.Ranks), Log2(max(s.Stacks, 1)), Log2(s.Groups), Log2(s.Banks),
		Log2(s.Rows), Log2(s.Columns)}
	for f := range fieldCount {
		have := m.width[f]
		switch {
		case f == rowField && have >= 1 && have <= want[f]: // the rest of the address goes to the row
		case f == rowField:
			return fail("has %d row bits; %s has 1 to %d", have, s.Name, want[f])
		case have != want[f]:
			return fail("has %d %s bits (%s); %s has %d", have, fieldWords[f], fieldNames[f], s.Name, want[f])
		}
	}
	if len(m.pieces) > maxPieces {
		return fail("has the channel field in %d pieces; at most %d are modelled", len(m.pieces), maxPieces)
	}
	m.findBlocks()
	if n := int64(1) << (m.blockShift - m.burst); n <= maxBlock {
		for i := range n {
			m.block = append(m.block, m.cut(i<<m.burst))
		}
	}
	return m, nil
}

// addPiece adds a part of the channel field above those added before.
func (m *Mapping) addPiece(shift uint, seg segment) {
	p := piece{shift: shift, local: shift - m.channelBits, bits: seg.bits, ways: seg.ways}
	if seg.ways > 0 {
		m.divisor = seg.ways
	} else {
		p.ways = 1 << seg.bits
	}
	m.channels = min(m.channels*p.ways, 2*maxChannels*maxChannels) // no overflow, however many parts there are
	m.channelBits += seg.bits
	if len(m.pieces) > 0 {
		if last := &m.pieces[0]; last.bits > 0 && p.bits > 0 && last.shift+last.bits == shift {
			last.bits += p.bits
			last.ways *= p.ways
			return
		}
	}
	m.pieces = append([]piece{p}, m.pieces...)
}

// channelWord returns the field that tells so many channels apart: ch2 of four, ch%6 of six.
func channelWord(channels int) string {
	if channels&(channels-1) == 0 {
		return fieldNames[channelField] + strconv.Itoa(int(Log2(channels)))
	}
	return remainderPrefix + strconv.Itoa(channels)
}

// channelFields says which channel fields so many channels take.
func channelFields(channels int) string {
	if channels == 1 {
		return "no channel field, for one channel"
	}
	return fmt.Sprintf("channel fields for %d, such as %s", channels, channelWord(channels))
}

// remainderPrefix begins a channel field that is a remainder: ch%6.
const remainderPrefix = "ch%"

func parseSegment(word string) (segment, error) {
	if digits, ok := strings.CutPrefix(word, remainderPrefix); ok {
		n, err := strconv.Atoi(digits)
		switch {
		case err != nil || n < 2 || n > maxChannels:
			return segment{}, fmt.Errorf("%q has no number of channels; accepted: 2 to %d, such as \"ch%%6\"", word, maxChannels)
		case n&(n-1) == 0:
			return segment{field: channelField, bits: Log2(n)}, nil // the same channels, without a division
		}
		return segment{field: channelField, ways: int64(n)}, nil
	}
	for f, name := range fieldNames {
		digits, ok := strings.CutPrefix(word, name)
		if !ok {
			continue
		}
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 || n > 40 {
			return segment{}, fmt.Errorf("%q has no number of bits; accepted: 1 to 40, such as %q", word, name+"2")
		}
		return segment{field: field(f), bits: uint(n)}, nil
	}
	return segment{}, fmt.Errorf("field %q is not known; accepted: %s, each with a number of bits, such as \"co2\"",
		word, strings.Join(fieldNames[:], " "))
}

// findBlocks finds the distances between addresses that differ in their row alone.
func (m *Mapping) findBlocks() {
	m.blockShift, m.blockRows = m.burst, 1
	last := len(m.segments) - 1
	for i, seg := range m.segments {
		if i == last && seg.field == rowField {
			break // the topmost bits are row bits: translations start right below them
		}
		m.blockShift += seg.bits
		if seg.field == rowField {
			m.blockRows <<= seg.bits
		}
	}
	m.granuleShift, m.granuleRows = m.blockShift, m.blockRows
	if m.hash { // the bank depends on the row's low bits
		for period := int64(1) << (m.width[groupField] + m.width[bankField]); m.granuleRows < period; m.granuleRows <<= 1 {
			m.granuleShift++
		}
	}
}

// Rows returns the rows [low, high) that a walk within channel-local [from, to) may visit, and base, the first row of
// the granule that holds its next burst. Two walks that are a whole number of granules apart visit the same banks and
// columns, and rows equally far from their bases.
func (m *Mapping) Rows(next, from, to int64) (base, low, high int64) {
	base = next >> m.granuleShift * m.granuleRows
	return base, from >> m.blockShift * m.blockRows, ((to-1)>>m.blockShift + 1) * m.blockRows
}

// Granule returns the bytes of channel-local addresses after which banks and columns repeat.
func (m *Mapping) Granule() int64 { return 1 << m.granuleShift }

// ChannelKey returns a text that is equal for mappings between which a single channel sees no difference.
func (m *Mapping) ChannelKey() string { return fmt.Sprintf("%+v%v", m.segments, m.hash) }

// WithoutChannels returns the text of the mapping without its channel field: that of one channel on its own.
func (m *Mapping) WithoutChannels() string {
	words := slices.DeleteFunc(strings.Split(m.text, ","), func(word string) bool {
		return strings.HasPrefix(strings.TrimSpace(word), fieldNames[channelField])
	})
	return strings.Join(words, ",")
}

// GroupRun returns how many consecutive bursts of a channel fall into one bank group.
func (m *Mapping) GroupRun() int64 { return 1 << m.below(groupField) }

// below counts the bits of a channel-local address between those of a burst and the lowest of a field.
func (m *Mapping) below(f field) (bits uint) {
	for _, seg := range m.segments {
		if seg.field == f {
			break
		}
		bits += seg.bits
	}
	return bits
}

// String returns the text that the mapping was read from.
func (m *Mapping) String() string { return m.text }

// Place is where a burst is stored in a channel.
type Place struct {
	Row    int64
	Column uint32 // in bursts
	Bank   uint8  // ((rank·stacks + stack)·groups + group)·banks + bank, from the numbers in a rank, stack, group
	Group  uint8  // (rank·stacks + stack)·groups + group
}

// Locate returns the place of a channel-local byte address.
func (m *Mapping) Locate(local int64) Place {
	if m.block == nil {
		return m.hashed(m.cut(local))
	}
	p := m.block[local>>m.burst&int64(len(m.block)-1)]
	p.Row += local >> m.blockShift * m.blockRows
	if m.hash {
		return m.hashed(p)
	}
	return p
}

// cut gathers the fields of a channel-local byte address.
func (m *Mapping) cut(local int64) Place {
	a := uint64(local) >> m.burst
	var value [fieldCount]uint64
	var filled [fieldCount]uint
	for _, seg := range m.segments {
		value[seg.field] |= (a & (1<<seg.bits - 1)) << filled[seg.field]
		filled[seg.field] += seg.bits
		a >>= seg.bits
	}
	value[rowField] |= a << filled[rowField]
	w := &m.width
	group := (value[rankField]<<w[stackField]|value[stackField])<<w[groupField] | value[groupField]
	return Place{Row: int64(value[rowField]), Column: uint32(value[columnField]), Group: uint8(group),
		Bank: uint8(group<<w[bankField] | value[bankField])}
}

// hashed applies the bank hash: group ^= low row bits, bank ^= the row bits above those.
func (m *Mapping) hashed(p Place) Place {
	if !m.hash {
		return p
	}
	g, b := m.width[groupField], m.width[bankField]
	p.Group ^= uint8(p.Row & (1<<g - 1))
	p.Bank ^= uint8(p.Row&(1<<g-1)<<b | p.Row>>g&(1<<b-1))
	return p
}

// Log2 returns the logarithm of a power of two; of another number, that of the power of two below it.
func Log2(n int) uint { return uint(bits.Len(uint(n)) - 1) }
