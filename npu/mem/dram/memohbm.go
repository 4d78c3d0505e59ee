package dram

import "github.com/pmpdsim/pmpdsim/npu/stats"

var _ stepper = (*hbmStepper)(nil)

// hbmStepper lets the memo step an HBM channel. Its frames are packed.
type hbmStepper struct{ *hbmLane }

func (h *hbmStepper) freeze(names *rowCoder) string {
	var s hbmState
	h.hbmLane.freeze(&s, names)
	return s.pack()
}

func (h *hbmStepper) thaw(frame string, base int64, foreign []int64, ranks int, feeding bool) {
	s := unpackHBM(frame)
	h.hbmLane.thaw(&s, base, foreign, ranks, feeding)
}

func (h *hbmStepper) stretch(cur *cursor, write bool, over func(*cursor, bool) bool) {
	f := hbmFeed{cursor: *cur, write: write}
	f.place = h.mapping.locate(f.next())
	for blocked := h.feed(&f); f.left > 0; blocked = h.feed(&f) {
		h.advance(blocked, never)
		if over(&f.cursor, h.refreshed) {
			break
		}
	}
	*cur = f.cursor
}

func (h *hbmStepper) learnt() (int64, *stats.DRAM, []mark) { return h.clock, &h.counts, h.done }
