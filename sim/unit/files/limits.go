package files

import "fmt"

// Kind is what a file is read as. It decides how much of it is read.
type Kind int

// The kinds of files that the program reads.
const (
	NPU             Kind = iota // YAML of an NPU
	Part                        // YAML of a DRAM part
	Spec                        // YAML of a sweep
	Precisions                  // YAML of precisions, or CSV of losses, by layer and matrix
	ModelConfig                 // config.json of a model
	Generation                  // generation_config.json
	TokenizerConfig             // tokenizer_config.json
	Tokenizer                   // tokenizer.json
	Pieces                      // tokenizer.model
	Vocabulary                  // vocab.json
	Merges                      // merges.txt
	Ranks                       // NAME.tiktoken
	AddedTokens                 // added_tokens.json, special_tokens_map.json
	Index                       // model.safetensors.index.json
	Header                      // of a safetensors file
	Weights                     // the values of one: read piece by piece, never as a whole
	GGUFHeader                  // of a GGUF file: what stands in front of its weights
	GGUF                        // the weights of one: read piece by piece
	Pickle                      // of a checkpoint of PyTorch: names and shapes of its tensors
	Checkpoint                  // the weights of one: read piece by piece
	Planes                      // of a cache of quantised weights: read piece by piece
	Trace                       // of a decode
	Results                     // rows of sweeps, lines of run --format json, shards
	Plan                        // of a sweep
	Addresses                   // trace of DRAM addresses
	Text                        // prompts and texts
	Prompts                     // a list of prompts, one a line
	Input                       // a file of another kind, which a sweep copies
	Measurements                // CSV of what devices have been measured to do
	Note                        // files of a line or two, which the program wrote itself
	Program                     // this program, which is hashed
)

// Limit is how much of a file is read. What is 0 has no limit of its own.
type Limit struct {
	What   string // the kind with its article, as errors say it
	Bytes  int64  // of the file, as it lies on the disk
	Total  int64  // of its lines, after decompression
	Line   int    // bytes of one line, its line feed included
	Lines  int    // number of lines
	Values int    // of one JSON text: what objects and lists hold, at all depths
	Depth  int    // of one JSON text: objects and lists within each other
	More   string // what helps whoever has more; empty: nothing does
}

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

// Limits is the one table of what is read at most. docs/limits.md shows it, with the largest files that were seen.
func (k Kind) Limits() Limit {
	switch k {
	case NPU:
		return Limit{What: "an NPU's description", Bytes: 1 * mib}
	case Part:
		return Limit{What: "a DRAM part", Bytes: 1 * mib}
	case Spec:
		return Limit{What: "a sweep spec", Bytes: 2 * mib, More: "split the sweep: results of several folders are read together"}
	case Precisions:
		return Limit{What: "a file of precisions or losses", Bytes: 1 * mib}
	case ModelConfig:
		return Limit{What: "a Hugging Face config.json", Bytes: 4 * mib, Values: 1e5, Depth: 64}
	case Generation:
		return Limit{What: "a generation_config.json", Bytes: 4 * mib, Values: 1e5, Depth: 64}
	case TokenizerConfig:
		return Limit{What: "a tokenizer_config.json", Bytes: 32 * mib, Values: 1e6, Depth: 64}
	case Tokenizer:
		return Limit{What: "a tokenizer.json", Bytes: 64 * mib, Values: 4e6, Depth: 64}
	case Pieces:
		return Limit{What: "a tokenizer.model", Bytes: 32 * mib}
	case Vocabulary:
		return Limit{What: "a vocab.json", Bytes: 32 * mib, Values: 2e6, Depth: 64}
	case Merges:
		return Limit{What: "a merges.txt", Bytes: 32 * mib}
	case Ranks:
		return Limit{What: "a tiktoken file", Bytes: 32 * mib}
	case AddedTokens:
		return Limit{What: "an added_tokens.json or special_tokens_map.json", Bytes: 32 * mib, Values: 1e6, Depth: 64}
	case Index:
		return Limit{What: "a model.safetensors.index.json", Bytes: 32 * mib, Values: 1e6, Depth: 64}
	case Header:
		return Limit{What: "the header of a safetensors file", Bytes: 16 * mib, Values: 2e6, Depth: 64}
	case Weights:
		return Limit{What: "a safetensors file"}
	case GGUFHeader:
		return Limit{What: "what is in front of a GGUF file's weights", Bytes: 64 * mib}
	case GGUF:
		return Limit{What: "a GGUF file"}
	case Pickle:
		return Limit{What: "the pickle of a PyTorch checkpoint", Bytes: 64 * mib}
	case Checkpoint:
		return Limit{What: "a PyTorch checkpoint"}
	case Planes:
		return Limit{What: "planes of a cache"}
	case Trace:
		return Limit{What: "a decode trace (NAME.trace.jsonl.zst)", Bytes: 256 * mib, Total: 256 * mib, Line: 4 * mib, Lines: 1 << 20, Values: 1e6}
	case Results:
		return Limit{What: "a file of results", Bytes: 8 * gib, Total: 8 * gib, Line: 4 * mib, Lines: 1e6, Values: 1e5, Depth: 64,
			More: "split the file: several are read together"}
	case Plan:
		return Limit{What: "a sweep's plan", Bytes: 2 * gib, Total: 2 * gib, Line: 4 * mib, Lines: 1e6, Values: 1e5, Depth: 64}
	case Addresses:
		return Limit{What: "a trace of DRAM addresses", Bytes: 1 * gib, Total: 1 * gib, Line: 64 * kib, Lines: 1 << 24,
			More: "cut it: each part is run from power-on"}
	case Text:
		return Limit{What: "a text", Bytes: 4 * mib}
	case Prompts:
		return Limit{What: "a list of prompts (JSON lines)", Bytes: 256 * mib, Total: 256 * mib, Line: 4 * mib, Lines: 1e5, Values: 1e6, Depth: 8}
	case Input:
		return Limit{What: "a file that a sweep spec names", Bytes: 256 * mib}
	case Measurements:
		return Limit{What: "a file of measurements", Bytes: 4 * mib}
	case Note:
		return Limit{What: "a file that the program wrote", Bytes: 64 * mib, Values: 4e6, Depth: 64}
	case Program:
		return Limit{What: "this program"}
	}
	panic(fmt.Sprintf("files: kind %d has no limits", k))
}

// Kinds are all of them, in the order of the documentation.
func Kinds() []Kind {
	var all []Kind
	for k := NPU; k <= Program; k++ {
		all = append(all, k)
	}
	return all
}

// TooMuch is the error of a file that has more than its kind may have.
type TooMuch struct {
	Name     string // of the file
	Line     int    // 0: the file as a whole
	What     string // that is too much
	Accepted string
}

func (e *TooMuch) Error() string {
	at := e.Name
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d", e.Name, e.Line)
	}
	return fmt.Sprintf("%s: %s; accepted: %s", at, e.What, e.Accepted)
}

// Fits refuses a text of a kind that did not come from a file of its own, where it has more bytes than a file may have.
func (k Kind) Fits(name string, bytes int) error {
	if l := k.Limits(); int64(bytes) > l.Bytes {
		return l.refuse(name, 0, fmt.Sprintf("has %d bytes", bytes), "at most "+size(l.Bytes))
	}
	return nil
}

// refuse makes the error: what is too much, and how much would not have been.
func (l Limit) refuse(name string, line int, what, most string) error {
	accepted := l.What + " with " + most
	if l.More != "" {
		accepted += " (" + l.More + ")"
	}
	return &TooMuch{Name: name, Line: line, What: what, Accepted: accepted}
}

// size writes a number of bytes, in the largest unit of which a limit is a whole multiple.
func size(n int64) string {
	for _, u := range []struct {
		of   int64
		name string
	}{{gib, "GiB"}, {mib, "MiB"}, {kib, "KiB"}} {
		if n >= u.of && n%u.of == 0 {
			return fmt.Sprintf("%d %s", n/u.of, u.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
