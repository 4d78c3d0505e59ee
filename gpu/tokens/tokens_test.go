package tokens_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/gpu/tokens"
)

// golden is what the reference makes of a text.
type golden struct {
	Text    string
	IDs     []int
	Decoded string
}

func goldens(t testing.TB, file string) []golden {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var all []golden
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var g golden
		if err := json.Unmarshal(lines.Bytes(), &g); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, g)
	}
	if len(all) < 100 {
		t.Fatalf("%s has only %d texts", file, len(all))
	}
	return all
}

func open(t testing.TB, dir string) *tokens.Tokenizer {
	t.Helper()
	tok, err := tokens.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func decode(t testing.TB, tok *tokens.Tokenizer, ids []int) string {
	t.Helper()
	text, err := tok.Decode(ids)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func encode(t testing.TB, tok *tokens.Tokenizer, text string) []int {
	t.Helper()
	ids, err := tok.Encode(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return ids
}

// The folders of testdata, by what wrote their goldens: see testdata/README.md.
func folders(t testing.TB, reference string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*", reference))
	if err != nil || len(files) == 0 {
		t.Fatalf("no %s: %v", reference, err)
	}
	return files
}

func TestHuggingFaceAgrees(t *testing.T) {
	for _, file := range slices.Concat(folders(t, "tokenizers.jsonl"), folders(t, "transformers.jsonl"), folders(t, "tiktoken.jsonl")) {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			tok := open(t, dir)
			for _, g := range goldens(t, file) {
				if d := cmp.Diff(g.IDs, encode(t, tok, g.Text)); d != "" {
					t.Errorf("%q (-reference +ours):\n%s", g.Text, d)
				}
				if got := decode(t, tok, g.IDs); got != g.Decoded {
					t.Errorf("%v decodes to %q, want %q", g.IDs, got, g.Decoded)
				}
			}
		})
	}
}

// sentencepiece itself reads no special tokens out of a text, models of Hugging Face do: these texts are left to the next test.
func TestSentencepieceAgrees(t *testing.T) {
	for _, file := range folders(t, "sentencepiece.jsonl") {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			tok := open(t, dir)
			compared := 0
			for _, g := range goldens(t, file) {
				if strings.Contains(g.Text, "<s>") || strings.Contains(g.Text, "</s>") || strings.Contains(g.Text, "<unk>") {
					continue
				}
				compared++
				if d := cmp.Diff(g.IDs, encode(t, tok, g.Text)); d != "" {
					t.Errorf("%q (-reference +ours):\n%s", g.Text, d)
				}
				// It shows <unk> as a sign of its own; Hugging Face's leave special tokens out.
				if want := strings.ReplaceAll(g.Decoded, " \u2047 ", ""); decode(t, tok, g.IDs) != want {
					t.Errorf("%v decodes to %q, want %q", g.IDs, decode(t, tok, g.IDs), want)
				}
			}
			if compared < 100 {
				t.Errorf("only %d texts were compared", compared)
			}
		})
	}
}

// llama2 is vicuna's vocabulary as tokenizer.json, with BOS.
func TestBothFormatsOfAVocabularyAgree(t *testing.T) {
	spm := open(t, "testdata/vicuna")
	for _, g := range goldens(t, "testdata/llama2/tokenizers.jsonl") {
		if d := cmp.Diff(g.IDs, append([]int{1}, encode(t, spm, g.Text)...)); d != "" {
			t.Errorf("%q (-tokenizer.json +tokenizer.model):\n%s", g.Text, d)
		}
	}
}

func TestByteLevelGivesBackEveryText(t *testing.T) {
	for _, name := range []string{"phi", "llama3", "vicuna", "llama2"} {
		t.Run(name, func(t *testing.T) {
			tok := open(t, filepath.Join("testdata", name))
			rapid.Check(t, func(r *rapid.T) {
				text := rapid.String().Draw(r, "text")
				want := text
				if name == "vicuna" || name == "llama2" {
					want = strings.ReplaceAll(text, "\u2581", " ") // sentencepiece's own mark of a space
				}
				ids, err := tok.Encode(text)
				if err != nil {
					r.Fatal(err)
				}
				if got := decode(t, tok, ids); got != want {
					r.Fatalf("%q came back as %q", text, got)
				}
			})
		})
	}
}

func TestTextThatIsNotUTF8IsRefused(t *testing.T) {
	tok := open(t, "testdata/phi")
	_, err := tok.Encode("ab\xffc")
	if want := "the text is not UTF-8: byte 0xff at offset 2; accepted: UTF-8"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := tok.Encode("ab\ufffdc"); err != nil {
		t.Errorf("U+FFFD itself: %v", err)
	}
}

func TestUnknownIDsShow(t *testing.T) {
	for _, name := range []string{"phi", "llama2", "vicuna", "metaspace-words"} {
		tok := open(t, filepath.Join("testdata", name))
		if got := decode(t, tok, []int{-1, 1 << 40}); got != "\ufffd\ufffd" {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// A word of n characters takes n log n steps: a quadratic merge would take minutes here.
func TestLongTexts(t *testing.T) {
	if testing.Short() {
		t.Skip("a long text")
	}
	for _, name := range []string{"phi", "llama3", "vicuna"} {
		tok := open(t, filepath.Join("testdata", name))
		for _, text := range []string{strings.Repeat("the bandwidth of ", 5_000), strings.Repeat("ab", 50_000), strings.Repeat(" ", 80_000) + "x"} {
			if got := decode(t, tok, encode(t, tok, text)); got != text {
				t.Errorf("%s: %.20q… came back otherwise", name, text)
			}
		}
	}
}

func TestGoldensHaveTheSameTexts(t *testing.T) {
	texts := func(file string) (all []string) {
		for _, g := range goldens(t, file) {
			all = append(all, g.Text)
		}
		return all
	}
	want := texts("testdata/phi/tokenizers.jsonl")
	for _, file := range slices.Concat(folders(t, "tokenizers.jsonl"), folders(t, "sentencepiece.jsonl"), folders(t, "transformers.jsonl"),
		folders(t, "tiktoken.jsonl")) {
		if d := cmp.Diff(want, texts(file)); d != "" {
			t.Errorf("%s (-phi +this):\n%s", file, d)
		}
	}
}

// TestFilesOfTheProgram: what the program carries is read as a folder is.
func TestFilesOfTheProgram(t *testing.T) {
	const dir = "testdata/qwen2"
	got, err := tokens.OpenFS(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	want := open(t, dir)
	for _, g := range goldens(t, dir+"/tokenizers.jsonl") {
		ids, err := got.Encode(g.Text)
		if is, _ := want.Encode(g.Text); err != nil || !slices.Equal(ids, is) || decode(t, got, ids) != decode(t, want, is) {
			t.Errorf("%q: %v, %v; want %v", g.Text, ids, err, is)
		}
	}
	for _, missing := range []string{"tokenizer.json", "tokenizer_config.json"} {
		in := fstest.MapFS{}
		for _, name := range []string{"tokenizer.json", "tokenizer_config.json"} {
			if data, err := os.ReadFile(filepath.Join(dir, name)); err == nil && name != missing {
				in[name] = &fstest.MapFile{Data: data}
			}
		}
		if _, err := tokens.OpenFS(in); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
			t.Errorf("without %s: %v", missing, err)
		}
	}
}
