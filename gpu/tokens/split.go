package tokens

import (
	"cmp"
	"errors"
	"fmt"
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

// dropped is what a cut throws away: what matched, or what lies between.
type dropped struct{ matches, rest bool }

// splitAt cuts words at the matches of a pattern.
func splitAt(pattern string, drop dropped) (splitter, error) {
	if len(pattern) > longestPattern {
		return nil, fmt.Errorf("a pattern of %d bytes; accepted: at most %d", len(pattern), longestPattern)
	}
	re, err := regexp2.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("the pattern %q cannot be used: %w", pattern, err)
	}
	re.MatchTimeout = matchTime
	return func(e *effort, words []word, w word) ([]word, error) {
		from := 0
		keep := func(to int, not bool) {
			if from < to && !not {
				words = append(words, w.part(from, to))
			}
			from = to
		}
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
			keep(place(start), drop.rest)
			keep(place(start+n), drop.matches)
			late = e.inTime()
			return late == nil
		})
		if err != nil {
			err = fmt.Errorf("the pattern %.80q: %w; accepted: %s", pattern, plain(err), acceptedPattern)
		}
		if err := cmp.Or(err, late); err != nil {
			return nil, err
		}
		keep(len(w.text), drop.rest)
		return words, nil
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
