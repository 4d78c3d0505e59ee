package tokens

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// decoder turns the words of ids towards text.
type decoder func(words []string) []string

func join(words []string) string { return strings.Join(words, "") }

// fuse makes one word of all.
func fuse(words []string) []string { return []string{join(words)} }

// spaced is what is done where no decoder is named.
func spaced(words []string) []string { return []string{strings.Join(words, " ")} }

// decodeBytes reads the alphabet of bytes. A word with other characters is an added token, and stands for itself.
func decodeBytes(words []string) []string {
	var text []byte
	for _, w := range words {
		from := len(text)
		for _, r := range w {
			b, ok := bytesOf[r]
			if !ok {
				text = append(text[:from], w...)
				break
			}
			text = append(text, b)
		}
	}
	return []string{strings.ToValidUTF8(string(text), string(utf8.RuneError))}
}

// decodeFallback reads runs of byte tokens; a run that is not UTF-8 shows as one U+FFFD a byte.
func decodeFallback(words []string) []string {
	var out []string
	var run []byte
	flush := func() {
		if !utf8.Valid(run) {
			out = append(out, strings.Repeat(string(utf8.RuneError), len(run)))
		} else if len(run) > 0 {
			out = append(out, string(run))
		}
		run = nil
	}
	for _, w := range words {
		if len(w) == len("<0x00>") && strings.HasPrefix(w, "<0x") && w[5] == '>' {
			if b, err := strconv.ParseUint(w[3:5], 16, 8); err == nil {
				run = append(run, byte(b))
				continue
			}
		}
		flush()
		out = append(out, w)
	}
	flush()
	return out
}

// eachWord decodes words one by one.
func eachWord(f func(word string) string) decoder {
	return func(words []string) []string {
		out := make([]string, len(words))
		for i, w := range words {
			out[i] = f(w)
		}
		return out
	}
}

// ends takes up to so many characters off the start and the end of a word.
type ends struct {
	Content     string
	Start, Stop int
}

func (e ends) strip(w string) string {
	for n := 0; n < e.Start && strings.HasPrefix(w, e.Content); n++ {
		w = w[len(e.Content):]
	}
	for n := 0; n < e.Stop && strings.HasSuffix(w, e.Content); n++ {
		w = w[:len(w)-len(e.Content)]
	}
	return w
}
