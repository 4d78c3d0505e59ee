package spec

// maxPieces is the most pieces that the channel field of a mapping may be cut into.
const maxPieces = 8

// piece is a part of the channel field: a contiguous run of address bits, or a remainder. Pieces are taken off an
// address lowest first: of every ways runs of 1<<local bytes, in what the pieces below have left of the address, each
// belongs to another value of the piece.
//
//	ch2   ways 4: bits are cut out                      address = …│c c│local bits below│
//	ch%6  ways 6: the quotient takes the place of what  address = (quotient·6 + c)·2^local + bits below
//	      is above
type piece struct {
	shift uint // binary fields below, those of the channel among them, in bits; a remainder counts none
	local uint // of them, those that are no channel bits
	bits  uint // of its value; 0: a remainder
	ways  int64
}

// Interleave is how one channel sees the global address space: the addresses whose channel field equals its number. A
// single channel has no levels, and Period equals Share.
type Interleave struct {
	Period  int64            // bytes after which the channels repeat
	Share   int64            // bytes of a period on this channel
	bits    int32            // of the channel's number, without the remainder
	divisor int32            // of the remainder; 0: there is none
	levels  [maxPieces]level // the pieces of the channel field, highest first; the first with bits 0 ends the list
}

// level is one piece of the channel field. Of every 1<<bits runs of 1<<shift bytes the channel owns number index; of
// that run, what the levels below leave to it. Of a remainder, bits is remainder; above it, runs are longer by the
// divisor.
type level struct {
	shift uint8
	bits  uint8
	index uint16
}

// remainder marks the level of a remainder.
const remainder = 0xff

// Local returns the number of the channel's bytes below global address a. Addresses keep their order when the channel
// field is taken out. So a contiguous global range is a contiguous channel-local range, and Local(a + m·Period) =
// Local(a) + m·Share.
func (v *Interleave) Local(a int64) (n int64) {
	if v.divisor != 0 {
		return v.localByDivision(a)
	}
	below := int64(v.bits) // channel bits of this level and those below
	for i := range v.levels {
		l := &v.levels[i]
		if l.bits == 0 {
			break
		}
		below -= int64(l.bits)
		whole := a >> (l.shift + l.bits)
		n += whole << (int64(l.shift) - below)
		run := int64(1) << l.shift
		a = min(max(a-whole<<(l.shift+l.bits)-int64(l.index)<<l.shift, 0), run) // within the channel's own run
	}
	return n + a
}

// localByDivision is Local where a piece is a remainder.
func (v *Interleave) localByDivision(a int64) (n int64) {
	below, longer := int64(v.bits), int64(v.divisor)
	for i := range v.levels {
		l := &v.levels[i]
		if l.bits == 0 {
			break
		}
		ways := int64(v.divisor)
		if l.bits == remainder {
			longer = 1
		} else {
			below -= int64(l.bits)
			ways = 1 << l.bits
		}
		run := longer << l.shift
		whole := a / (run * ways)
		n += whole << (int64(l.shift) - below)
		a = min(max(a-whole*run*ways-int64(l.index)*run, 0), run)
	}
	return n + a
}

// Interleave returns how a channel sees the addresses of the mapping.
func (m *Mapping) Interleave(channel int) Interleave {
	period := m.Stripe()
	v := Interleave{Period: period, Share: period / m.channels, bits: int32(m.channelBits), divisor: int32(m.divisor)}
	left := int64(channel)
	for i := len(m.pieces) - 1; i >= 0; i-- {
		p := &m.pieces[i]
		l := level{uint8(p.shift), uint8(p.bits), uint16(left % p.ways)}
		if p.bits == 0 {
			l.bits = remainder
		}
		v.levels[i] = l
		left /= p.ways
	}
	return v
}

// Interleaves returns the Interleave of each channel.
func (m *Mapping) Interleaves(channels int) []Interleave {
	v := make([]Interleave, channels)
	for c := range v {
		v[c] = m.Interleave(c)
	}
	return v
}

// Stripe returns the bytes of the smallest aligned range of addresses that falls equally on all channels.
func (m *Mapping) Stripe() int64 {
	if len(m.pieces) == 0 {
		return 1 << m.burst
	}
	return m.channels << m.pieces[0].local
}

// Run returns the bytes of a stripe that are contiguous on one channel.
func (m *Mapping) Run() int64 {
	if len(m.pieces) == 0 {
		return m.Stripe()
	}
	return 1 << m.pieces[len(m.pieces)-1].local
}

// Channels returns the number of channels.
func (m *Mapping) Channels() int64 { return m.channels }

// Split cuts a global address into channel and channel-local address.
func (m *Mapping) Split(address int64) (channel int, local int64) {
	if m.divisor != 0 {
		return m.splitByDivision(address)
	}
	for i := range m.pieces { // cutting bits out leaves those below where they are
		p := &m.pieces[i]
		shift, bits := p.shift&63, p.bits&63 // less than 64, so that the compiler need not ask
		low := address & (1<<shift - 1)
		above := address >> shift
		channel = channel<<bits | int(above&(1<<bits-1))
		address = above>>bits<<shift | low
	}
	return channel, address
}

// splitByDivision is Split where a piece is a remainder.
func (m *Mapping) splitByDivision(address int64) (channel int, local int64) {
	weight := int64(1) // of the piece in the channel's number
	for i := len(m.pieces) - 1; i >= 0; i-- {
		p := &m.pieces[i]
		above, low := address>>p.local, address&(1<<p.local-1)
		quotient := above / p.ways
		channel += int((above - quotient*p.ways) * weight)
		address = quotient<<p.local | low
		weight *= p.ways
	}
	return channel, address
}
