package tokens

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// decoder turns the words of ids towards text.
type decoder func(e *effort, words []string) ([]string, error)

func join(words []string) string { return strings.Join(words, "") }

// fuse makes one word of all.
func fuse(_ *effort, words []string) ([]string, error) { return []string{join(words)}, nil }

// spaced is what is done where no decoder is named.
func spaced(_ *effort, words []string) ([]string, error) {
	return []string{strings.Join(words, " ")}, nil
}

// decodeBytes reads the alphabet of bytes. A word with other characters is an added token, and stands for itself.
func decodeBytes(_ *effort, words []string) ([]string, error) {
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
	return []string{strings.ToValidUTF8(string(text), string(utf8.RuneError))}, nil
}

// decodeFallback reads runs of byte tokens; a run that is not UTF-8 shows as one U+FFFD a byte.
func decodeFallback(_ *effort, words []string) ([]string, error) {
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
	return out, nil
}

// eachWord decodes words one by one.
func eachWord(f func(word string) string) decoder {
	return func(_ *effort, words []string) ([]string, error) {
		out := make([]string, len(words))
		for i, w := range words {
			out[i] = f(w)
		}
		return out, nil
	}
}

// replaceIn replaces a text in each word.
func replaceIn(old, with string) decoder {
	return func(e *effort, words []string) (out []string, err error) {
		all := *e
		for _, w := range words {
			next, err := all.replaced(w, old, with)
			if err == nil {
				err = all.grow(len(next) - len(w))
			}
			if err != nil {
				return nil, err
			}
			out = append(out, next)
		}
		return out, nil
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
