package tokens

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// word is a piece of text that merges do not cross.
type word struct {
	text  string
	first bool // the whole text begins with it
}

// splitter appends the words that a word falls into.
type splitter func(e *effort, words []word, w word) ([]word, error)

// part of a word, from one byte up to another.
func (w word) part(from, to int) word { return word{w.text[from:to], w.first && from == 0} }

// gpt2 is how ByteLevel finds words by itself (openai/gpt-2, encoder.py).
const gpt2 = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

// punctuation is a sign as Hugging Face's tokenizers count them (pre_tokenizers/punctuation.rs): those of ASCII, and of
// Unicode's categories P.
const punctuation = "[!-/:-@\\[-`{-~\\p{P}]"

// behavior is what becomes of the matches of a cut, by Hugging Face's names.
type behavior string

const (
	isolated     behavior = "Isolated" // each a word
	removed      behavior = "Removed"
	withPrevious behavior = "MergedWithPrevious" // part of the word before it
	withNext     behavior = "MergedWithNext"
	contiguous   behavior = "Contiguous" // neighbours one word
)

var behaviors = []behavior{isolated, removed, withPrevious, withNext, contiguous}

// check refuses a behavior that there is not.
func (b behavior) check(kind string) error {
	if !slices.Contains(behaviors, b) {
		return fmt.Errorf("type %s with behavior %q; accepted: Isolated, Removed, MergedWithPrevious, MergedWithNext, "+
			"Contiguous", kind, string(b))
	}
	return nil
}

// cut makes words of the pieces of one.
type cut struct {
	words    []word
	of       word
	behavior behavior
	invert   bool // what lies between is what matches

	from    int  // of the word that grows
	at      int  // where the pieces end
	matched bool // the last piece
	begun   bool
}

// piece adds what lies up to a place.
func (c *cut) piece(to int, matched bool) {
	if c.at == to {
		return
	}
	matched = matched != c.invert
	joined := c.begun && (c.behavior == contiguous && matched == c.matched ||
		c.behavior == withPrevious && matched && !c.matched || c.behavior == withNext && !matched && c.matched)
	if !joined {
		c.word()
	}
	c.at, c.matched, c.begun = to, matched, true
}

// word ends the one that grows.
func (c *cut) word() {
	if c.begun && !(c.behavior == removed && c.matched) {
		c.words = append(c.words, c.of.part(c.from, c.at))
	}
	c.from = c.at
}

// splitAt cuts words at the matches of a pattern.
func splitAt(pattern string, b behavior, invert bool) (splitter, error) {
	if len(pattern) > longestPattern {
		return nil, fmt.Errorf("a pattern of %d bytes; accepted: at most %d", len(pattern), longestPattern)
	}
	re, err := regexp2.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("the pattern %q cannot be used: %w", pattern, err)
	}
	re.MatchTimeout = matchTime
	return func(e *effort, words []word, w word) ([]word, error) {
		c := cut{words: words, of: w, behavior: b, invert: invert}
		var late error
		runes := []rune(w.text)
		at, byteAt := 0, 0 // the same place in runes and in bytes
		place := func(to int) int {
			for ; at < to; at++ {
				byteAt += utf8.RuneLen(runes[at])
			}
			return byteAt
		}
		err := re.FindRunesMatches(runes, 0, func(m regexp2.MatchView) bool {
			start, n, _ := m.GroupRange(0)
			c.piece(place(start), false)
			c.piece(place(start+n), true)
			late = e.inTime()
			return late == nil
		})
		if err != nil {
			err = fmt.Errorf("the pattern %.80q: %w; accepted: %s", pattern, plain(err), acceptedPattern)
		}
		if err := cmp.Or(err, late); err != nil {
			return nil, err
		}
		c.piece(len(w.text), false)
		c.word()
		return c.words, nil
	}, nil
}

// plain leaves the text out of an error of regexp2, which quotes all of it.
func plain(err error) error {
	if what, _, ok := strings.Cut(err.Error(), " on input"); ok {
		return errors.New(what)
	}
	return err
}

// splitDigits cuts off numbers, or each digit of them.
func splitDigits(each bool) splitter {
	return func(_ *effort, words []word, w word) ([]word, error) {
		from, number := 0, false
		for i, r := range w.text {
			is := unicode.IsNumber(r)
			if i > from && (is != number || is && each) {
				words = append(words, w.part(from, i))
				from = i
			}
			number = is
		}
		return append(words, w.part(from, len(w.text))), nil
	}
}

// prefixSpace puts a space before a word that has none, so that it reads like one within a sentence.
func prefixSpace(e *effort, words []word, w word) ([]word, error) {
	if strings.HasPrefix(w.text, " ") {
		return append(words, w), nil
	}
	w.text = " " + w.text
	return append(words, w), e.grow(1)
}

// alphabet shows each byte as a character that prints: the printing ones of Latin-1 as themselves, the others as those
// from U+0100 on (openai/gpt-2, encoder.py, bytes_to_unicode).
var alphabet = func() (of [256]string) {
	next := rune(0x100)
	for b := range of {
		if b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE {
			of[b] = string(rune(b))
			continue
		}
		of[b] = string(next)
		next++
	}
	return of
}()

// bytesOf is alphabet's inverse.
var bytesOf = func() map[rune]byte {
	of := map[rune]byte{}
	for b, s := range alphabet {
		of[[]rune(s)[0]] = byte(b)
	}
	return of
}()

// byteLevel writes a word's bytes in the alphabet of bytes.
func byteLevel(e *effort, words []word, w word) ([]word, error) {
	var s strings.Builder
	for i := range len(w.text) {
		s.WriteString(alphabet[w.text[i]])
	}
	return append(words, word{s.String(), w.first}), e.grow(s.Len() - len(w.text))
}

// When Metaspace puts a space before a text.
const (
	always = "always" // after each added token too
	first  = "first"  // only at the start of the whole text
	never  = "never"
)

// metaspace is sentencepiece's way: a space is a character like others, shown as mark, and a text begins with one.
type metaspace struct {
	mark    string
	prepend string // always, first, never
	split   bool   // a mark begins a word
}

func (m metaspace) words(e *effort, words []word, w word) ([]word, error) {
	before := len(w.text)
	w.text = strings.ReplaceAll(w.text, " ", m.mark)
	if (m.prepend == always || m.prepend == first && w.first) && !strings.HasPrefix(w.text, m.mark) {
		w.text = m.mark + w.text
	}
	if err := e.grow(len(w.text) - before); err != nil {
		return nil, err
	}
	for m.split {
		at := strings.Index(w.text[1:], m.mark)
		if at < 0 {
			break
		}
		words = append(words, w.part(0, at+1))
		w = w.part(at+1, len(w.text))
	}
	return append(words, w), nil
}

// decode shows marks as spaces, but not the one that was put before the text.
func (m metaspace) decode(_ *effort, words []string) ([]string, error) {
	out := make([]string, len(words))
	for i, w := range words {
		space := " "
		if i == 0 && m.prepend != never {
			space = ""
		}
		out[i] = strings.ReplaceAll(w, m.mark, space)
	}
	return out, nil
}
