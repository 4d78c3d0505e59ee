package controller

import "github.com/pmpdsim/pmpdsim/npu/dram/spec"

// busGaps are the least clocks from the first clock of one command to the first of another, by scope.
type busGaps struct {
	severalClocks bool // some command takes more than one

	// channel: the command to any other
	actBus, columnBus, preBus int64

	// rank
	readRead, readWrite, writeRead, writeWrite int64

	dataRead   int64 // RD to the end of its data
	readWCK    int64 // RD to the stop of WCK
	writeWCK   int64
	actAct     int64
	window     int64 // first to fifth ACT
	prePre     int64 // PRE, PREA to PRE, PREA
	preAllAct  int64
	preRef     int64
	actRef     int64
	refAct     int64
	refRef     int64 // REF to REF, PREA
	bankRefRef int64
	bankRefAll int64
	// REFpb to ACT of another bank
	bankRefOther int64

	// another rank
	otherReadRead, otherReadWrite, otherWriteRead, otherWriteWrite int64

	// bank group
	groupReadRead, groupWriteRead, groupWriteWrite, groupActAct int64
	groupWriteMasked                                            int64 // WR to a WR that reads, modifies and writes

	// bank
	bankActAct, actColumn, actPre, readPre, writePre, preAct, bankRefAct int64
	writeMasked                                                          int64 // WR to masked WR
}

// newBusGaps derives the gaps. JEDEC counts a parameter from the last clock of a command that takes several to the last
// clock of the next one, the controller from first to first: see hbmTable.gaps. As in Ramulator 2.1, data are counted
// from the first clock of their command.
func newBusGaps(s *spec.Standard) busGaps {
	t := &s.Timing
	act, col, pre := s.Commands.Activate-1, s.Commands.Column-1, s.Commands.Precharge-1
	data := max(t.TBL, t.TBLMin)                      // to the end of a burst's data
	read, written := t.TCL+t.TDQSCK+data, t.TCWL+data // to the end of the data
	return busGaps{
		severalClocks: act+col+pre > 0,
		actBus:        s.Commands.Activate,
		columnBus:     s.Commands.Column,
		preBus:        s.Commands.Precharge,

		readRead:   max(t.TBL, t.TCCDS),
		readWrite:  read + t.TRTRS - t.TCWL,
		writeRead:  written + t.TWTRS,
		writeWrite: max(t.TBL, t.TCCDSW),

		dataRead:     read,
		readWCK:      read + t.TWCKPST,
		writeWCK:     written + t.TWCKPST,
		actAct:       t.TRRDS,
		window:       t.TFAW,
		prePre:       t.TPPD,
		preAllAct:    t.TRPAB + pre - act,
		preRef:       t.TRP,
		actRef:       t.TRC + act - pre,
		refAct:       t.TRFC + pre - act,
		refRef:       t.TRFC,
		bankRefRef:   t.TPBR2PB,
		bankRefAll:   t.TRFCPB,
		bankRefOther: t.TPBR2AC + pre - act,

		otherReadRead:   data + t.TCS,
		otherReadWrite:  read + t.TCS - t.TCWL,
		otherWriteRead:  written + t.TCS - t.TCL,
		otherWriteWrite: data + t.TCS,

		groupReadRead:   t.TCCDL,
		groupWriteRead:  t.TCWL + t.TBLMax + t.TWTRL,
		groupWriteWrite: t.TCCDLW,
		groupActAct:     t.TRRDL,

		groupWriteMasked: t.TCCDLM,
		writeMasked:      t.TCCDMW,

		bankActAct: t.TRC,
		actColumn:  t.TRCD + act - col,
		actPre:     t.TRAS + act - pre,
		readPre:    t.TRTP + col - pre,
		writePre:   written + t.TWR + col - pre,
		preAct:     t.TRP + pre - act,
		bankRefAct: t.TRFCPB + pre - act,
	}
}
