package tokens

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

const configFile = "tokenizer_config.json"

// settings is what the files beside a vocabulary say about ids. tokenizer_config.json has dozens of other keys.
type settings struct {
	class  string // tokenizer_class
	bos    *bool  // add_bos_token
	eos    *bool
	old    bool  // legacy: each stretch of text between added tokens gets a space of its own
	prefix *bool // add_prefix_space

	bosToken, eosToken string
	special            []string // names of special tokens of all roles
	added              []added
}

// readConfig reads tokenizer_config.json of a folder. A folder need not have one.
func readConfig(dir string) (*settings, error) {
	file := filepath.Join(dir, configFile)
	data, err := files.Read(file, files.TokenizerConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return &settings{old: true}, nil
	}
	if err != nil {
		return nil, err
	}
	return parseConfig(file, data)
}

// parseConfig reads the text of tokenizer_config.json.
func parseConfig(file string, data []byte) (*settings, error) {
	s := &settings{}
	var c struct {
		Class  string           `json:"tokenizer_class"`
		Bos    *bool            `json:"add_bos_token"`
		Eos    *bool            `json:"add_eos_token"`
		Legacy *bool            `json:"legacy"`
		Prefix *bool            `json:"add_prefix_space"`
		BosTok tokenName        `json:"bos_token"`
		EosTok tokenName        `json:"eos_token"`
		UnkTok tokenName        `json:"unk_token"`
		PadTok tokenName        `json:"pad_token"`
		Added  map[string]added `json:"added_tokens_decoder"`
	}
	if err := files.ExactKeys(data, &c); err != nil {
		return nil, fmt.Errorf("%s: %w; accepted: keys as transformers writes them", file, err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("%s: not a whole tokenizer_config.json: %w; accepted: the file as it was published", file, files.NotJSON(err))
	}
	s.class, s.bos, s.eos, s.prefix = c.Class, c.Bos, c.Eos, c.Prefix
	s.bosToken, s.eosToken = string(c.BosTok), string(c.EosTok)
	for _, name := range []tokenName{c.BosTok, c.EosTok, c.UnkTok, c.PadTok} {
		s.special = append(s.special, string(name))
	}
	s.old = c.Legacy == nil || *c.Legacy
	for _, key := range slices.Sorted(maps.Keys(c.Added)) {
		a, err := c.Added[key], error(nil)
		if a.ID, err = strconv.Atoi(key); err != nil || a.ID < 0 {
			return nil, fmt.Errorf("%s: added_tokens_decoder has the key %q; accepted: ids", file, key)
		}
		s.added = append(s.added, a)
	}
	slices.SortFunc(s.added, func(a, b added) int { return cmp.Compare(a.ID, b.ID) })
	return s, nil
}

// readAdded reads added_tokens.json and special_tokens_map.json, which said before transformers 4.34 what
// added_tokens_decoder says now, and tokenizer.json says itself.
func (s *settings) readAdded(dir string) error {
	if len(s.added) > 0 {
		return nil
	}
	var ids map[string]int
	if err := readBeside(filepath.Join(dir, "added_tokens.json"), &ids); err != nil {
		return err
	}
	var roles map[string]json.RawMessage
	if err := readBeside(filepath.Join(dir, "special_tokens_map.json"), &roles); err != nil {
		return err
	}
	special := map[string]bool{}
	for _, raw := range roles {
		var one tokenName
		var many []tokenName
		if json.Unmarshal(raw, &many) != nil && json.Unmarshal(raw, &one) == nil {
			many = []tokenName{one}
		}
		for _, name := range many {
			special[string(name)] = true
		}
	}
	s.special = append(s.special, slices.Sorted(maps.Keys(special))...)
	for _, name := range slices.Sorted(maps.Keys(ids)) {
		if ids[name] < 0 {
			return fmt.Errorf("%s: %q has id %d; accepted: 0 or more", filepath.Join(dir, "added_tokens.json"), name, ids[name])
		}
		s.added = append(s.added, added{ID: ids[name], Content: name, Special: special[name], Normalized: !special[name]})
	}
	slices.SortStableFunc(s.added, func(a, b added) int { return cmp.Compare(a.ID, b.ID) })
	return nil
}

// readBeside reads a file that a folder may have.
func readBeside(file string, into any) error {
	data, err := files.Read(file, files.AddedTokens)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: not a whole %s: %w; accepted: the file as it was published", file, filepath.Base(file), files.NotJSON(err))
	}
	return nil
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
		of, wrong := roleID(id, key, name)
		err = cmp.Or(err, wrong)
		return []int{of}
	}
	// Llama's classes add BOS, and call it <s>, unless told otherwise.
	before = one(s.bos == nil && !neox || s.bos != nil && *s.bos, "bos", cmp.Or(s.bosToken, "<s>"))
	after = one(s.eos != nil && *s.eos, "eos", cmp.Or(s.eosToken, "</s>"))
	return before, after, err
}

// roleID is the id of the token in a role, bos or eos.
func roleID(id func(word string) (int, bool), role, name string) (int, error) {
	of, ok := id(name)
	if !ok {
		return 0, fmt.Errorf("%q, the %s_token, is not in the vocabulary; accepted: another %[2]s_token in tokenizer_config.json, or "+
			"add_%[2]s_token false", name, role)
	}
	return of, nil
}
