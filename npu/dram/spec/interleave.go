package spec

// maxPieces is the most pieces that the channel field of a mapping may be cut into.
const maxPieces = 8

// piece is a contiguous run of channel bits in the global byte address.
type piece struct {
	shift uint // position of its lowest bit
	bits  uint
}

// Interleave is how one channel sees the global address space: the addresses whose channel bits equal its number. A
// single channel has no levels, and Period equals Share.
type Interleave struct {
	Period int64            // bytes after which the channels repeat
	Share  int64            // bytes of a period on this channel
	bits   int64            // of the channel's number
	levels [maxPieces]level // the pieces of the channel field, highest first; the first with bits 0 ends the list
}

// level is one piece of the channel field. Of every 1<<bits runs of 1<<shift bytes the channel owns number index; of
// that run, what the levels below leave to it.
type level struct {
	shift uint8
	bits  uint8
	index uint16
}

// Local returns the number of the channel's bytes below global address a. Addresses keep their order when the channel
// bits are cut out. So a contiguous global range is a contiguous channel-local range, and Local(a + m·Period) =
// Local(a) + m·Share.
func (v *Interleave) Local(a int64) (n int64) {
	below := v.bits // channel bits of this level and those below
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

// Interleave returns how a channel sees the addresses of the mapping.
func (m *Mapping) Interleave(channel int) Interleave {
	period := m.Stripe()
	v := Interleave{Period: period, Share: period >> m.channelBits, bits: int64(m.channelBits)}
	left := m.channelBits
	for i, p := range m.pieces {
		left -= p.bits
		v.levels[i] = level{uint8(p.shift), uint8(p.bits), uint16(channel >> left & (1<<p.bits - 1))}
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
	return 1 << (m.pieces[0].shift + m.pieces[0].bits)
}

// Run returns the bytes of a stripe that are contiguous on one channel.
func (m *Mapping) Run() int64 {
	if len(m.pieces) == 0 {
		return m.Stripe()
	}
	return 1 << m.pieces[len(m.pieces)-1].shift
}

// Channels returns the number of channels.
func (m *Mapping) Channels() int64 { return 1 << m.channelBits }

// Split cuts a global address into channel and channel-local address.
func (m *Mapping) Split(address int64) (channel int, local int64) {
	for _, p := range m.pieces { // cutting bits out leaves those below where they are
		low := address & (1<<p.shift - 1)
		channel = channel<<p.bits | int(address>>p.shift&(1<<p.bits-1))
		address = address>>(p.shift+p.bits)<<p.shift | low
	}
	return channel, address
}
