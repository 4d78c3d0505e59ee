package eval

import (
	"fmt"
	"slices"
	"strings"
)

// Texts cuts a text into at most count pieces of so many tokens, none of which overlap and each of which begins a paragraph, spread
// evenly over the text; a text that has too few paragraphs is cut at lines. Fewer come of a text that is too short. A piece is the
// first tokens of the text from its beginning on.
func Texts(text string, encode func(string) ([]int, error), tokens, count int) ([][]int, error) {
	all, _, err := texts(text, startsFor(text, count), encode, tokens, count)
	return all, err
}

// Between cuts pieces of the same length from what lies behind each piece of Texts and before the next: what is chosen on these
// can be judged on those. None overlap. Where there is no room, there is no piece.
func Between(text string, encode func(string) ([]int, error), tokens, count int) (all [][]int, err error) {
	starts := startsFor(text, count)
	_, taken, err := texts(text, starts, encode, tokens, count)
	for i, t := range taken {
		end := len(text)
		if i+1 < len(taken) {
			end = taken[i+1].start
		}
		low, _ := slices.BinarySearch(starts, t.end)
		high, _ := slices.BinarySearch(starts, end)
		more, _, err := cut(text[:end], starts[low:high], encode, tokens, 1, 0)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, err
}

// startsFor are where so many pieces may begin.
func startsFor(text string, count int) []int {
	if starts := paragraphs(text); len(starts) >= count {
		return starts
	}
	return lines(text)
}

// part is where a piece lies in a text, from byte to byte, its last line included.
type part struct{ start, end int }

// texts cuts pieces, spread evenly or, where that gives too few, one behind the other.
func texts(text string, starts []int, encode func(string) ([]int, error), tokens, count int) (all [][]int, at []part, err error) {
	all, at, err = cut(text, starts, encode, tokens, count, int64(len(text)))
	if err == nil && len(all) < count {
		all, at, err = cut(text, starts, encode, tokens, count, 0)
	}
	return all, at, err
}

// cut takes pieces at starts: piece i of count no earlier than i/count of spread, in bytes.
func cut(text string, starts []int, encode func(string) ([]int, error), tokens, count int, spread int64) (all [][]int, at []part, err error) {
	from := 0 // the end of the piece before
	for i := range count {
		from = max(from, int(spread*int64(i)/int64(count)))
		for len(starts) > 0 && starts[0] < from {
			starts = starts[1:]
		}
		if len(starts) == 0 {
			break
		}
		ids, end, err := piece(text, starts[0], encode, tokens)
		if err != nil {
			return nil, nil, err
		}
		if ids == nil {
			break
		}
		all, at, from = append(all, ids), append(at, part{starts[0], end}), end
	}
	return all, at, nil
}

// piece returns the first tokens of a text from a start on, and where the line ends in which the last of them stands; nil where
// there are fewer.
func piece(text string, start int, encode func(string) ([]int, error), tokens int) (ids []int, end int, err error) {
	var ends []int // of lines, as far as they were looked at
	enough := func(line int) (bool, error) {
		for len(ends) <= line {
			at := start
			if len(ends) > 0 {
				at = ends[len(ends)-1]
			}
			if at == len(text) {
				return false, nil
			}
			next := strings.IndexByte(text[at:], '\n')
			if next < 0 {
				next = len(text) - at - 1
			}
			ends = append(ends, at+next+1)
		}
		all, err := encode(text[start:ends[line]])
		if err != nil {
			return false, fmt.Errorf("from byte %d on: %w", start, err)
		}
		if len(all) >= tokens {
			ids = all[:tokens]
		}
		return len(all) >= tokens, nil
	}
	high := 1
	for {
		ok, err := enough(high)
		if err != nil {
			return nil, 0, err
		}
		if ok {
			break
		}
		if len(ends) <= high { // there are no such lines
			high = len(ends) - 1
			if ok, err := enough(high); err != nil || !ok {
				return nil, 0, err
			}
			break
		}
		high *= 2
	}
	low := 0
	for low < high {
		middle := (low + high) / 2
		ok, err := enough(middle)
		if err != nil {
			return nil, 0, err
		}
		if ok {
			high = middle
		} else {
			low = middle + 1
		}
	}
	if _, err := enough(high); err != nil {
		return nil, 0, err
	}
	return ids, ends[high], nil
}

// paragraphs are where lines begin that stand behind an empty one, and the beginning.
func paragraphs(text string) []int {
	var all []int
	blank := true
	for _, at := range lines(text) {
		line, _, _ := strings.Cut(text[at:], "\n")
		if strings.TrimSpace(line) == "" {
			blank = true
			continue
		}
		if blank {
			all = append(all, at)
		}
		blank = false
	}
	return all
}

// lines are where lines begin.
func lines(text string) []int {
	var all []int
	at := 0
	for line := range strings.Lines(text) {
		all = append(all, at)
		at += len(line)
	}
	return all
}
