package tokens_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/tokens"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// with is a tokenizer.json with one part.
func with(part, value string) string {
	return fmt.Sprintf(`{"%s":%s,"model":{"type":"BPE","unk_token":"u","vocab":{"a":0,"u":1,"b":2},"merges":[]}}`, part, value)
}

// parts is a Sequence of the same part.
func parts(list, one string, n int) string {
	return `{"type":"Sequence","` + list + `":[` + strings.TrimSuffix(strings.Repeat(one+",", n), ",") + "]}"
}

// What a file may ask for ends in an error, within seconds and within a small memory.
func TestFilesThatAskForMoreThanAnyMachineHas(t *testing.T) {
	doubling := `{"type":"Replace","pattern":{"String":"a"},"content":"aa"}`
	text := strings.Repeat("a", 40) + "!"
	for _, c := range []struct{ name, data, text, want string }{
		{"a pattern that tries every division", with("pre_tokenizer", `{"type":"Split","pattern":{"Regex":"(a+)+b|(a|aa)+c"},"behavior":"Isolated"}`), text,
			"accepted: a pattern that finds words in time proportional to the text, as those of published tokenizers do"},
		{"replacements that double", with("normalizer", parts("normalizers", doubling, 100)), text,
			"the parts of the tokenizer make the text more than 16 times as long; accepted: parts that make it less than that longer"},
		{"prefixes", with("normalizer", parts("normalizers", `{"type":"Prepend","prepend":"`+strings.Repeat("a", 1024)+`"}`, 100)), text, "more than 16 times as long"},
		{"a long replacement", with("normalizer", `{"type":"Replace","pattern":{"String":"a"},"content":"`+strings.Repeat("a", 1025)+`"}`), text,
			"normalizer: 1025 bytes for one place of a text; accepted: at most 1024"},
		{"too many parts", with("normalizer", parts("normalizers", `{"type":"NFC"}`, 129)), text,
			"normalizer: the tokenizer has too many parts; accepted: at most 128 normalizers, pre-tokenizers and decoders"},
		{"a long pattern", with("pre_tokenizer", `{"type":"Split","pattern":{"Regex":"`+strings.Repeat("a", 4097)+`"},"behavior":"Isolated"}`), text,
			"pre_tokenizer: a pattern of 4097 bytes; accepted: at most 4096"},
		{"parts within each other", with("normalizer", strings.Repeat(`{"type":"Sequence","normalizers":[`, 40)+strings.Repeat("]}", 40)), text,
			"nests objects and lists more than 64 deep"},
		{"a long added token", with("added_tokens", `[{"id":7,"content":"`+strings.Repeat("a", 1025)+`"}]`), text, "added_tokens: 1025 bytes for one place"},
		{"many added tokens", with("added_tokens", "["+strings.TrimSuffix(strings.Repeat(`{"id":7,"content":"a"},`, 70000), ",")+"]"), text,
			"70000 added tokens; accepted: at most 65536"},
		{"decoders that double", with("decoder", parts("decoders", doubling, 100)), text, "more than 16 times as long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			simtest.Budget(t, func() {
				dir := t.TempDir()
				write(t, dir, "tokenizer.json", c.data)
				err := used(dir, c.text)
				if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 500 {
					t.Errorf("got  %v\nwant %s", err, c.want)
				}
			})
		})
	}
	t.Run("a piece that merges are sought for at each letter", func(t *testing.T) {
		dir := t.TempDir()
		write(t, dir, "tokenizer.model", message(1, message(1, strings.Repeat("a", 257), 3, 1))+message(2, message(3, 2), 3, message(4, 0)))
		if err := used(dir, text); err == nil || !strings.HasSuffix(err.Error(), "tokenizer.model: piece 0 has 257 bytes; accepted: at most 256") {
			t.Error(err)
		}
	})
}

// used opens a tokenizer, encodes a text and decodes what comes of it.
func used(dir, text string) error {
	tok, err := tokens.Open(dir)
	if err != nil {
		return err
	}
	ids, err := tok.Encode(text)
	if err != nil {
		return err
	}
	_, err = tok.Decode(ids)
	return err
}
