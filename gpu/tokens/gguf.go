package tokens

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/workloads/gguf"
)

// pres are the ways to find words, by tokenizer.ggml.pre (ggml-org/llama.cpp, src/llama-vocab.cpp).
var pres = map[string]layout{
	"gpt-2": {pattern: gpt2}, "phi-2": {pattern: gpt2}, "olmo": {pattern: gpt2}, "mpt": {pattern: gpt2},
	"smollm": {pattern: gpt2, digits: true}, "starcoder": {pattern: gpt2, digits: true}, "refact": {pattern: gpt2, digits: true},
	"command-r": {pattern: gpt2, digits: true}, "exaone": {pattern: gpt2, digits: true},
	"llama-bpe": {pattern: llama3}, "llama3": {pattern: llama3}, "llama-v3": {pattern: llama3}, "dbrx": {pattern: llama3},
	"smaug-bpe": {pattern: llama3},
	"qwen2":     {pattern: qwen2, nfc: true}, "deepseek-r1-qwen": {pattern: qwen2, nfc: true}, "stablelm2": {pattern: qwen2},
}

// wholeWords reports whether a word that is a token stays whole whatever the merges say, and BOS goes before a text unless
// the file says otherwise: as Llama 3's.
func wholeWords(pre string) bool {
	return pre == "llama-bpe" || pre == "llama3" || pre == "llama-v3"
}

// ggufVocabulary is what a GGUF file says of its tokenizer.
type ggufVocabulary struct {
	tokens []string
	kinds  []int64   // as in tokenizer.model
	scores []float64 // of sentencepiece's
	config settings
}

// openGGUF reads the tokenizer that a GGUF file carries.
func openGGUF(path string) (*Tokenizer, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	t, err := readGGUF(path, f.Meta)
	if err != nil {
		if !strings.Contains(err.Error(), "accepted: ") {
			err = fmt.Errorf("%w; accepted: a file as llama.cpp converts it", err)
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

func readGGUF(path string, meta gguf.Meta) (*Tokenizer, error) {
	v := ggufVocabulary{config: settings{old: true}}
	v.tokens, _ = gguf.Value[[]string](meta, "tokenizer.ggml.tokens")
	v.kinds, _ = gguf.Value[[]int64](meta, "tokenizer.ggml.token_type")
	v.scores, _ = gguf.Value[[]float64](meta, "tokenizer.ggml.scores")
	kind, _ := gguf.Value[string](meta, "tokenizer.ggml.model")
	if len(v.tokens) == 0 || len(v.tokens) > mostPieces {
		return nil, fmt.Errorf("tokenizer.ggml.tokens: %d tokens; accepted: 1 to %d", len(v.tokens), mostPieces)
	}
	if v.kinds == nil {
		v.kinds = slices.Repeat([]int64{normal}, len(v.tokens))
	}
	if len(v.kinds) != len(v.tokens) {
		return nil, fmt.Errorf("tokenizer.ggml.token_type: %d types of %d tokens; accepted: one each", len(v.kinds), len(v.tokens))
	}
	for key, to := range map[string]**bool{"add_bos_token": &v.config.bos, "add_eos_token": &v.config.eos, "add_space_prefix": &v.config.prefix} {
		if on, ok := gguf.Value[bool](meta, "tokenizer.ggml."+key); ok {
			*to = &on
		}
	}
	t := newTokenizer(path)
	switch kind {
	case "llama":
		return t, v.sentencePiece(t, meta)
	case "gpt2":
		return t, v.byteLevel(t, meta)
	}
	return nil, fmt.Errorf("tokenizer.ggml.model: %q is not read; accepted: llama (sentencepiece's BPE), gpt2 (byte-level BPE)", kind)
}

// role returns the id of bos or eos; ok is false where the file has none.
func (v *ggufVocabulary) role(meta gguf.Meta, name string) (id int, ok bool) {
	n, ok := gguf.Value[int64](meta, "tokenizer.ggml."+name+"_token_id")
	return int(n), ok && n >= 0 && n < int64(len(v.tokens))
}

// around puts BOS and EOS around a text; bos: where the file does not say.
func (v *ggufVocabulary) around(t *Tokenizer, meta gguf.Meta, bos bool) {
	if id, ok := v.role(meta, "bos"); ok && (v.config.bos == nil && bos || v.config.bos != nil && *v.config.bos) {
		t.before = []int{id}
	}
	if id, ok := v.role(meta, "eos"); ok && v.config.eos != nil && *v.config.eos {
		t.after = []int{id}
	}
}

// sentencePiece fills a tokenizer with pieces and their scores.
func (v *ggufVocabulary) sentencePiece(t *Tokenizer, meta gguf.Meta) error {
	if len(v.scores) != len(v.tokens) {
		return fmt.Errorf("tokenizer.ggml.scores: %d of %d tokens; accepted: one each", len(v.scores), len(v.tokens))
	}
	m := spm{model: bpeType, escape: true, dummyPrefix: v.config.prefix == nil || *v.config.prefix, bos: -1, eos: -1}
	for i, text := range v.tokens {
		p := piece{text: text, score: float32(v.scores[i]), kind: uint64(v.kinds[i])}
		m.byteFallback = m.byteFallback || p.kind == singleByte
		m.pieces = append(m.pieces, p)
	}
	if err := m.finish(t, &v.config); err != nil {
		return err
	}
	v.around(t, meta, true)
	return nil
}

// byteLevel fills a tokenizer with tokens and merges.
func (v *ggufVocabulary) byteLevel(t *Tokenizer, meta gguf.Meta) error {
	pre, _ := gguf.Value[string](meta, "tokenizer.ggml.pre")
	l, ok := pres[pre]
	if !ok {
		return fmt.Errorf("tokenizer.ggml.pre: %q is not read; accepted: %s", pre, strings.Join(slices.Sorted(maps.Keys(pres)), ", "))
	}
	t.bpe.ids = make(map[string]int, len(v.tokens))
	var list []added
	for id, text := range v.tokens {
		if kind := v.kinds[id]; kind == control || kind == userDefined {
			list = append(list, added{ID: id, Content: text, Special: kind == control})
		}
		if other, twice := t.bpe.ids[text]; twice {
			return fmt.Errorf("tokenizer.ggml.tokens: %d and %d are %q", other, id, text)
		}
		t.bpe.ids[text] = id
	}
	merges, _ := gguf.Value[[]string](meta, "tokenizer.ggml.merges")
	t.bpe.merges = make(map[pair]merge, len(merges))
	for rank, line := range merges {
		left, right, ok := strings.Cut(line, " ")
		if !ok {
			return fmt.Errorf(`tokenizer.ggml.merges: merge %d is %.60q; accepted: "left right"`, rank, line)
		}
		if err := t.bpe.addMerge(rank, left, right); err != nil {
			return fmt.Errorf("tokenizer.ggml.merges: %w", err)
		}
	}
	t.bpe.whole = wholeWords(pre)
	if err := t.nameWords(); err != nil {
		return err
	}
	l.prefix = v.config.prefix != nil && *v.config.prefix
	if err := t.lay(l); err != nil {
		return err
	}
	v.around(t, meta, wholeWords(pre))
	return t.addTokens(list)
}
