package tokens

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/dlclark/regexp2/v2"
)

// splitter appends the words that a word falls into; first: the whole text begins with it.
type splitter func(words []string, word string, first bool) ([]string, error)

// gpt2 is how ByteLevel finds words by itself (openai/gpt-2, encoder.py).
const gpt2 = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

// dropped is what a cut throws away: what matched, or what lies between.
type dropped struct{ matches, rest bool }

// splitAt cuts words at the matches of a pattern.
func splitAt(pattern string, drop dropped) (splitter, error) {
	re, err := regexp2.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("the pattern %q cannot be used: %w", pattern, err)
	}
	return func(words []string, word string, _ bool) ([]string, error) {
		found, err := re.FindAllStringIndex(word, -1)
		if err != nil {
			return nil, fmt.Errorf("the pattern %q: %w", pattern, err)
		}
		from := 0
		keep := func(to int, not bool) {
			if from < to && !not {
				words = append(words, word[from:to])
			}
			from = to
		}
		for _, m := range found {
			keep(m[0], drop.rest)
			keep(m[1], drop.matches)
		}
		keep(len(word), drop.rest)
		return words, nil
	}, nil
}

// splitDigits cuts off numbers, or each digit of them.
func splitDigits(each bool) splitter {
	return func(words []string, word string, _ bool) ([]string, error) {
		from, number := 0, false
		for i, r := range word {
			is := unicode.IsNumber(r)
			if i > from && (is != number || is && each) {
				words = append(words, word[from:i])
				from = i
			}
			number = is
		}
		return append(words, word[from:]), nil
	}
}

// prefixSpace puts a space before a word that has none, so that it reads like one within a sentence.
func prefixSpace(words []string, word string, _ bool) ([]string, error) {
	if !strings.HasPrefix(word, " ") {
		word = " " + word
	}
	return append(words, word), nil
}

// alphabet shows each byte as a character that prints: the printing ones of Latin-1 as themselves, the others as those from
// U+0100 on (openai/gpt-2, encoder.py, bytes_to_unicode).
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
func byteLevel(words []string, word string, _ bool) ([]string, error) {
	var s strings.Builder
	for i := range len(word) {
		s.WriteString(alphabet[word[i]])
	}
	return append(words, s.String()), nil
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

func (m metaspace) words(words []string, word string, atStart bool) ([]string, error) {
	word = strings.ReplaceAll(word, " ", m.mark)
	if (m.prepend == always || m.prepend == first && atStart) && !strings.HasPrefix(word, m.mark) {
		word = m.mark + word
	}
	for m.split {
		at := strings.Index(word[1:], m.mark)
		if at < 0 {
			break
		}
		words = append(words, word[:at+1])
		word = word[at+1:]
	}
	return append(words, word), nil
}

// decode shows marks as spaces, but not the one that was put before the text.
func (m metaspace) decode(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		space := " "
		if i == 0 && m.prepend != never {
			space = ""
		}
		out[i] = strings.ReplaceAll(w, m.mark, space)
	}
	return out
}
