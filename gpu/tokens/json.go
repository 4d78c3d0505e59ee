package tokens

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// document is tokenizer.json (Hugging Face tokenizers 0.23). Truncation and padding are for batches, and are not read.
type document struct {
	Added         []added         `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
	Model         json.RawMessage `json:"model"`
}

func readJSON(file string, data []byte, config *settings) (*Tokenizer, error) {
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, fmt.Errorf("not a whole tokenizer.json: %w; accepted: the file as it was published", files.NotJSON(err))
	}
	t := newTokenizer(file)
	var err error
	if t.bpe, err = readBPE(d.Model); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if err := t.nameWords(); err != nil {
		return nil, err
	}
	for _, part := range []struct {
		name string
		raw  json.RawMessage
		read func(json.RawMessage) error
	}{
		{"normalizer", d.Normalizer, t.readNormalizer},
		{"pre_tokenizer", d.PreTokenizer, t.readPreTokenizer},
		{"decoder", d.Decoder, t.readDecoder},
		{"added_tokens", nil, func(json.RawMessage) error { return t.addTokens(slices.Concat(d.Added, config.added)) }},
		{"post_processor", d.PostProcessor, t.readPostProcessor},
	} {
		if err := part.read(part.raw); err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	if len(t.decoders) == 0 {
		t.decoders = []decoder{spaced}
	}
	if config.decides() {
		t.before, t.after, err = config.around(t.id)
	}
	return t, err
}

// nameWords fills words from the vocabulary.
func (t *Tokenizer) nameWords() error {
	lowest := 0
	for w, id := range t.bpe.ids {
		t.words[id] = w
		lowest = min(lowest, id)
	}
	if len(t.words) == len(t.bpe.ids) && lowest == 0 {
		return nil
	}
	seen := map[int]string{}
	for _, w := range slices.Sorted(maps.Keys(t.bpe.ids)) {
		id := t.bpe.ids[w]
		if id < 0 {
			return fmt.Errorf("model: the token %q has id %d; accepted: 0 or more", w, id)
		}
		if other, twice := seen[id]; twice {
			return fmt.Errorf("model: two tokens have id %d: %q and %q", id, other, w)
		}
		seen[id] = w
	}
	return nil
}

// kind returns the type of a component, "" for null.
func kind(raw json.RawMessage) (string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", nil
	}
	var c struct{ Type string }
	if err := json.Unmarshal(raw, &c); err != nil {
		return "", files.NotJSON(err)
	}
	if c.Type == "" {
		return "", errors.New("it has no type")
	}
	return c.Type, nil
}

// fill reads a component. A key that is not known may change ids, so it is an error.
func fill(raw json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return files.NotJSON(d.Decode(into))
}

// bpeModel is the model of tokenizer.json. Files of the first years name no type; only BPE has merges.
type bpeModel struct {
	Type          *string
	Dropout       *float64
	UnkToken      *string           `json:"unk_token"`
	SubwordPrefix *string           `json:"continuing_subword_prefix"`
	WordSuffix    *string           `json:"end_of_word_suffix"`
	FuseUnk       bool              `json:"fuse_unk"`
	ByteFallback  bool              `json:"byte_fallback"`
	IgnoreMerges  bool              `json:"ignore_merges"`
	Vocab         json.RawMessage   `json:"vocab"`
	Merges        []json.RawMessage `json:"merges"`
}

func (m *bpeModel) read(raw json.RawMessage) error {
	var head struct {
		Type   *string
		Merges json.RawMessage
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return errors.New("missing or not an object; accepted: a BPE model")
	}
	if head.Type != nil && *head.Type != "BPE" {
		return fmt.Errorf("type %s; accepted: BPE", *head.Type)
	}
	if head.Merges == nil {
		return errors.New("it has no merges; accepted: a BPE model")
	}
	if err := fill(raw, m); err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"dropout", m.Dropout != nil && *m.Dropout != 0},
		{"continuing_subword_prefix", m.SubwordPrefix != nil && *m.SubwordPrefix != ""},
		{"end_of_word_suffix", m.WordSuffix != nil && *m.WordSuffix != ""},
	} {
		if f.set {
			return fmt.Errorf("%s is set; accepted: null", f.name)
		}
	}
	return nil
}

func readBPE(raw json.RawMessage) (*bpe, error) {
	var m bpeModel
	if err := m.read(raw); err != nil {
		return nil, err
	}
	b := &bpe{unknown: -1, fuse: m.FuseUnk, whole: m.IgnoreMerges}
	if err := json.Unmarshal(m.Vocab, &b.ids); err != nil || len(b.ids) == 0 {
		return nil, errors.New("vocab is no list of tokens; accepted: an object of token: id")
	}
	if err := b.readMerges(m.Merges); err != nil {
		return nil, err
	}
	var err error
	if m.ByteFallback {
		b.bytes, err = byteTokens(b.ids)
	}
	if m.UnkToken != nil && *m.UnkToken != "" {
		id, ok := b.ids[*m.UnkToken]
		if !ok {
			return nil, fmt.Errorf("unk_token %q is not in vocab", *m.UnkToken)
		}
		b.unknown = id
	}
	return b, err
}

// readMerges reads "left right", or since tokenizers 0.20 ["left", "right"].
func (b *bpe) readMerges(list []json.RawMessage) error {
	b.merges = make(map[pair]merge, len(list))
	for rank, raw := range list {
		var both []string
		var line string
		if json.Unmarshal(raw, &line) == nil {
			both = strings.Split(line, " ")
		} else if json.Unmarshal(raw, &both) != nil {
			both = nil
		}
		if len(both) != 2 {
			return fmt.Errorf(`merge %d is %.60s; accepted: "left right" or ["left", "right"]`, rank, raw)
		}
		if err := b.addMerge(rank, both[0], both[1]); err != nil {
			return err
		}
	}
	return nil
}

// addMerge adds a pair, unless it is there.
func (b *bpe) addMerge(rank int, left, right string) error {
	var ids [3]int
	for i, w := range []string{left, right, left + right} {
		id, ok := b.ids[w]
		if !ok {
			return fmt.Errorf("merge %d, %q and %q, names %q, which is not in vocab", rank, left, right, w)
		}
		ids[i] = id
	}
	p := pair{ids[0], ids[1]}
	if _, twice := b.merges[p]; !twice {
		b.merges[p] = merge{rank, ids[2]}
	}
	return nil
}

// pattern is text, or a regular expression.
type pattern struct{ String, Regex *string }

func (p pattern) regex() (string, error) {
	switch {
	case p.Regex != nil && p.String == nil:
		return *p.Regex, nil
	case p.String != nil && p.Regex == nil && *p.String != "":
		return regexp.QuoteMeta(*p.String), nil
	}
	return "", errors.New("its pattern is neither a String nor a Regex")
}

func (t *Tokenizer) readNormalizer(raw json.RawMessage) error {
	name, err := kind(raw)
	if err != nil {
		return err
	}
	var c struct {
		Type        string
		Normalizers []json.RawMessage
		Prepend     string
		Pattern     pattern
		Content     string
	}
	if name != "" {
		if err := fill(raw, &c); err != nil {
			return err
		}
	}
	add := func(f func(e *effort, s string) (string, error)) {
		t.normalizers = append(t.normalizers, func(e *effort, s string, _ bool) (string, error) { return f(e, s) })
	}
	form := func(f norm.Form) { add(func(_ *effort, s string) (string, error) { return f.String(s), nil }) }
	if err := errors.Join(t.room(), short(c.Prepend), short(c.Content)); err != nil {
		return err
	}
	switch name {
	case "":
	case "Sequence":
		for _, n := range c.Normalizers {
			if err := t.readNormalizer(n); err != nil {
				return err
			}
		}
	case "NFC":
		form(norm.NFC)
	case "NFD":
		form(norm.NFD)
	case "NFKC":
		form(norm.NFKC)
	case "NFKD":
		form(norm.NFKD)
	case "Prepend":
		add(func(_ *effort, s string) (string, error) {
			if s == "" {
				return s, nil
			}
			return c.Prepend + s, nil
		})
	case "Replace":
		if c.Pattern.String == nil || c.Pattern.Regex != nil || *c.Pattern.String == "" {
			return errors.New("type Replace with a pattern that is no String; accepted: one that is")
		}
		add(func(e *effort, s string) (string, error) { return e.replaced(s, *c.Pattern.String, c.Content) })
	default:
		return fmt.Errorf("type %s; accepted: NFC, NFD, NFKC, NFKD, Prepend, Replace, Sequence", name)
	}
	return nil
}
