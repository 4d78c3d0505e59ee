package controller

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
)

// hbmGates are those of HBM. JEDEC counts from the last clock of a command to the last of the next one, a trace from
// first to first. So an ACT adds Activate - 1 as the first command and subtracts it as the second; a column command,
// Column - 1.
func hbmGates(s *spec.Standard, refresh spec.Refresh) []gate {
	written := "TCWL + TBL + TWR + Column - 1"
	list := []gate{
		{from: cmdACT, to: cmdACT, scope: onChannel, sum: "Activate"},
		{from: cmdACT, to: cmdPRE, scope: onChannel, sum: "Activate"},
		{from: cmdACT, to: cmdREF, scope: onChannel, sum: "Activate"},
		{from: cmdRD, to: cmdRD, scope: onChannel, sum: "Column"},
		{from: cmdRD, to: cmdWR, scope: onChannel, sum: "Column"},
		{from: cmdWR, to: cmdRD, scope: onChannel, sum: "Column"},
		{from: cmdWR, to: cmdWR, scope: onChannel, sum: "Column"},

		{from: cmdRD, to: cmdRD, scope: inRank, sum: "TBL"},
		{from: cmdWR, to: cmdWR, scope: inRank, sum: "TBL"},
		{from: cmdRD, to: cmdRD, scope: inStack, sum: "TCCDS"},
		{from: cmdWR, to: cmdWR, scope: inStack, sum: "TCCDSW"},
		{from: cmdRD, to: cmdWR, scope: inRank, sum: "TCL + TBL + TRTRS - TCWL"},
		{from: cmdWR, to: cmdRD, scope: inRank, sum: "TCWL + TBL + TWTRS"},
		{from: cmdACT, to: cmdACT, scope: inRank, sum: "TRRDS"},
		{from: cmdACT, to: cmdACT, scope: inRank, sum: "TFAW", window: 4, behind: "4 TRRDS"},
		{from: cmdPRE, to: cmdPRE, scope: inRank, sum: "TPPD"},

		{from: cmdRD, to: cmdRD, scope: inGroup, sum: "TCCDL"},
		{from: cmdWR, to: cmdWR, scope: inGroup, sum: "TCCDLW"},
		{from: cmdWR, to: cmdRD, scope: inGroup, sum: "TCWL + TBL + TWTRL"},
		{from: cmdACT, to: cmdACT, scope: inGroup, sum: "TRRDL"},

		{from: cmdACT, to: cmdACT, scope: inBank, sum: "TRC"},
		{from: cmdACT, to: cmdRD, scope: inBank, sum: "TRCD + Activate - Column"},
		{from: cmdACT, to: cmdWR, scope: inBank, sum: "TRCDWR + Activate - Column"},
		{from: cmdACT, to: cmdPRE, scope: inBank, sum: "TRAS + Activate - 1"},
		{from: cmdPRE, to: cmdACT, scope: inBank, sum: "TRP - Activate + 1"},
		{from: cmdRD, to: cmdPRE, scope: inBank, sum: "TRTP + Column - 1"},
		{from: cmdWR, to: cmdPRE, scope: inBank, sum: written},
	}
	if s.Stacks > 1 {
		list = append(list, gate{from: cmdRD, to: cmdRD, scope: otherStack, sum: "TCCDR"})
	}
	if refresh == spec.PerBank { // a REFpb is an activate to other banks
		return append(list,
			gate{from: cmdREF, to: cmdREF, scope: inRank, sum: "TPBR2PB"},
			gate{from: cmdREF, to: cmdACT, scope: otherBank, sum: "TPBR2AC - Activate + 1"},
			gate{from: cmdREF, to: cmdACT, scope: inBank, sum: "TRFCPB - Activate + 1"},
			gate{from: cmdACT, to: cmdREF, scope: otherBank, sum: "TRRDS + Activate - 1"},
			gate{from: cmdACT, to: cmdREF, scope: inGroup, sum: "TRRDL + Activate - 1"},
			gate{from: cmdACT, to: cmdREF, scope: inBank, sum: "TRC + Activate - 1"},
			gate{from: cmdPRE, to: cmdREF, scope: inBank, sum: "TRP"})
	}
	list = append(list, gate{from: cmdACT, to: cmdPREA, scope: onChannel, sum: "Activate"})
	list = append(list, refreshGates("TRTP + Column - 1", written, "TRAS + Activate - 1", "TRPAB - Activate + 1",
		"TRC + Activate - 1", "TRFC - Activate + 1")...)
	return list
}

// fallingEdges checks that only precharges come on falling edges, paired with nothing that they may not be paired with.
func fallingEdges(t *testing.T, o *observer) {
	t.Helper()
	falling, paired := 0, 0
	for _, trace := range o.traces {
		for i, e := range trace {
			if e.clock&1 == 1 {
				continue
			}
			falling++
			if e.cmd != cmdPRE && e.cmd != cmdPREA {
				t.Fatalf("%s on the falling edge %d", commandNames[e.cmd], e.clock)
			}
			paired += pairs(t, o.s, trace[:i], e)
		}
	}
	if falling == 0 || paired == 0 {
		t.Errorf("%d commands on falling edges, %d paired: the traffic proves nothing", falling, paired)
	}
}

// pairs counts the row commands whose rising edge belongs to the falling edge of e: an ACT is 1.5 CK long.
func pairs(t *testing.T, s *spec.Standard, before []issue, e issue) (n int) {
	t.Helper()
	pseudo := s.Stacks * s.Groups * s.Banks
	for j := len(before) - 1; j >= 0 && e.clock-before[j].clock <= 3; j-- {
		o := before[j]
		row := o.clock&1 == 1 && o.cmd != cmdRD && o.cmd != cmdWR && o.bank/pseudo == e.bank/pseudo
		if !row || e.clock-o.clock != map[bool]int64{true: 3, false: 1}[o.cmd == cmdACT] {
			continue
		}
		n++
		if e.cmd == cmdPREA || o.cmd == cmdPREA || o.cmd == cmdREF || e.bank == o.bank {
			t.Fatalf("%s of bank %d at %d is paired with %s of bank %d",
				commandNames[e.cmd], e.bank, e.clock, commandNames[o.cmd], o.bank)
		}
	}
	return n
}
