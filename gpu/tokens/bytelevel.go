package tokens

import "golang.org/x/text/unicode/norm"

// How byte-level BPE finds words, beside gpt2. The patterns are those of the published tokenizer.json files, and of the
// classes in transformers 5.24 and llama-models (models/llama3/tokenizer.py).
const (
	llama3 = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwen2  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// layout is a byte-level BPE without its vocabulary.
type layout struct {
	pattern string
	nfc     bool
	prefix  bool // a space before a text that has none
	digits  bool // each one a word, before the pattern
}

// lay gives a tokenizer the stages of a layout.
func (t *Tokenizer) lay(l layout) error {
	if l.nfc {
		t.normalizers = append(t.normalizers, func(_ *effort, s string, _ bool) (string, error) { return norm.NFC.String(s), nil })
	}
	if l.prefix {
		t.splitters = append(t.splitters, prefixSpace)
	}
	if l.digits {
		t.splitters = append(t.splitters, splitDigits(true))
	}
	s, err := splitAt(l.pattern, isolated, false)
	t.splitters = append(t.splitters, s, byteLevel)
	t.decoders = []decoder{decodeBytes}
	return err
}
