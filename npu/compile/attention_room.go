package compile

import "github.com/pmpdsim/pmpdsim/sim/unit"

// A part of the scratchpad, the room, is set aside for attention. Half of it holds what a block of queries adds up, and
// the queries where they come from DRAM; the other half holds the scores of chunks of the context.

// queryBlock is how many queries are worked on at a time: all of them if half of the room holds their partial results
// (fp32, beside scores for at least 64 positions), else as many as do, in equal blocks. Where they come from DRAM they
// lie there, too, and scores are for two chunks of as many positions as the array has columns.
func (b *builder) queryBlock() int {
	heads := b.headsOf(b.cores() - 1) // the last core has most
	each := max(4*heads*b.resultDim(), 2*max(64, b.cfg.KV.Keys().Span())*heads)
	if b.promptInDRAM() {
		each = max(heads*(4*b.resultDim()+2*b.queryDim()), 2*2*b.cfg.Array.Cols*heads)
	}
	n := max(1, int(b.attentionRoom())/2/each)
	blocks := (b.rows + n - 1) / n
	return (b.rows + blocks - 1) / blocks
}

// chunkOf is how many positions are worked on at a time: all of them if the other half of the room holds their scores,
// else as many as let it hold the scores of two chunks; of a prompt in DRAM what the array takes at once, behind which the softmax
// follows.
func (b *builder) chunkOf(s *span, rectangles int) int {
	room := int(b.attentionRoom()) / 2
	each := 2 * s.queries() * b.headsOf(s.core)
	n := s.positions()
	if rectangles > 1 || each*n > room {
		n = max(1, room/2/each)
	}
	if row := b.widest(s.core); b.promptInDRAM() && row > 0 && n < s.positions() {
		n = max(1, min(n, int(max(b.tile, b.cfg.Scratchpad.Size/8)/row))) // of several tiles, if they are smaller
		if whole := max(b.cfg.Array.Cols, int(b.image.stripe/row)); n > whole {
			n = n / whole * whole // whole folds of the array, and stripes
		}
	}
	if b.absorbs() {
		n = max(1, min(n, int(latentRoom(b.cfg)/2/b.latents().span())))
	}
	if k := b.keys(s.core); n < s.positions() {
		n = max(k.whole(n), k.Span())
	}
	return n
}

// widest is what a position takes of the keys, or of the values, whichever is more: of keys in spans their share, rounded up.
func (b *builder) widest(core int) unit.Bytes {
	k, v := b.keys(core), b.values(core)
	span := unit.Bytes(k.Span())
	return max((k.span()+span-1)/span, v.span())
}

// promptInDRAM reports whether the activations of a prefill lie in DRAM.
func (b *builder) promptInDRAM() bool { return b.spill && !b.decode }

// attentionRoom is the part of the scratchpad set aside for attention scores and partial results.
func (b *builder) attentionRoom() unit.Bytes {
	if b.promptInDRAM() {
		return b.room
	}
	return scoreBytes(b.cfg)
}
