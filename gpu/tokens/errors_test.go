package tokens_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"

	"github.com/pmpdsim/pmpdsim/gpu/tokens"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

func read(t testing.TB, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// wantError opens a folder and compares the message, in which DIR is the folder.
func wantError(t *testing.T, dir, want string) {
	t.Helper()
	_, err := tokens.Open(dir)
	if err == nil {
		t.Fatalf("was opened, want %s", want)
	}
	if name := filepath.Base(strings.SplitN(want, ": ", 2)[0]); !strings.Contains(want, "accepted: ") {
		want += "; accepted: " + name + " as it was saved with the model"
	}
	if got := strings.ReplaceAll(err.Error(), dir, "DIR"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestFoldersThatAreRefused(t *testing.T) {
	t.Run("without a tokenizer", func(t *testing.T) {
		wantError(t, t.TempDir(), "DIR has no tokenizer; accepted: a folder with tokenizer.json, tokenizer.model, "+
			"vocab.json and merges.txt, or qwen.tiktoken")
	})
	t.Run("with a cut off tokenizer_config.json", func(t *testing.T) {
		dir := t.TempDir()
		write(t, dir, "tokenizer_config.json", `{"add_bos_token": true,`)
		write(t, dir, "tokenizer.json", read(t, "testdata/phi/tokenizer.json"))
		wantError(t, dir, "DIR/tokenizer_config.json: not a whole tokenizer_config.json: not JSON: it ends too early; accepted: the file as it was published")
	})
	t.Run("with a BOS that is no token", func(t *testing.T) {
		dir := t.TempDir()
		write(t, dir, "tokenizer_config.json", `{"tokenizer_class": "LlamaTokenizer", "bos_token": "<begin>"}`)
		write(t, dir, "tokenizer.json", read(t, "testdata/llama2/tokenizer.json"))
		wantError(t, dir, `DIR/tokenizer.json: "<begin>", the bos_token, is not in the vocabulary; accepted: another bos_token in tokenizer_config.json, or add_bos_token false`)
	})
	t.Run("with an added token without an id", func(t *testing.T) {
		dir := t.TempDir()
		write(t, dir, "tokenizer_config.json", `{"added_tokens_decoder": {"x": {"content": "<x>"}}}`)
		wantError(t, dir, `DIR/tokenizer_config.json: added_tokens_decoder has the key "x"; accepted: ids`)
	})
}

func TestTokenizerJSONThatIsRefused(t *testing.T) {
	for _, c := range []struct{ name, of, old, with, want string }{
		{"cut off", "phi", `"model":{`, "\x00", "not a whole tokenizer.json: not JSON: '\\x00' cannot stand at byte 5186; accepted: the file as it was published"},
		{"another model", "phi", `"type":"BPE"`, `"type":"Unigram"`, "model: type Unigram; accepted: BPE"},
		{"no model", "phi", `"model":`, `"mode":`, "model: missing or not an object; accepted: a BPE model"},
		{"a key of the model that may change ids", "phi", `"fuse_unk":`, `"fuse_all":true,"fuse_unk":`, `model: the key "fuse_all" is not known`},
		{"a word suffix", "phi", `"end_of_word_suffix":null`, `"end_of_word_suffix":"</w>"`, "model: end_of_word_suffix is set; accepted: null"},
		{"dropout", "phi", `"dropout":null`, `"dropout":0.1`, "model: dropout is set; accepted: null"},
		{"a merge of an unknown token", "phi", `"merges":["`, `"merges":["qq zz","`, `model: merge 0, "qq" and "zz", names "qq", which is not in vocab`},
		{"a merge into an unknown token", "phi", `"merges":["`, `"merges":["! §","`, `model: merge 0, "!" and "§", names "!§", which is not in vocab`},
		{"a merge of three", "phi", `"merges":["`, `"merges":["a b c","`, `model: merge 0 is "a b c"; accepted: "left right" or ["left", "right"]`},
		{"a merge of one", "llama3", `"merges":[[`, `"merges":[["a"],[`, `model: merge 0 is ["a"]; accepted: "left right" or ["left", "right"]`},
		{"one id twice", "phi", `"vocab":{`, `"vocab":{"zzz":0,`, `model: two tokens have id 0: "!" and "zzz"`},
		{"a negative id", "phi", `"vocab":{`, `"vocab":{"zzz":-1,`, `model: the token "zzz" has id -1; accepted: 0 or more`},
		{"no vocabulary", "phi", `"vocab":{`, `"vocab":3,"x":{`, `model: the key "x" is not known`},
		{"a vocabulary of names", "phi", `"vocab":{`, `"vocab":{"zzz":"x",`, "model: vocab is no list of tokens; accepted: an object of token: id"},
		{"an unknown token that is none", "llama2", `"unk_token":"<unk>"`, `"unk_token":"<what>"`, `model: unk_token "<what>" is not in vocab`},
		{"a missing byte", "llama2", `"<0x41>":`, `"<0x411>":`, "model: byte fallback is on, but the vocabulary lacks <0x41>; accepted: all of <0x00> to <0xFF>"},
		{"another normalizer", "neox", `"type":"NFC"`, `"type":"BertNormalizer"`, "normalizer: type BertNormalizer; accepted: NFC, NFD, NFKC, NFKD, Prepend, Replace, Sequence"},
		{"a normalizer's unknown key", "neox", `"type":"NFC"`, `"type":"NFC","lowercase":true`, `normalizer: the key "lowercase" is not known`},
		{"a replacement by pattern", "llama2", `{"String":" "},"content":"▁"`, `{"Regex":" +"},"content":"▁"`, `normalizer: type Replace with a pattern that is no String; accepted: one that is`},
		{"another pre-tokenizer", "phi", `"pre_tokenizer":{"type":"ByteLevel"`, `"pre_tokenizer":{"type":"Whitespace"`, "pre_tokenizer: type Whitespace; accepted: ByteLevel, Digits, Metaspace, Punctuation, Sequence, Split"},
		{"a pre-tokenizer without a type", "phi", `"pre_tokenizer":{"type":"ByteLevel"`, `"pre_tokenizer":{"typ":"ByteLevel"`, "pre_tokenizer: it has no type"},
		{"a pattern that is none", "qwen2", `"Regex":"`, `"Regex":"(`, "pre_tokenizer: the pattern "},
		{"another behavior", "qwen2", `"behavior":"Isolated"`, `"behavior":"Joined"`, `pre_tokenizer: type Split with behavior "Joined"; accepted: Isolated, Removed, MergedWithPrevious, MergedWithNext, Contiguous`},
		{"another prepend scheme", "metaspace-first", `"prepend_scheme":"first"`, `"prepend_scheme":"last"`, `pre_tokenizer: type Metaspace with prepend_scheme "last"; accepted: always, first, never`},
		{"an empty replacement", "metaspace-first", `"replacement":"▁"`, `"replacement":""`, `pre_tokenizer: type Metaspace with replacement ""; accepted: one character`},
		{"another post-processor", "llama3", `"type":"TemplateProcessing"`, `"type":"BertProcessing"`, "post_processor: type BertProcessing; accepted: ByteLevel, Sequence, TemplateProcessing"},
		{"a template without a text", "llama2", `"single":[`, `"single":[],"was":[`, "post_processor: type TemplateProcessing: single has 0 Sequences; accepted: one"},
		{"a template of an unknown token", "llama2", `"special_tokens":{"<s>"`, `"special_tokens":{"<t>"`, `post_processor: type TemplateProcessing: "<s>" is not among special_tokens`},
		{"a template of an unknown id", "llama2", `"ids":[1]`, `"ids":[12345]`, `post_processor: type TemplateProcessing: "<s>" has id 12345, which is not in the vocabulary`},
		{"another decoder", "phi", `"decoder":{"type":"ByteLevel"`, `"decoder":{"type":"CTC"`, "decoder: type CTC; accepted: ByteFallback, ByteLevel, Fuse, Metaspace, Replace, Sequence, Strip"},
		{"an empty added token", "phi", `"content":"<|endoftext|>"`, `"content":""`, `added_tokens: the added token "" has id 676; accepted: a text, and 0 or more`},
		{"an added token at another's id", "phi", `{"id":676,`, `{"id":5,`, `added_tokens: the added token "<|endoftext|>" has id 5, which is "&"'s`},
		{"an added token with another id than in the vocabulary", "llama2", `{"id":1,`, `{"id":3,`, `added_tokens: the added token "<s>" has id 3, but 1 in the vocabulary`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := read(t, filepath.Join("testdata", c.of, "tokenizer.json"))
			if !strings.Contains(text, c.old) {
				t.Fatalf("%s has no %s", c.of, c.old)
			}
			dir := t.TempDir()
			write(t, dir, "tokenizer.json", strings.Replace(text, c.old, c.with, 1))
			if strings.HasSuffix(c.want, " ") { // what follows is the library's
				if _, err := tokens.Open(dir); err == nil || !strings.HasPrefix(err.Error(), dir+"/tokenizer.json: "+c.want) {
					t.Errorf("got %v, want %s…", err, c.want)
				}
				return
			}
			wantError(t, dir, "DIR/tokenizer.json: "+c.want)
		})
	}
}

func TestTextWithoutTokensIsRefused(t *testing.T) {
	text := read(t, "testdata/phi/tokenizer.json")
	text = strings.Replace(text, `"!":`, `"!!!!!!":`, 1)
	dir := t.TempDir()
	write(t, dir, "tokenizer.json", text)
	_, err := open(t, dir).Encode("Hi!")
	if want := dir + `/tokenizer.json: the vocabulary has no token for "!"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// message writes fields of protobuf: numbers, or text.
func message(fields ...any) string {
	var b []byte
	for i := 0; i < len(fields); i += 2 {
		number := protowire.Number(fields[i].(int))
		switch v := fields[i+1].(type) {
		case int:
			b = protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), uint64(v))
		case string:
			b = protowire.AppendString(protowire.AppendTag(b, number, protowire.BytesType), v)
		}
	}
	return string(b)
}

// A message of protobuf that comes again is merged into the first, so what is appended to a file overrules it.
func TestTokenizerModelThatIsRefused(t *testing.T) {
	good := read(t, "testdata/vicuna/tokenizer.model")
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "no pieces; accepted: a sentencepiece model of BPE"},
		{"cut off", good[:5000], "not a whole tokenizer.model: unexpected EOF; accepted: the file as it was published"},
		{"Unigram", good + message(2, message(3, 1)), "model type 1; accepted: 2 (BPE)"},
		{"normalization rules", good + message(3, message(2, "rules")), "it has normalization rules; accepted: normalization identity"},
		{"white space at the end", good + message(2, message(24, 1)), "treat_whitespace_as_suffix is set; accepted: false"},
		{"fewer spaces", good + message(3, message(4, 1)), "remove_extra_whitespaces is set; accepted: false"},
		{"spaces as they are", good + message(3, message(5, 0)), "escape_whitespaces is off; accepted: true"},
		{"a piece twice", good + message(1, message(1, "the")+message(1, "the")), `piece 700, "the", is there twice`},
		{"a piece of bytes", good + message(1, message(1, "\xff")), `piece 700, "\xff", is empty or not UTF-8`},
		{"a piece of a type that is not known", good + message(1, message(1, "zzz", 3, 7)), `piece 700, "zzz", has type 7; accepted: normal, unknown, control, user-defined, unused, byte`},
		{"no bytes", message(1, message(1, "a"), 2, message(3, 2, 35, 1), 3, message(3, 0, 4, 0)), "byte fallback is on, but the vocabulary lacks <0x00>; accepted: all of <0x00> to <0xFF>"},
		{"no BOS", message(1, message(1, "a"), 2, message(3, 2), 3, message(3, 0, 4, 0)), `"<s>", the bos_token, is not in the vocabulary; accepted: another bos_token in tokenizer_config.json, or add_bos_token false`},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "tokenizer.model", c.text)
			wantError(t, dir, "DIR/tokenizer.model: "+c.want)
		})
	}
}

func TestWhoDecidesOnBOS(t *testing.T) {
	// Of llama2 and metaspace-first; in neox, <|endoftext|> is 676.
	const bos, eos = 1, 2
	for _, c := range []struct {
		name, of, config string
		want             []int
	}{
		{"the template of tokenizer.json", "llama2", `{}`, []int{bos}},
		{"not the settings, with other classes", "llama2", `{"tokenizer_class":"PreTrainedTokenizerFast","add_bos_token":false}`, []int{bos}},
		{"the settings, with Llama's class", "llama2", `{"tokenizer_class":"LlamaTokenizer","bos_token":"<s>","add_bos_token":false}`, []int{}},
		{"Llama's class adds it unless told otherwise", "metaspace-first", `{"tokenizer_class":"LlamaTokenizerFast","bos_token":{"content":"</s>"}}`, []int{eos}},
		{"EOS after it", "llama2", `{"tokenizer_class":"CodeLlamaTokenizer","add_eos_token":true}`, []int{bos, eos}},
		{"GPT-NeoX's class adds it where told so", "neox", `{"tokenizer_class":"GPTNeoXTokenizer","bos_token":"<|endoftext|>","add_bos_token":true}`, []int{676}},
		{"GPT-NeoX's class does not by itself", "neox", `{"tokenizer_class":"GPTNeoXTokenizer","bos_token":"<|endoftext|>"}`, []int{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "tokenizer_config.json", c.config)
			write(t, dir, "tokenizer.json", read(t, filepath.Join("testdata", c.of, "tokenizer.json")))
			if got := encode(t, open(t, dir), ""); !slices.Equal(got, c.want) {
				t.Errorf("around an empty text: %v, want %v", got, c.want)
			}
		})
	}
	t.Run("a tokenizer.model adds it, without settings", func(t *testing.T) {
		dir := t.TempDir()
		write(t, dir, "tokenizer.model", read(t, "testdata/vicuna/tokenizer.model"))
		if got := encode(t, open(t, dir), ""); !slices.Equal(got, []int{bos}) {
			t.Errorf("got %v, want [%d]", got, bos)
		}
	})
}

// The settings list tokens that the tokenizer's own file may lack.
func TestAddedTokensOfTheSettings(t *testing.T) {
	for _, file := range []string{"llama2/tokenizer.json", "vicuna/tokenizer.model"} {
		dir := t.TempDir()
		write(t, dir, "tokenizer_config.json", `{"added_tokens_decoder":{"1":{"content":"<s>","special":true},"700":{"content":"[PAD]","special":true}}}`)
		write(t, dir, filepath.Base(file), read(t, filepath.Join("testdata", file)))
		tok := open(t, dir)
		if got := encode(t, tok, "[PAD]"); !slices.Equal(got, []int{1, 700}) {
			t.Errorf("%s: got %v, want [1 700]", file, got)
		}
		if got := decode(t, tok, []int{700}); got != "" {
			t.Errorf("%s: a special token shows as %q", file, got)
		}
	}
}

// legacy false: a stretch of text after a special token gets no space of its own. metaspace-first is that as tokenizer.json.
func TestPrefixOnlyAtTheStart(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "tokenizer_config.json", `{"legacy":false}`)
	write(t, dir, "tokenizer.model", read(t, "testdata/vicuna/tokenizer.model"))
	tok := open(t, dir)
	for _, g := range goldens(t, "testdata/metaspace-first/tokenizers.jsonl") {
		if got := encode(t, tok, g.Text); !slices.Equal(got, g.IDs) {
			t.Errorf("%q: %v, want %v", g.Text, got, g.IDs)
		}
	}
}

// small is a tokenizer.json with most parts in few bytes, for the fuzzer.
const small = `{"added_tokens":[{"id":9,"content":"<s>","single_word":true,"lstrip":true,"rstrip":true,"normalized":true,"special":true}],
"normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Prepend","prepend":"_"},{"type":"Replace","pattern":{"String":" "},"content":"_"}]},
"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\s+(?!\\S)|a"},"behavior":"Removed","invert":true},
{"type":"Digits","individual_digits":true},{"type":"Metaspace","replacement":"_","prepend_scheme":"always","split":true},{"type":"ByteLevel","add_prefix_space":true}]},
"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}}],"special_tokens":{"<s>":{"ids":[9]}}},
"decoder":{"type":"Sequence","decoders":[{"type":"Metaspace","replacement":"_"},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":1}]},
"model":{"type":"BPE","unk_token":"u","fuse_unk":true,"ignore_merges":true,"vocab":{"a":0,"_":1,"u":2,"a_":3,"Ġ":4,"aa":5,"aaa":6},"merges":["a _",["a","a"],"aa a"]}}`

func FuzzTokenizerJSON(f *testing.F) {
	f.Add(small, "a <s> 12\n  aaaa <s>é")
	f.Fuzz(func(t *testing.T, data, text string) {
		simtest.Budget(t, func() { damaged(t, t.TempDir(), "tokenizer.json", data, text) })
	})
}

func FuzzTokenizerModel(f *testing.F) {
	piece := func(text string, kind int) string { return message(1, message(1, text, 3, kind)) }
	f.Add(piece("<unk>", 2)+piece("<s>", 3)+piece("a", 1)+piece("aa", 1)+piece("\u2581", 1)+piece("the", 4)+message(2, message(3, 2, 35, 0), 3, message(3, 1, 4, 0)), "a <s> the\n  aaé")
	f.Fuzz(func(t *testing.T, data, text string) {
		simtest.Budget(t, func() { damaged(t, t.TempDir(), "tokenizer.model", data, text) })
	})
}

func FuzzTokenizerSettings(f *testing.F) {
	f.Add(`{"tokenizer_class":"LlamaTokenizer","add_bos_token":true,"bos_token":{"content":"<s>"},"eos_token":"</s>","legacy":false,` +
		`"added_tokens_decoder":{"1":{"content":"<s>","special":true},"700":{"content":"[PAD]","lstrip":true}}}`)
	data := read(f, "testdata/phi/tokenizer.json")
	f.Fuzz(func(t *testing.T, settings string) {
		simtest.Budget(t, func() {
			dir := t.TempDir()
			write(t, dir, "tokenizer_config.json", settings)
			damaged(t, dir, "tokenizer.json", data, "a <s> 12 [PAD] the end")
		})
	})
}

func TestTheFuzzersSeedOpens(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "tokenizer.json", small)
	// Each a is a word, prefixed by Metaspace and again by ByteLevel; what is no a is dropped before.
	if got, want := encode(t, open(t, dir), "aaa a"), []int{9, 4, 1, 0, 4, 1, 0, 4, 1, 0, 4, 1, 0}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// What lies in a damaged file is either refused or works.
func TestDamagedFiles(t *testing.T) {
	dir := t.TempDir()
	for _, file := range append(folders(t, "tokenizer.json"), folders(t, "tokenizer.model")...) {
		data, name := read(t, file), filepath.Base(file)
		_ = os.Remove(filepath.Join(dir, "tokenizer.json")) // it would be read first
		rapid.Check(t, func(r *rapid.T) {
			at := rapid.IntRange(0, len(data)-1).Draw(r, "at")
			if name == "tokenizer.json" && rapid.Bool().Draw(r, "outside the vocabulary") {
				at = rapid.IntRange(0, strings.Index(data, `"vocab"`)).Draw(r, "at")
			}
			upTo := rapid.IntRange(at, min(at+40, len(data))).Draw(r, "upTo")
			with := rapid.SampledFrom([]string{"", "\x00", "\xff", "{", "]", `"`, "-1", "99999999999999999999", "null", "\u2581"}).Draw(r, "with")
			damaged(r, dir, name, data[:at]+with+data[upTo:], "a <s> 12\n  <|endoftext|>é the end")
		})
	}
}

// damaged wants an error or ids that decode, never a panic.
func damaged(t rapid.TB, dir, name, data, text string) {
	if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	tok, err := tokens.Open(dir)
	if err != nil {
		if !strings.Contains(err.Error(), name) && !strings.Contains(err.Error(), "tokenizer_config.json") && name != "added_tokens.json" {
			t.Errorf("%v does not name the file", err)
		}
		return
	}
	if ids, err := tok.Encode(text); err == nil {
		_, _ = tok.Decode(ids)
	}
}
