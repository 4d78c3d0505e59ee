package tokens

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A tiktoken file has a line for each token of the merges: its bytes in base64, a space, and its rank, which is its id
// (openai/tiktoken, load.py). Neighbours that make a token merge, the one of the lowest rank first. Special tokens and the
// pattern of words stand in the code that reads the file, which differs from model to model.

// isRanks reports whether a file is one of tiktoken's: a message of sentencepiece begins with a byte below the letters.
func isRanks(data []byte) bool {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	_, _, err := readRank(string(line))
	return err == nil
}

func readRank(line string) (token []byte, rank int, err error) {
	text, number, ok := strings.Cut(strings.TrimRight(line, "\r"), " ")
	if !ok {
		return nil, 0, fmt.Errorf("%.60q is no token and its rank", line)
	}
	if token, err = base64.StdEncoding.DecodeString(text); err != nil || len(token) == 0 {
		return nil, 0, fmt.Errorf("%.60q is no token in base64", text)
	}
	if rank, err = strconv.Atoi(number); err != nil || rank < 0 {
		return nil, 0, fmt.Errorf("%.60q is no rank", number)
	}
	return token, rank, nil
}

// readRanks fills a tokenizer with the tokens of a tiktoken file, written in the alphabet of bytes.
func (t *Tokenizer) readRanks(data []byte) error {
	t.bpe.ids = map[string]int{}
	for i, line := range strings.Split(strings.TrimRight(string(data), "\r\n"), "\n") {
		token, rank, err := readRank(line)
		if err == nil && len(token) > longestPiece {
			err = fmt.Errorf("a token of %d bytes; accepted: at most %d", len(token), longestPiece)
		}
		if err == nil && i >= mostPieces {
			err = fmt.Errorf("one token more than may be; accepted: at most %d", mostPieces)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
		var word strings.Builder
		for _, b := range token {
			word.WriteString(alphabet[b])
		}
		if _, twice := t.bpe.ids[word.String()]; twice {
			return fmt.Errorf("line %d: the token %q is there twice", i+1, token)
		}
		t.bpe.ids[word.String()] = rank
	}
	for b, word := range alphabet {
		if _, ok := t.bpe.ids[word]; !ok {
			return fmt.Errorf("there is no token of the byte %#02x", b)
		}
	}
	t.bpe.whole = true
	t.bpe.merges = map[pair]merge{}
	for word, id := range t.bpe.ids {
		for i := range word {
			left, ok := t.bpe.ids[word[:i]]
			right, too := t.bpe.ids[word[i:]]
			if ok && too {
				t.bpe.merges[pair{left, right}] = merge{id, id}
			}
		}
	}
	return t.nameWords()
}

// readQwen reads qwen.tiktoken of Qwen's first models, whose special tokens follow the others (QwenLM/Qwen,
// tokenization_qwen.py).
func readQwen(file string, data []byte, config *settings) (*Tokenizer, error) {
	special := []string{endOfText, "<|im_start|>", "<|im_end|>"}
	for i := range 205 {
		special = append(special, fmt.Sprintf("<|extra_%d|>", i))
	}
	return readTiktoken(file, data, layout{pattern: qwen2, nfc: true}, special, config)
}

// readLlama3 reads the tokenizer.model that Meta publishes, in which the 256 special tokens follow the others
// (meta-llama/llama-models, models/llama3/tokenizer.py). BOS goes before a text, as in the tokenizer.json of the same models.
func readLlama3(file string, data []byte, config *settings) (*Tokenizer, error) {
	special := []string{"<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>",
		"<|finetune_right_pad_id|>", "<|step_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>",
		"<|python_tag|>", "<|image|>"}
	for i := 2; len(special) < 256; i++ {
		special = append(special, fmt.Sprintf("<|reserved_special_token_%d|>", i))
	}
	t, err := readTiktoken(file, data, layout{pattern: llama3}, special, config)
	if err != nil {
		return nil, err
	}
	if config.bos == nil || *config.bos {
		id, wrong := roleID(t.id, "bos", cmp.Or(config.bosToken, special[0]))
		t.before, err = []int{id}, wrong
	}
	return t, err
}

// readTiktoken reads ranks and puts the special tokens behind them, unless tokenizer_config.json lists those.
func readTiktoken(file string, data []byte, l layout, special []string, config *settings) (*Tokenizer, error) {
	t := newTokenizer(file)
	if err := t.readRanks(data); err != nil {
		return nil, fmt.Errorf("a tiktoken file, but %w; accepted: the file as it was published", err)
	}
	list := slices.Clone(config.added)
	for i, name := range special {
		if len(config.added) == 0 {
			list = append(list, added{ID: len(t.bpe.ids) + i, Content: name, Special: true})
		}
	}
	if err := t.lay(l); err != nil {
		return nil, err
	}
	return t, t.addTokens(list)
}
