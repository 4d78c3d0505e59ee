package tokens

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
	"github.com/pmpdsim/pmpdsim/workloads/gguf"
)

// Tokenizer turns text into the ids of one model's vocabulary and back. It is safe for concurrent use.
type Tokenizer struct {
	file   string // names it in errors
	bpe    *bpe
	words  map[int]string // of an id, added ones too
	names  map[string]int // ids of the added ones
	hidden map[int]bool   // special tokens: Decode leaves them out

	renames bool // an added token may have the id of another word, which it replaces: tokenizers does not, sentencepiece's classes do

	raw, clean    matcher // added tokens: sought before and after the normalizers
	normalizers   []normalizer
	splitters     []splitter
	before, after []int // ids around every text
	decoders      []decoder
}

// normalizer rewrites a text between added tokens; first: the whole text begins with it.
type normalizer func(e *effort, text string, first bool) (string, error)

func newTokenizer(file string) *Tokenizer {
	return &Tokenizer{file: file, bpe: &bpe{unknown: -1}, words: map[int]string{}, names: map[string]int{}, hidden: map[int]bool{}}
}

// Open reads the tokenizer that a GGUF file carries, or that of a Hugging Face model folder: the first there is of tokenizer.json, tokenizer.model,
// vocab.json with merges.txt, and qwen.tiktoken. A tokenizer_config.json beside it says whether BOS is added, and which
// tokens are special.
func Open(dir string) (*Tokenizer, error) {
	if gguf.Is(dir) {
		return openGGUF(dir)
	}
	config, err := readConfig(dir)
	if err != nil {
		return nil, err
	}
	for _, format := range []struct {
		name string
		kind files.Kind
		read func(file string, data []byte, c *settings) (*Tokenizer, error)
	}{
		{"tokenizer.json", files.Tokenizer, readJSON},
		{"tokenizer.model", files.Pieces, readModel},
		{"vocab.json", files.Vocabulary, readVocabulary},
		{"qwen.tiktoken", files.Ranks, readQwen},
	} {
		file := filepath.Join(dir, format.name)
		data, err := files.Read(file, format.kind)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if format.kind != files.Tokenizer { // which says itself what is added
			if err := config.readAdded(dir); err != nil {
				return nil, err
			}
		}
		t, err := format.read(file, data, config)
		if err != nil {
			return nil, refused(file, err)
		}
		return t, nil
	}
	return nil, fmt.Errorf("%s has no tokenizer%s; accepted: a folder with tokenizer.json, tokenizer.model, "+
		"vocab.json and merges.txt, or qwen.tiktoken", dir, others(dir))
}

// OpenFS reads tokenizer.json and tokenizer_config.json, both of which have to be among the files.
func OpenFS(in fs.FS) (*Tokenizer, error) {
	const file = "tokenizer.json"
	said, err := files.ReadFS(in, configFile, files.TokenizerConfig)
	if err != nil {
		return nil, err
	}
	config, err := parseConfig(configFile, said)
	if err != nil {
		return nil, err
	}
	data, err := files.ReadFS(in, file, files.Tokenizer)
	if err != nil {
		return nil, err
	}
	t, err := readJSON(file, data, config)
	if err != nil {
		return nil, refused(file, err)
	}
	return t, nil
}

// others names a tokenizer of a kind that is not read.
func others(dir string) string {
	entries, _ := os.ReadDir(dir) // whoever reads the folder has said what is wrong
	for _, e := range entries {
		name, what := e.Name(), ""
		switch {
		case strings.HasSuffix(name, ".tiktoken"), name == "tiktoken.model":
			what = "tiktoken's ranks without the pattern and the special tokens that its model's code has"
		case name == "tekken.json":
			what = "Mistral's Tekken"
		case name == "vocab.txt":
			what = "WordPiece's words"
		case name == "spiece.model":
			what = "sentencepiece's Unigram"
		default:
			continue
		}
		return fmt.Sprintf(" that is read: %s is %s", visible.Line(name), what)
	}
	return ""
}

// refused says in which file something is wrong, and what is accepted where the error does not.
func refused(file string, err error) error {
	if strings.Contains(err.Error(), "accepted: ") {
		return fmt.Errorf("%s: %w", file, err)
	}
	return fmt.Errorf("%s: %w; accepted: %s as it was saved with the model", file, err, filepath.Base(file))
}

// Encode returns the ids of a text, with BOS where the model's tokenizer adds it. The text is taken as it stands: no
// template of a chat is put around it. Special tokens that stand in it count as such.
func (t *Tokenizer) Encode(text string) ([]int, error) {
	for i, r := range text {
		if _, n := utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && n == 1 {
			return nil, fmt.Errorf("the text is not UTF-8: byte %#02x at offset %d; accepted: UTF-8", text[i], i)
		}
	}
	ids, err := t.encode(newEffort(len(text)), text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.file, err)
	}
	return ids, nil
}

func (t *Tokenizer) encode(e *effort, text string) ([]int, error) {
	ids := append([]int{}, t.before...)
	outers, err := t.raw.split(e, text)
	if err != nil {
		return nil, err
	}
	for _, outer := range outers {
		if outer.token >= 0 {
			ids = append(ids, outer.token)
			continue
		}
		clean, err := t.normalize(e, outer.text, outer.first)
		if err != nil {
			return nil, err
		}
		inners, err := t.clean.split(e, clean)
		if err != nil {
			return nil, err
		}
		for _, inner := range inners {
			if inner.token >= 0 {
				ids = append(ids, inner.token)
			} else if ids, err = t.encodePlain(e, ids, word{inner.text, outer.first && inner.first}); err != nil {
				return nil, err
			}
		}
	}
	return append(ids, t.after...), nil
}

// normalize puts a text through all normalizers.
func (t *Tokenizer) normalize(e *effort, text string, first bool) (string, error) {
	for _, n := range t.normalizers {
		next, err := n(e, text, first)
		if err == nil {
			err = errors.Join(e.grow(len(next)-len(text)), e.step())
		}
		if err != nil {
			return "", err
		}
		text = next
	}
	return text, nil
}

// encodePlain appends the ids of text without added tokens.
func (t *Tokenizer) encodePlain(e *effort, ids []int, text word) ([]int, error) {
	words := []word{text}
	for _, s := range t.splitters {
		var next []word
		for _, w := range words {
			var err error
			if next, err = s(e, next, w); err != nil {
				return nil, err
			}
		}
		words = next
	}
	for _, w := range words {
		if err := e.step(); err != nil {
			return nil, err
		}
		var err error
		if ids, err = t.bpe.encode(ids, w.text); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// Decode returns the text of ids, for showing what was generated: special tokens are left out, an id that the
// vocabulary lacks (models pad theirs) and bytes that are not UTF-8 show as U+FFFD.
func (t *Tokenizer) Decode(ids []int) (string, error) {
	words := make([]string, 0, len(ids))
	for _, id := range ids {
		switch w, ok := t.words[id]; {
		case !ok:
			words = append(words, string(utf8.RuneError))
		case !t.hidden[id]:
			words = append(words, w)
		}
	}
	e := newEffort(length(words))
	for _, d := range t.decoders {
		next, err := d(e, words)
		if err == nil {
			err = errors.Join(e.grow(length(next)-length(words)), e.inTime())
		}
		if err != nil {
			return "", fmt.Errorf("%s: %w", t.file, err)
		}
		words = next
	}
	return join(words), nil
}

func length(words []string) (bytes int) {
	for _, w := range words {
		bytes += len(w)
	}
	return bytes
}
