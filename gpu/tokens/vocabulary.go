package tokens

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// endOfText is what GPT-2's class and its successors call BOS, EOS and the unknown token unless told otherwise.
const endOfText = "<|endoftext|>"

// classes are those of transformers that read vocab.json and merges.txt, by their names without Fast.
func classes() map[string]layout {
	return map[string]layout{
		"GPT2Tokenizer":    {pattern: gpt2},
		"CodeGenTokenizer": {pattern: gpt2},
		"Qwen2Tokenizer":   {pattern: qwen2, nfc: true},
	}
}

// classOf is the class that AutoTokenizer takes for a folder whose tokenizer_config.json names none (transformers 5.24,
// tokenization_auto.py).
func classOf(dir string) (string, error) {
	var c struct {
		Model string `json:"model_type"`
	}
	data, err := files.Read(filepath.Join(dir, "config.json"), files.ModelConfig)
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return "", files.NotJSON(err)
	}
	switch c.Model {
	case "gpt2", "opt", "phi", "starcoder2":
		return "GPT2Tokenizer", nil
	case "qwen2", "qwen2_moe", "qwen3", "qwen3_moe":
		return "Qwen2Tokenizer", nil
	}
	return "", fmt.Errorf("no tokenizer_class, and model_type %q of config.json has none", c.Model)
}

// readVocabulary reads vocab.json and the merges.txt beside it, as GPT-2's class saves them.
func readVocabulary(file string, data []byte, config *settings) (*Tokenizer, error) {
	dir := filepath.Dir(file)
	class := strings.TrimSuffix(config.class, "Fast")
	if class == "" {
		var err error
		if class, err = classOf(dir); err != nil {
			return nil, fmt.Errorf("which class reads it is not known: %w; %s", err, acceptedClasses)
		}
	}
	l, ok := classes()[class]
	if !ok {
		return nil, fmt.Errorf("with merges.txt is not read as a %s; %s", class, acceptedClasses)
	}
	l.prefix = config.prefix != nil && *config.prefix
	t := newTokenizer(file)
	if err := json.Unmarshal(data, &t.bpe.ids); err != nil || len(t.bpe.ids) == 0 {
		return nil, errors.New("no list of tokens; accepted: an object of token: id")
	}
	if err := t.nameWords(); err != nil {
		return nil, err
	}
	if err := t.bpe.readMergesFile(filepath.Join(dir, "merges.txt")); err != nil {
		return nil, err
	}
	if err := t.lay(l); err != nil {
		return nil, err
	}
	return t, t.addRoles(class, config)
}

const acceptedClasses = "accepted: GPT2Tokenizer, CodeGenTokenizer, Qwen2Tokenizer as tokenizer_class in tokenizer_config.json, or the " +
	"same tokenizer as tokenizer.json"

// addRoles adds the special tokens of GPT-2's class and its successors, and puts BOS before a text where that is asked for.
func (t *Tokenizer) addRoles(class string, config *settings) error {
	list := slices.Clone(config.added)
	names := append([]string{endOfText}, config.special...)
	for _, name := range names {
		if id, ok := t.bpe.ids[name]; ok {
			list = append(list, added{ID: id, Content: name, Special: true})
		}
	}
	if err := t.addTokens(list); err != nil {
		return err
	}
	bos := config.bosToken
	if bos == "" && class != "Qwen2Tokenizer" {
		bos = endOfText
	}
	if config.bos == nil || !*config.bos || bos == "" {
		return nil
	}
	id, err := roleID(t.id, "bos", bos)
	t.before = []int{id}
	return err
}

// readMergesFile reads a line "left right" for each merge, in their order. The first line may be a comment with the version.
func (b *bpe) readMergesFile(file string) error {
	data, err := files.Read(file, files.Merges)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("there is no %s beside it; accepted: both files of the tokenizer, or its tokenizer.json", filepath.Base(file))
	}
	if err != nil {
		return err
	}
	b.merges = map[pair]merge{}
	rank := 0
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimRight(line, "\r")
		if line == "" || strings.HasPrefix(line, "#version") {
			continue
		}
		left, right, ok := strings.Cut(line, " ")
		if !ok || left == "" || right == "" || strings.Contains(right, " ") {
			return fmt.Errorf(`merges.txt:%d: %.60q; accepted: "left right"`, i+1, line)
		}
		if err := b.addMerge(rank, left, right); err != nil {
			return fmt.Errorf("merges.txt:%d: %w; accepted: the merges.txt that was saved with this vocab.json", i+1, err)
		}
		rank++
	}
	return nil
}
