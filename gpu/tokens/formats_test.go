package tokens_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// copied makes a folder with the files of one of testdata's; what is empty in changed is left out.
func copied(t testing.TB, from string, changed map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	entries, err := os.ReadDir(filepath.Join("testdata", from))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, is := changed[e.Name()]
		if !is {
			text = read(t, filepath.Join("testdata", from, e.Name()))
		}
		if text != "" {
			write(t, dir, e.Name(), text)
		}
	}
	return dir
}

func TestFilesOfOlderFoldersThatAreRefused(t *testing.T) {
	ranks := read(t, "testdata/qwen-tiktoken/qwen.tiktoken")
	for _, c := range []struct {
		from    string
		changed map[string]string
		want    string
	}{
		{"gpt2-files", map[string]string{"merges.txt": ""},
			"DIR/vocab.json: there is no merges.txt beside it; accepted: both files of the tokenizer, or its tokenizer.json"},
		{"gpt2-files", map[string]string{"merges.txt": "#version: 0.2\n\nt h\n1 2 3\n"},
			`DIR/vocab.json: merges.txt:4: "1 2 3"; accepted: "left right"`},
		{"gpt2-files", map[string]string{"merges.txt": "q z\n"},
			`DIR/vocab.json: merges.txt:1: merge 0, "q" and "z", names "qz", which is not in vocab; accepted: the merges.txt that was saved with this vocab.json`},
		{"gpt2-files", map[string]string{"vocab.json": "[]"}, "DIR/vocab.json: no list of tokens; accepted: an object of token: id"},
		{"gpt2-files", map[string]string{"tokenizer_config.json": `{"tokenizer_class": "RobertaTokenizer"}`},
			"DIR/vocab.json: with merges.txt is not read as a RobertaTokenizer; accepted: GPT2Tokenizer, CodeGenTokenizer, Qwen2Tokenizer as " +
				"tokenizer_class in tokenizer_config.json, or the same tokenizer as tokenizer.json"},
		{"opt-files", map[string]string{"config.json": `{"model_type": "whisper"}`},
			`DIR/vocab.json: which class reads it is not known: no tokenizer_class, and model_type "whisper" of config.json has none; accepted: ` +
				"GPT2Tokenizer, CodeGenTokenizer, Qwen2Tokenizer as tokenizer_class in tokenizer_config.json, or the same tokenizer as tokenizer.json"},
		{"opt-files", map[string]string{"added_tokens.json": `{"<x>": "y"}`},
			"DIR/added_tokens.json: not a whole added_tokens.json: a text stands where a whole number is due; accepted: the file as it was published"},
		{"opt-files", map[string]string{"tokenizer_config.json": `{"add_bos_token": true, "bos_token": "<begin>"}`},
			`DIR/vocab.json: "<begin>", the bos_token, is not in the vocabulary; accepted: another bos_token in tokenizer_config.json, or add_bos_token false`},
		{"qwen-tiktoken", map[string]string{"qwen.tiktoken": ranks + ranks},
			"DIR/qwen.tiktoken: a tiktoken file, but line 678: the token \"!\" is there twice; accepted: the file as it was published"},
		{"qwen-tiktoken", map[string]string{"qwen.tiktoken": "IQ== 0\n"},
			"DIR/qwen.tiktoken: a tiktoken file, but there is no token of the byte 0x00; accepted: the file as it was published"},
		{"qwen-tiktoken", map[string]string{"qwen.tiktoken": "IQ== x\n"},
			`DIR/qwen.tiktoken: a tiktoken file, but line 1: "x" is no rank; accepted: the file as it was published`},
		{"internlm2", map[string]string{"tokenizer_config.json": `{"added_tokens_decoder": {"700": {"content": "<x>"}, "1": {"content": "<s>"}, "0700": {"content": "<y>"}}}`},
			`DIR/tokenizer.model: the added token "<x>" has id 700, which is "<y>"'s`},
	} {
		t.Run(c.from, func(t *testing.T) { wantError(t, copied(t, c.from, c.changed), c.want) })
	}
}

func TestDamagedFilesOfOlderFolders(t *testing.T) {
	for from, name := range map[string]string{"gpt2-files": "vocab.json", "qwen2-files": "merges.txt", "opt-files": "added_tokens.json",
		"qwen-tiktoken": "qwen.tiktoken", "llama3-model": "tokenizer.model"} {
		dir := copied(t, from, nil)
		data := read(t, filepath.Join(dir, name))
		rapid.Check(t, func(r *rapid.T) {
			at := rapid.IntRange(0, len(data)-1).Draw(r, "at")
			upTo := rapid.IntRange(at, min(at+40, len(data))).Draw(r, "upTo")
			with := rapid.SampledFrom([]string{"", "\x00", "\xff", "{", "]", `"`, "-1", "99999999999999999999", "null", "\n", " "}).Draw(r, "with")
			damaged(r, dir, name, data[:at]+with+data[upTo:], "a <s> 12\n  <|endoftext|>é the end")
		})
	}
}

// A renamed token is found by its new name, and shows under it where it is no special one.
func TestRenamedTokens(t *testing.T) {
	config := strings.Replace(read(t, "testdata/internlm2/tokenizer_config.json"), `"content": "<|im_start|>",
   "special": true`, `"content": "<|plugin|>",
   "special": false`, 1)
	tok := open(t, copied(t, "internlm2", map[string]string{"tokenizer_config.json": config}))
	if ids := encode(t, tok, "<|plugin|>"); len(ids) != 2 || ids[1] != 700 {
		t.Errorf("got %v, want BOS and 700", ids)
	}
	if got := decode(t, tok, []int{700}); got != "<|plugin|>" {
		t.Errorf("700 decodes to %q", got)
	}
}

// add_prefix_space counts with legacy, too: without a prefix nothing is left of what legacy changes.
func TestAddPrefixSpaceOverrulesTheModel(t *testing.T) {
	config := strings.Replace(read(t, "testdata/spm-late/tokenizer_config.json"), `"legacy": false`, `"legacy": true`, 1)
	tok := open(t, copied(t, "spm-late", map[string]string{"tokenizer_config.json": config}))
	for _, g := range goldens(t, "testdata/spm-late/transformers.jsonl") {
		if d := cmp.Diff(g.IDs, encode(t, tok, g.Text)); d != "" {
			t.Errorf("%q (-legacy: false +legacy: true):\n%s", g.Text, d)
		}
	}
}

func TestTokenizersOfOtherKindsAreNamed(t *testing.T) {
	for name, what := range map[string]string{"cl100k_base.tiktoken": "tiktoken's ranks without the pattern and the special tokens that its model's code has",
		"tiktoken.model": "tiktoken's ranks without the pattern and the special tokens that its model's code has", "tekken.json": "Mistral's Tekken",
		"vocab.txt": "WordPiece's words", "spiece.model": "sentencepiece's Unigram"} {
		dir := t.TempDir()
		write(t, dir, name, "x")
		wantError(t, dir, "DIR has no tokenizer that is read: "+name+" is "+what+"; accepted: a folder with tokenizer.json, tokenizer.model, "+
			"vocab.json and merges.txt, or qwen.tiktoken")
	}
}
