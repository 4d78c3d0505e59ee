// Package tokens turns the text of a prompt into the ids of a model's vocabulary, and ids into text again: what stands
// in a Hugging Face model folder beside the weights. Nothing is fetched.
//
// A text goes through the stages of Hugging Face's tokenizers, of which a file names what it needs:
//
//	text ─ added tokens ─ normalizers ─ added tokens ─ pre-tokenizers ─ byte-pair encoding ─ BOS, EOS around it
//	       (raw)                        (normalized)   into words       within a word
//
// Five formats are read. tokenizer.json: byte-level BPE (GPT-2's of Phi-1.5, GPT-NeoX's of StableLM-Zephyr, Llama 3's,
// Qwen2's) and BPE over characters with fallback to bytes (Llama 2's, Vicuna's). tokenizer.model: sentencepiece's BPE
// (Vicuna, MobileLLaMA, InternLM2). vocab.json with merges.txt, of GPT-2's class and Qwen2's. Tiktoken's ranks, which
// need words and special tokens that stand in code: qwen.tiktoken, and the tokenizer.model of Meta's Llama 3. A GGUF
// file carries tokens with merges or scores, and the name of what finds words. A part that is not known is an error, for
// a part left out would give wrong ids that look right.
//
// # Contract
//
// Ids are those of Hugging Face's tokenizers 0.23.2 and transformers 5.24.0, of sentencepiece 0.1.97 and tiktoken 0.14.0:
// testdata/README.md says how that is checked. A tokenizer_config.json without legacy means what it meant before transformers
// 5: a space before each stretch of text between special tokens, not the first alone. Special
// tokens that stand in a text count as such. Differences that are known:
//   - Characters that Unicode added after version 9 may be ordered otherwise by NFC (Qwen2), since the reference has old tables.
//   - A character for which the vocabulary has neither a token, bytes nor an unknown token is an error; the reference drops it.
//   - Decode hides every special token, and shows others as they were given; the reference shows those whose text its
//     normalizer changes, as it changes them.
//
// # What is left out
//
// Templates of chats: a prompt file is taken as it stands, so whoever wants <|user|> around it writes it there.
// Truncation and padding. Unigram, WordPiece and WordLevel; Bert's, Whitespace's and other cuts that no supported model
// has; of the classes that read vocab.json and merges.txt, all but GPT-2's, CodeGen's and Qwen2's. Sentencepiece's
// normalization rules: the supported models have identity.
//
// # Why no library
//
// Well-kept ones were tried on the goldens here. sugarme/tokenizer v0.3.0 (seven modules) panics on the patterns of
// Llama 3 and Qwen2, whose lookahead Go's regexp lacks, and gives other ids for 23 of 112 texts on Phi's layout and 71
// on Llama 2's; eliben/go-sentencepiece v0.6.0 refuses every model with a space before the text (add_dummy_prefix), so
// all of Llama's; daulet/tokenizers needs cgo and a prebuilt archive; pkoukk/tiktoken-go downloads vocabularies. What
// is hard is theirs still: regular expressions of dlclark/regexp2 (MIT, no dependencies), normal forms of
// golang.org/x/text, the wire format of protobuf.
//
// To add a part, give it a case in parts.go (readPreTokenizer, readDecoder, readPostProcessor) or json.go
// (readNormalizer), and a folder in testdata/make/make.py that uses it.
package tokens
