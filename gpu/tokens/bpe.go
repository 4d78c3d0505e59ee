package tokens

import (
	"container/heap"
	"fmt"
	"unicode/utf8"
)

// bpe is byte-pair encoding: of all neighbours, the pair that was learnt first becomes one token, until none is left
// (Sennrich et al., arXiv 1508.07909).
type bpe struct {
	ids    map[string]int
	merges map[pair]merge

	bytes   *[256]int // tokens of single bytes, for characters without one; nil: none
	unknown int       // token of a character that nothing covers; -1: none
	fuse    bool      // neighbouring unknown characters become one
	whole   bool      // a word that is a token stays whole, whatever the merges say (ignore_merges)
}

type pair struct{ left, right int }

// merge of a lower rank comes first.
type merge struct{ rank, id int }

// symbol is a link of the list that a word is.
type symbol struct{ id, before, after int }

const (
	none = -1 // no neighbour
	gone = -2 // id of a symbol that was merged into its left neighbour
)

// encode appends the ids of a word.
func (b *bpe) encode(ids []int, word string) ([]int, error) {
	if id, ok := b.ids[word]; ok && b.whole {
		return append(ids, id), nil
	}
	list, err := b.characters(word)
	if err != nil || len(list) == 0 {
		return ids, err
	}
	b.join(list)
	for i := 0; i != none; i = list[i].after {
		ids = append(ids, list[i].id)
	}
	return ids, nil
}

// characters returns the list of a word's characters.
func (b *bpe) characters(word string) ([]symbol, error) {
	list := make([]symbol, 0, len(word))
	add := func(id int) { list = append(list, symbol{id, len(list) - 1, len(list) + 1}) }
	unknown := false // the last one was
	for i, r := range word {
		char := word[i : i+utf8.RuneLen(r)]
		id, ok := b.ids[char]
		if !ok && b.bytes != nil {
			for _, c := range []byte(char) {
				add(b.bytes[c])
			}
			unknown = false
			continue
		}
		if !ok && b.unknown < 0 {
			return nil, fmt.Errorf("the vocabulary has no token for %q", char)
		}
		if !ok {
			id = b.unknown
		}
		if ok || !unknown || !b.fuse {
			add(id)
		}
		unknown = !ok
	}
	if len(list) > 0 {
		list[len(list)-1].after = none
	}
	return list, nil
}

// join merges a list's pairs in the order of their ranks, from left to right where ranks are equal.
func (b *bpe) join(list []symbol) {
	var due candidates
	suggest := func(at int) {
		if at == none || list[at].after == none {
			return
		}
		if m, ok := b.merges[pair{list[at].id, list[list[at].after].id}]; ok {
			heap.Push(&due, candidate{m, at})
		}
	}
	for i := range list {
		suggest(i)
	}
	for len(due) > 0 {
		c := heap.Pop(&due).(candidate)
		left := &list[c.at]
		if left.id == gone || left.after == none {
			continue
		}
		// A merge since the suggestion may have changed either side.
		if m, ok := b.merges[pair{left.id, list[left.after].id}]; !ok || m != c.merge {
			continue
		}
		right := &list[left.after]
		left.id, left.after, right.id = c.id, right.after, gone
		if left.after != none {
			list[left.after].before = c.at
		}
		suggest(left.before)
		suggest(c.at)
	}
}

// candidate is a merge of the symbol at a place with the next one.
type candidate struct {
	merge
	at int
}

type candidates []candidate

func (c candidates) Len() int      { return len(c) }
func (c candidates) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c candidates) Less(i, j int) bool {
	if c[i].rank != c[j].rank {
		return c[i].rank < c[j].rank
	}
	return c[i].at < c[j].at
}
func (c *candidates) Push(x any) { *c = append(*c, x.(candidate)) }
func (c *candidates) Pop() any {
	last := len(*c) - 1
	x := (*c)[last]
	*c = (*c)[:last]
	return x
}

// byteTokens returns the tokens <0x00> to <0xFF>.
func byteTokens(ids map[string]int) (*[256]int, error) {
	var of [256]int
	for c := range of {
		name := fmt.Sprintf("<0x%02X>", c)
		id, ok := ids[name]
		if !ok {
			return nil, fmt.Errorf("byte fallback is on, but the vocabulary lacks %s; accepted: all of <0x00> to <0xFF>", name)
		}
		of[c] = id
	}
	return &of, nil
}
