package spec

import (
	"strconv"
	"strings"
)

// minChannelRun is the least number of contiguous bytes on one channel: short rows and codebooks stay on few channels,
// and a burst-aligned turn of 1 KiB or more still falls on all of four channels.
const minChannelRun = 256

// DefaultMapping returns a minimalist-open-page mapping: a few bursts to a bank, then the next bank. So several streams
// with turns of 1 KiB or more meet few bank conflicts and still hit open rows. The group field is below the bank field,
// so that consecutive runs alternate groups and are spaced by tCCD_S. On DDR4 and DDR5, where bursts of one group are
// tCCD_L apart, groups alternate burst by burst.
func DefaultMapping(s *Standard, channels int) string {
	co, bg, ba, ro := Log2(s.Columns), Log2(s.Groups), Log2(s.Banks), Log2(s.Rows)
	run := min(2, co)
	switch {
	case s.Family == HBM: // pseudo channels alternate below everything: both work on every turn
		return ordered(s, channels, segment{field: columnField, bits: 1}, segment{field: rankField, bits: Log2(s.Ranks)}, segment{field: columnField, bits: run - 1},
			segment{field: groupField, bits: bg}, segment{field: bankField, bits: ba}, segment{field: columnField, bits: co - run},
			segment{field: stackField, bits: Log2(max(s.Stacks, 1))}, segment{field: rowField, bits: ro})
	case s.Groups > 1 && !s.WCK:
		return ordered(s, channels, segment{field: groupField, bits: bg}, segment{field: columnField, bits: run}, segment{field: bankField, bits: ba},
			segment{field: columnField, bits: co - run}, segment{field: rankField, bits: Log2(s.Ranks)}, segment{field: rowField, bits: ro})
	default:
		return ordered(s, channels, segment{field: columnField, bits: run}, segment{field: groupField, bits: bg}, segment{field: bankField, bits: ba},
			segment{field: columnField, bits: co - run}, segment{field: rankField, bits: Log2(s.Ranks)}, segment{field: rowField, bits: ro})
	}
}

// RowLocalMapping returns a mapping that finishes a row of every bank group before it goes to the next bank: the fewest
// activates for one stream, with only as many banks at work as there are groups.
func RowLocalMapping(s *Standard, channels int) string {
	co, pair := Log2(s.Columns), uint(0)
	if s.WCK || s.Family == HBM { // a group is left after two bursts
		pair = 1
	}
	low, high := segment{field: rankField, bits: Log2(s.Ranks)}, segment{}
	if s.Family != HBM {
		low, high = high, low
	}
	return ordered(s, channels, segment{field: columnField, bits: pair}, low, segment{field: groupField, bits: Log2(s.Groups)},
		segment{field: columnField, bits: co - pair}, segment{field: bankField, bits: Log2(s.Banks)}, high, segment{field: stackField, bits: Log2(max(s.Stacks, 1))}, segment{field: rowField, bits: Log2(s.Rows)})
}

// RowLinearMapping returns a mapping that puts a whole row of one bank at contiguous addresses: bursts of one bank
// group follow each other at tCCD_L. It is Ramulator's RoBaRaCoCh order, and that of most textbooks.
func RowLinearMapping(s *Standard, channels int) string {
	return ordered(s, channels, segment{field: columnField, bits: Log2(s.Columns)}, segment{field: groupField, bits: Log2(s.Groups)},
		segment{field: bankField, bits: Log2(s.Banks)}, segment{field: rankField, bits: Log2(s.Ranks)}, segment{field: stackField, bits: Log2(max(s.Stacks, 1))}, segment{field: rowField, bits: Log2(s.Rows)})
}

// ordered writes an order of fields, with the channel field above minChannelRun.
func ordered(s *Standard, channels int, order ...segment) string {
	var text []string
	add := func(f field, n uint) {
		if n > 0 {
			text = append(text, fieldNames[f]+strconv.Itoa(int(n)))
		}
	}
	below := Log2(minChannelRun) - min(Log2(int(s.Burst)), Log2(minChannelRun)) // bits under the channel field
	placed := channels == 1
	for _, seg := range order {
		if !placed && seg.bits >= below {
			add(seg.field, below)
			text = append(text, channelWord(channels))
			seg.bits, placed = seg.bits-below, true
		}
		add(seg.field, seg.bits)
		below -= min(below, seg.bits)
	}
	return strings.Join(text, ",")
}
