package tokens

import (
	"cmp"
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

// matcher finds added tokens in a text: the leftmost, and of those the longest, and of those the first that was added.
type matcher struct {
	tokens  map[string]added
	lengths [256][]int // of the tokens that begin with a byte, longest first
}

func (m *matcher) add(a added) {
	if m.tokens == nil {
		m.tokens = map[string]added{}
	}
	if _, there := m.tokens[a.Content]; there {
		return
	}
	m.tokens[a.Content] = a
	lengths := &m.lengths[a.Content[0]]
	at, there := slices.BinarySearchFunc(*lengths, len(a.Content), func(of, n int) int { return cmp.Compare(n, of) })
	if !there {
		*lengths = slices.Insert(*lengths, at, len(a.Content))
	}
}

func (m *matcher) at(e *effort, text string) (a added, found bool, err error) {
	for _, n := range m.lengths[text[0]] {
		if n > len(text) {
			continue
		}
		if err := e.step(); err != nil {
			return a, false, err
		}
		if a, found = m.tokens[text[:n]]; found {
			return a, true, nil
		}
	}
	return a, false, nil
}

// part of a text is an added token, or text with token < 0.
type part struct {
	text  string
	token int
	first bool // the text begins with it
}

// split cuts a text at its added tokens.
func (m *matcher) split(e *effort, text string) ([]part, error) {
	var parts []part
	from := 0
	plain := func(to int) {
		if from < to {
			parts = append(parts, part{text[from:to], -1, from == 0})
		}
	}
	for i := 0; i < len(text); {
		a, ok, err := m.at(e, text[i:])
		if err != nil {
			return nil, err
		}
		if !ok {
			i++
			continue
		}
		start, stop := i, i+len(a.Content)
		i = stop // not behind the white space that RStrip takes: tokens are sought in it all the same
		if a.SingleWord && (endsWord(text[:start]) || startsWord(text[stop:])) {
			continue
		}
		if a.LStrip && from < start {
			start = from + len(strings.TrimRightFunc(text[from:start], unicode.IsSpace))
		}
		if a.RStrip {
			stop = len(text) - len(strings.TrimLeftFunc(text[stop:], unicode.IsSpace))
		}
		plain(start)
		parts = append(parts, part{"", a.ID, false})
		from = stop
	}
	plain(len(text))
	return parts, nil
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
	if len(list) > mostAdded {
		return fmt.Errorf("%d added tokens; accepted: at most %d", len(list), mostAdded)
	}
	for _, a := range list {
		if a.Content == "" || a.ID < 0 {
			return fmt.Errorf("the added token %q has id %d; accepted: a text, and 0 or more", a.Content, a.ID)
		}
		if err := short(a.Content); err != nil {
			return err
		}
		if _, there := t.names[a.Content]; there {
			continue
		}
		if id, ok := t.bpe.ids[a.Content]; ok && id != a.ID {
			return fmt.Errorf("the added token %q has id %d, but %d in the vocabulary", a.Content, a.ID, id)
		}
		if w, ok := t.words[a.ID]; ok && w != a.Content && !t.renamed(a.ID) {
			return fmt.Errorf("the added token %q has id %d, which is %q's", a.Content, a.ID, w)
		}
		t.words[a.ID] = a.Content
		t.names[a.Content] = a.ID
		t.hidden[a.ID] = a.Special
		if !a.Normalized {
			t.raw.add(a)
			continue
		}
		var err error
		if a.Content, err = t.normalize(newEffort(len(a.Content)), a.Content, true); err == nil {
			err = short(a.Content)
		}
		if err != nil {
			return err
		}
		if a.Content != "" {
			t.clean.add(a)
		}
	}
	return nil
}

// renamed reports whether the word of an id may be another from now on: InternLM2 calls [UNUSED_TOKEN_145] of its
// tokenizer.model <|im_start|>.
func (t *Tokenizer) renamed(id int) bool {
	_, added := t.hidden[id]
	return t.renames && !added
}

// id of a token, added or not.
func (t *Tokenizer) id(word string) (int, bool) {
	if id, ok := t.names[word]; ok {
		return id, true
	}
	id, ok := t.bpe.ids[word]
	return id, ok
}
