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
		return ordered(s, channels, segment{columnField, 1}, segment{rankField, Log2(s.Ranks)}, segment{columnField, run - 1},
			segment{groupField, bg}, segment{bankField, ba}, segment{columnField, co - run},
			segment{stackField, Log2(max(s.Stacks, 1))}, segment{rowField, ro})
	case s.Groups > 1 && !s.WCK:
		return ordered(s, channels, segment{groupField, bg}, segment{columnField, run}, segment{bankField, ba},
			segment{columnField, co - run}, segment{rankField, Log2(s.Ranks)}, segment{rowField, ro})
	default:
		return ordered(s, channels, segment{columnField, run}, segment{groupField, bg}, segment{bankField, ba},
			segment{columnField, co - run}, segment{rankField, Log2(s.Ranks)}, segment{rowField, ro})
	}
}

// RowLocalMapping returns a mapping that finishes a row of every bank group before it goes to the next bank: the fewest
// activates for one stream, with only as many banks at work as there are groups.
func RowLocalMapping(s *Standard, channels int) string {
	co, pair := Log2(s.Columns), uint(0)
	if s.WCK || s.Family == HBM { // a group is left after two bursts
		pair = 1
	}
	low, high := segment{rankField, Log2(s.Ranks)}, segment{}
	if s.Family != HBM {
		low, high = high, low
	}
	return ordered(s, channels, segment{columnField, pair}, low, segment{groupField, Log2(s.Groups)},
		segment{columnField, co - pair}, segment{bankField, Log2(s.Banks)}, high, segment{stackField, Log2(max(s.Stacks, 1))}, segment{rowField, Log2(s.Rows)})
}

// RowLinearMapping returns a mapping that puts a whole row of one bank at contiguous addresses: bursts of one bank
// group follow each other at tCCD_L. It is Ramulator's RoBaRaCoCh order, and that of most textbooks.
func RowLinearMapping(s *Standard, channels int) string {
	return ordered(s, channels, segment{columnField, Log2(s.Columns)}, segment{groupField, Log2(s.Groups)},
		segment{bankField, Log2(s.Banks)}, segment{rankField, Log2(s.Ranks)}, segment{stackField, Log2(max(s.Stacks, 1))}, segment{rowField, Log2(s.Rows)})
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
			add(channelField, Log2(channels))
			seg.bits, placed = seg.bits-below, true
		}
		add(seg.field, seg.bits)
		below -= min(below, seg.bits)
	}
	return strings.Join(text, ",")
}
