package controller

import "github.com/pmpdsim/pmpdsim/npu/dram/spec"

// hbmTable is a timing table and, in the same clocks, how long commands occupy their bus.
type hbmTable struct {
	spec.Timing
	actClocks    int64 // clocks that ACT occupies the row bus
	columnClocks int64 // clocks that RD or WR occupies the column bus
	halfClocks   bool  // the clock is half a CK
}

// newHBMTable checks an HBM standard and returns its table.
func newHBMTable(s *spec.Standard) (hbmTable, error) {
	return hbmTable{s.Timing, s.HBM.Activate, s.HBM.Column, s.HBM.HalfClock}, s.Validate()
}

// hbmGaps are the least clocks from the start of one command to the start of another, by scope. Pairs are indexed by
// hbmRead and hbmWrite: the kind of the first command.
type hbmGaps struct {
	actBus int64 // ACT to any row command of the channel

	// pseudo channel
	column    [2]int64 // to the next column command of the same kind
	turn      [2]int64 // to the next of the other kind
	actAct    int64
	window    int64 // first to fifth ACT
	prePre    int64 // PRE, PREA to PRE, PREA
	preRef    int64
	actRef    int64
	preAllAct int64
	refAct    int64
	refPre    int64

	actRefOther  int64 // ACT to REFpb of another bank
	bankRefRef   int64
	bankRefOther int64 // REFpb to ACT of another bank

	stacks   int64 // RD to RD of another stack identifier
	dataRead int64 // RD to its last datum

	// bank group
	groupColumn [2]int64
	groupTurn   [2]int64
	groupAct    int64
	groupActRef int64 // ACT to REFpb

	// bank
	bankAct   int64
	actColumn [2]int64
	actPre    int64
	columnPre [2]int64
	preAct    int64

	bankRefAct int64
}

// gaps derives the constraint table. JEDEC counts a parameter from the last clock of a command that takes several to
// the last clock of the next one, the controller from first to first:
//
//	ACT  a0 a1 a2                RD  r0 r1        gap = tRCD + (actClocks - 1) - (columnClocks - 1)
//	            |------ tRCD -------->|
func (t *hbmTable) gaps() hbmGaps {
	act, col := t.actClocks-1, t.columnClocks-1
	written := t.TCWL + t.TBL // WR to the end of its data
	return hbmGaps{
		actBus: t.actClocks,

		column:    [2]int64{t.TCCDS, t.TCCDSW},
		turn:      [2]int64{t.TCL + t.TBL + t.TRTRS - t.TCWL, written + t.TWTRS},
		actAct:    t.TRRDS,
		window:    t.TFAW,
		prePre:    t.TPPD,
		preRef:    t.TRP,
		actRef:    t.TRC + act,
		preAllAct: t.TRPAB - act,
		refAct:    t.TRFC - act,
		refPre:    t.TRFC,

		actRefOther:  t.TRRDS + act, // a REFpb is an activate to other banks
		bankRefRef:   t.TPBR2PB,
		bankRefOther: t.TPBR2AC - act,

		stacks:   t.TCCDR,
		dataRead: t.TCL + t.TBL,

		groupColumn: [2]int64{t.TCCDL, t.TCCDLW},
		groupTurn:   [2]int64{0, written + t.TWTRL},
		groupAct:    t.TRRDL,
		groupActRef: t.TRRDL + act,

		bankAct:   t.TRC,
		actColumn: [2]int64{t.TRCD + act - col, t.TRCDWR + act - col},
		actPre:    t.TRAS + act,
		columnPre: [2]int64{t.TRTP + col, written + t.TWR + col},
		preAct:    t.TRP - act,

		bankRefAct: t.TRFCPB - act,
	}
}
