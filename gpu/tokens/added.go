package tokens

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// added is a token outside the merges: special ones, and runs of spaces that GPT-2's successors list. Names are Hugging
// Face's (tokenizers, AddedToken).
type added struct {
	ID         int    `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"` // only where no word goes on beside it
	LStrip     bool   `json:"lstrip"`      // takes the white space before it
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"` // sought after the normalizers, not before
	Special    bool   `json:"special"`
}

// matcher finds added tokens in a text: the leftmost, and of those the longest.
type matcher struct {
	byFirst map[byte][]added // longest first
}

func (m *matcher) add(a added) {
	if m.byFirst == nil {
		m.byFirst = map[byte][]added{}
	}
	list := append(m.byFirst[a.Content[0]], a)
	slices.SortStableFunc(list, func(a, b added) int { return len(b.Content) - len(a.Content) })
	m.byFirst[a.Content[0]] = list
}

func (m *matcher) at(text string) (added, bool) {
	for _, a := range m.byFirst[text[0]] {
		if strings.HasPrefix(text, a.Content) {
			return a, true
		}
	}
	return added{}, false
}

// part of a text is an added token, or text with token < 0.
type part struct {
	text  string
	token int
	first bool // the text begins with it
}

// split cuts a text at its added tokens.
func (m *matcher) split(text string) []part {
	var parts []part
	from := 0
	plain := func(to int) {
		if from < to {
			parts = append(parts, part{text[from:to], -1, from == 0})
		}
	}
	for i := 0; i < len(text); {
		a, ok := m.at(text[i:])
		if !ok {
			i++
			continue
		}
		start, stop := i, i+len(a.Content)
		i = stop
		if a.SingleWord && (endsWord(text[:start]) || startsWord(text[stop:])) {
			continue
		}
		if a.LStrip {
			start = max(from, len(strings.TrimRightFunc(text[:start], unicode.IsSpace)))
		}
		if a.RStrip {
			stop = len(text) - len(strings.TrimLeftFunc(text[stop:], unicode.IsSpace))
			i = stop
		}
		plain(start)
		parts = append(parts, part{"", a.ID, false})
		from = stop
	}
	plain(len(text))
	return parts
}

func endsWord(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return s != "" && wordRune(r)
}

func startsWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && wordRune(r)
}

// wordRune is \w of Unicode's regular expressions (UTS #18, Annex C).
func wordRune(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Other_Alphabetic, unicode.Join_Control)
}

// addTokens makes the added tokens part of the tokenizer, whose normalizers must be set. A token that is there is not
// added again.
func (t *Tokenizer) addTokens(list []added) error {
	for _, a := range list {
		if a.Content == "" || a.ID < 0 {
			return fmt.Errorf("the added token %q has id %d; accepted: a text, and 0 or more", a.Content, a.ID)
		}
		if _, there := t.names[a.Content]; there {
			continue
		}
		if id, ok := t.bpe.ids[a.Content]; ok && id != a.ID {
			return fmt.Errorf("the added token %q has id %d, but %d in the vocabulary", a.Content, a.ID, id)
		}
		if w, ok := t.words[a.ID]; ok && w != a.Content {
			return fmt.Errorf("the added token %q has id %d, which is %q's", a.Content, a.ID, w)
		}
		t.words[a.ID] = a.Content
		t.names[a.Content] = a.ID
		t.hidden[a.ID] = a.Special
		if !a.Normalized {
			t.raw.add(a)
			continue
		}
		for _, normalize := range t.normalizers {
			a.Content = normalize(a.Content, true)
		}
		if a.Content != "" {
			t.clean.add(a)
		}
	}
	return nil
}

// id of a token, added or not.
func (t *Tokenizer) id(word string) (int, bool) {
	if id, ok := t.names[word]; ok {
		return id, true
	}
	id, ok := t.bpe.ids[word]
	return id, ok
}
