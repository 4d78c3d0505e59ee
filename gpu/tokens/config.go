package tokens

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// settings is what tokenizer_config.json says about ids. It has dozens of other keys.
type settings struct {
	class string // tokenizer_class
	bos   *bool  // add_bos_token
	eos   *bool
	old   bool // legacy: each stretch of text between added tokens gets a space of its own

	bosToken, eosToken string
	added              []added
}

// readConfig reads tokenizer_config.json. A folder need not have one.
func readConfig(file string) (*settings, error) {
	s := &settings{old: true}
	data, err := files.Read(file, files.TokenizerConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	var c struct {
		Class  string           `json:"tokenizer_class"`
		Bos    *bool            `json:"add_bos_token"`
		Eos    *bool            `json:"add_eos_token"`
		Legacy *bool            `json:"legacy"`
		BosTok tokenName        `json:"bos_token"`
		EosTok tokenName        `json:"eos_token"`
		Added  map[string]added `json:"added_tokens_decoder"`
	}
	if err := files.ExactKeys(data, &c); err != nil {
		return nil, fmt.Errorf("%s: %w; accepted: keys as transformers writes them", file, err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("%s: not a whole tokenizer_config.json: %w; accepted: the file as it was published", file, files.NotJSON(err))
	}
	s.class, s.bos, s.eos = c.Class, c.Bos, c.Eos
	s.bosToken, s.eosToken = string(c.BosTok), string(c.EosTok)
	s.old = c.Legacy == nil || *c.Legacy
	for _, key := range slices.Sorted(maps.Keys(c.Added)) {
		a := c.Added[key]
		if a.ID, err = strconv.Atoi(key); err != nil || a.ID < 0 {
			return nil, fmt.Errorf("%s: added_tokens_decoder has the key %q; accepted: ids", file, key)
		}
		s.added = append(s.added, a)
	}
	slices.SortFunc(s.added, func(a, b added) int { return cmp.Compare(a.ID, b.ID) })
	return s, nil
}

// tokenName is a token by its content alone, or as an object.
type tokenName string

func (t *tokenName) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, (*string)(t)) == nil {
		return nil
	}
	var a added
	err := json.Unmarshal(data, &a)
	*t = tokenName(a.Content)
	return err
}

// decides reports whether the settings overrule the post-processor of tokenizer.json, as transformers has it for the
// classes that come from sentencepiece models and for GPT-NeoX's.
func (s *settings) decides() bool {
	llama := strings.HasPrefix(s.class, "Llama") || strings.HasPrefix(s.class, "CodeLlama")
	return llama || strings.HasPrefix(s.class, "GPTNeoX") && (s.bos != nil || s.eos != nil)
}

// around returns the ids before and after a text.
func (s *settings) around(id func(word string) (int, bool)) (before, after []int, err error) {
	neox := strings.HasPrefix(s.class, "GPTNeoX")
	one := func(on bool, key, name string) []int {
		if !on {
			return nil
		}
		of, ok := id(name)
		if !ok && err == nil {
			err = fmt.Errorf("%q, the %s_token, is not in the vocabulary; accepted: another %[2]s_token in tokenizer_config.json, or add_%[2]s_token false", name, key)
		}
		return []int{of}
	}
	// Llama's classes add BOS, and call it <s>, unless told otherwise.
	before = one(s.bos == nil && !neox || s.bos != nil && *s.bos, "bos", cmp.Or(s.bosToken, "<s>"))
	after = one(s.eos != nil && *s.eos, "eos", cmp.Or(s.eosToken, "</s>"))
	return before, after, err
}
