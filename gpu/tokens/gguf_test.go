package tokens_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/gpu/tokens"
)

// What a GGUF file carries is the tokenizer of a folder: the same ids.
func TestTokenizersInGGUFFilesAgree(t *testing.T) {
	for name, file := range map[string]string{
		"gguf-llama3": "llama3/tokenizers.jsonl", "gguf-qwen2": "qwen2/tokenizers.jsonl", "gguf-smollm": "gguf-smollm/gguf.jsonl",
		"gguf-vicuna": "vicuna/sentencepiece.jsonl",
	} {
		t.Run(name, func(t *testing.T) {
			tok := open(t, filepath.Join("testdata", name, "tokenizer.gguf"))
			compared := 0
			for _, g := range goldens(t, filepath.Join("testdata", file)) {
				if name == "gguf-vicuna" && (strings.Contains(g.Text, "<s>") || strings.Contains(g.Text, "</s>") || strings.Contains(g.Text, "<unk>")) {
					continue // sentencepiece itself reads no special tokens out of a text
				}
				compared++
				if d := cmp.Diff(g.IDs, encode(t, tok, g.Text)); d != "" {
					t.Errorf("%q (-reference +ours):\n%s", g.Text, d)
				}
				if got := decode(t, tok, g.IDs); got != strings.ReplaceAll(g.Decoded, " \u2047 ", "") {
					t.Errorf("%v decodes to %q, want %q", g.IDs, got, g.Decoded)
				}
			}
			if compared < 100 {
				t.Errorf("only %d texts were compared", compared)
			}
		})
	}
}

// replaced writes a GGUF file in which one text of the same length stands for another.
func replaced(t testing.TB, from, old, with string) string {
	t.Helper()
	data := read(t, filepath.Join("testdata", from, "tokenizer.gguf"))
	if len(old) != len(with) || !strings.Contains(data, old) {
		t.Fatalf("%q for %q", with, old)
	}
	return write(t, t.TempDir(), "tokenizer.gguf", strings.ReplaceAll(data, old, with))
}

func TestTokenizersInGGUFFilesThatAreRefused(t *testing.T) {
	for _, c := range []struct{ from, old, with, want string }{
		{"gguf-qwen2", "gpt2", "bert", `tokenizer.ggml.model: "bert" is not read; accepted: llama (sentencepiece's BPE), gpt2 (byte-level BPE)`},
		{"gguf-qwen2", "qwen2", "qwen9", `tokenizer.ggml.pre: "qwen9" is not read; accepted: command-r, dbrx, `},
		{"gguf-qwen2", "ggml.tokens", "ggml.tokenz", "tokenizer.ggml.tokens: 0 tokens; accepted: 1 to 1048576"},
		{"gguf-qwen2", "ggml.token_type", "ggml.token_typ2", ""},
		{"gguf-vicuna", "ggml.scores", "ggml.scorez", "tokenizer.ggml.scores: 0 of 700 tokens; accepted: one each"},
		{"gguf-vicuna", "<0x41>", "<0x4G>", "byte fallback is on, but the vocabulary lacks <0x41>; accepted: all of <0x00> to <0xFF>"},
	} {
		path := replaced(t, c.from, c.old, c.with)
		_, err := tokens.Open(path)
		if c.want == "" {
			if err != nil { // a file without types has normal tokens only
				t.Error(err)
			}
			continue
		}
		if err == nil || !strings.HasPrefix(err.Error(), path+": "+c.want) {
			t.Errorf("%s: %v, want %s", c.with, err, c.want)
		}
	}
}

func TestDamagedTokenizersInGGUFFiles(t *testing.T) {
	for _, from := range []string{"gguf-llama3", "gguf-vicuna"} {
		data, dir := read(t, filepath.Join("testdata", from, "tokenizer.gguf")), t.TempDir()
		path := filepath.Join(dir, "tokenizer.gguf")
		rapid.Check(t, func(r *rapid.T) {
			at := rapid.IntRange(0, len(data)-1).Draw(r, "at")
			with := rapid.SampledFrom([]string{"\x00", "\xff", "{", " ", "\x07"}).Draw(r, "with")
			if err := os.WriteFile(path, []byte(data[:at]+with+data[at+1:]), 0o644); err != nil {
				r.Fatal(err)
			}
			tok, err := tokens.Open(path)
			if err != nil {
				if !strings.Contains(err.Error(), path) {
					r.Errorf("%v does not name the file", err)
				}
				return
			}
			if ids, err := tok.Encode("a <s> 12\n  <|endoftext|>é the end"); err == nil {
				_, _ = tok.Decode(ids)
			}
		})
	}
}
