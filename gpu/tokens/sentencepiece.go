package tokens

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// Types of pieces (sentencepiece_model.proto).
const (
	normal      = 1
	unknown     = 2
	control     = 3
	userDefined = 4
	unused      = 5
	singleByte  = 6
)

// Types of models.
const (
	unigramType = 1
	bpeType     = 2
)

const mark = "\u2581" // shows a space

// piece is a token of a tokenizer.model, its id the place in the list.
type piece struct {
	text  string
	score float32 // of BPE: minus the number of the merge
	kind  uint64
}

// spm is a tokenizer.model: sentencepiece's ModelProto, of which these fields bear on ids.
type spm struct {
	pieces       []piece
	model        uint64
	suffix       bool // treat_whitespace_as_suffix
	byteFallback bool
	bos, eos     int
	charsmap     []byte // normalization rules, compiled
	dummyPrefix  bool
	dropSpaces   bool // remove_extra_whitespaces
	escape       bool // escape_whitespaces
}

// readModel reads a tokenizer.model: sentencepiece's, or Llama 3's by Meta, which has the same name.
func readModel(file string, data []byte, config *settings) (*Tokenizer, error) {
	if isRanks(data) {
		return readLlama3(file, data, config)
	}
	return readSentencePiece(file, data, config)
}

func readSentencePiece(file string, data []byte, config *settings) (*Tokenizer, error) {
	m := spm{model: unigramType, bos: 1, eos: 2, dummyPrefix: true, dropSpaces: true, escape: true}
	if err := m.read(data); err != nil {
		return nil, fmt.Errorf("not a whole tokenizer.model: %w; accepted: the file as it was published", err)
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	t := newTokenizer(file)
	t.renames = true
	if err := m.finish(t, config); err != nil {
		return nil, err
	}
	var err error
	around := *config
	around.bosToken, around.eosToken = cmp.Or(around.bosToken, m.text(m.bos)), cmp.Or(around.eosToken, m.text(m.eos))
	t.before, t.after, err = around.around(t.id)
	return t, err
}

// finish gives t the pieces and the stages.
func (m *spm) finish(t *Tokenizer, config *settings) error {
	special, err := m.fill(t)
	if err != nil {
		return err
	}
	if err := t.addTokens(append(slices.Clone(config.added), special...)); err != nil {
		return err
	}
	t.normalizers = []normalizer{m.spaces(config)}
	t.decoders = []decoder{eachWord(func(w string) string { return strings.ReplaceAll(w, mark, " ") }), decodeFallback, fuse}
	if m.prefixed(config) {
		t.decoders = append(t.decoders, eachWord(ends{Content: " ", Start: 1}.strip))
	}
	return nil
}

// prefixed reports whether a space goes before a text: add_prefix_space says so where it is given. Else the model does, or
// where legacy is false every text has one.
func (m *spm) prefixed(config *settings) bool {
	if config.prefix != nil {
		return *config.prefix
	}
	return m.dummyPrefix || !config.old
}

// spaces shows spaces as marks, and puts one before each stretch of text; unless legacy, before the first alone, and not
// where it begins with one.
func (m *spm) spaces(config *settings) normalizer {
	prefixed := m.prefixed(config)
	return func(_ *effort, text string, atStart bool) (string, error) {
		text = strings.ReplaceAll(text, " ", mark)
		if text != "" && prefixed && (config.old || atStart && !strings.HasPrefix(text, mark)) {
			text = mark + text
		}
		return text, nil
	}
}

func (m *spm) text(id int) string {
	if id < 0 || id >= len(m.pieces) {
		return ""
	}
	return m.pieces[id].text
}

// check refuses what would need more than BPE over the text as it stands.
func (m *spm) check() error {
	for _, c := range []struct {
		what string
		is   bool
	}{
		{"no pieces; accepted: a sentencepiece model of BPE", len(m.pieces) == 0},
		{fmt.Sprintf("%d pieces; accepted: at most %d", len(m.pieces), mostPieces), len(m.pieces) > mostPieces},
		{fmt.Sprintf("model type %d; accepted: 2 (BPE)", m.model), m.model != bpeType},
		{"treat_whitespace_as_suffix is set; accepted: false", m.suffix},
		{"it has normalization rules; accepted: normalization identity", len(m.charsmap) > 0},
		{"remove_extra_whitespaces is set; accepted: false", m.dropSpaces},
		{"escape_whitespaces is off; accepted: true", !m.escape},
	} {
		if c.is {
			return errors.New(c.what)
		}
	}
	return nil
}

// fill gives t the pieces, and returns the special ones.
func (m *spm) fill(t *Tokenizer) ([]added, error) {
	var special []added
	chars, bytes := map[string]int{}, map[string]int{} // what merges make, and the tokens of bytes
	t.bpe.fuse = true
	for id, p := range m.pieces {
		if p.text == "" || !utf8.ValidString(p.text) {
			return nil, fmt.Errorf("piece %d, %q, is empty or not UTF-8", id, p.text)
		}
		t.words[id] = p.text
		switch p.kind {
		case normal:
			if len(p.text) > longestPiece {
				return nil, fmt.Errorf("piece %d has %d bytes; accepted: at most %d", id, len(p.text), longestPiece)
			}
			if _, twice := chars[p.text]; twice {
				return nil, fmt.Errorf("piece %d, %q, is there twice", id, p.text)
			}
			chars[p.text] = id
		case unknown:
			t.bpe.unknown = id
			fallthrough
		case control:
			special = append(special, added{ID: id, Content: p.text, Special: true})
		case userDefined:
			if err := short(p.text); err != nil {
				return nil, fmt.Errorf("piece %d: %w", id, err)
			}
			t.names[p.text] = id
			t.clean.add(added{ID: id, Content: p.text})
		case singleByte:
			bytes[p.text] = id
		case unused: // no text has it
		default:
			return nil, fmt.Errorf("piece %d, %q, has type %d; accepted: normal, unknown, control, user-defined, unused, byte", id, p.text, p.kind)
		}
	}
	t.bpe.ids = chars
	t.bpe.merges = m.merges(chars)
	var err error
	if m.byteFallback {
		t.bpe.bytes, err = byteTokens(bytes)
	}
	return special, err
}

// merges lists what may merge. sentencepiece merges whatever neighbours make a piece, the one of the best score first.
func (m *spm) merges(chars map[string]int) map[pair]merge {
	var scores []float32
	for _, id := range chars {
		scores = append(scores, m.pieces[id].score)
	}
	slices.SortFunc(scores, func(a, b float32) int { return cmp.Compare(b, a) })
	scores = slices.Compact(scores)
	merges := map[pair]merge{}
	for text, id := range chars {
		rank, _ := slices.BinarySearchFunc(scores, m.pieces[id].score, func(a, b float32) int { return cmp.Compare(b, a) })
		for i := range text {
			left, ok := chars[text[:i]]
			right, too := chars[text[i:]]
			if ok && too {
				merges[pair{left, right}] = merge{rank, id}
			}
		}
	}
	return merges
}

// read fills m from the message ModelProto.
func (m *spm) read(data []byte) error {
	return fields(data, func(f field) error {
		switch f.number {
		case 1:
			m.pieces = append(m.pieces, piece{kind: normal})
			return m.pieces[len(m.pieces)-1].read(f.bytes)
		case 2:
			return fields(f.bytes, m.readTrainer)
		case 3:
			return fields(f.bytes, m.readNormalizer)
		}
		return nil
	})
}

func (p *piece) read(data []byte) error {
	return fields(data, func(f field) error {
		switch f.number {
		case 1:
			p.text = string(f.bytes)
		case 2:
			p.score = math.Float32frombits(uint32(f.value))
		case 3:
			p.kind = f.value
		}
		return nil
	})
}

func (m *spm) readTrainer(f field) error {
	switch f.number {
	case 3:
		m.model = f.value
	case 24:
		m.suffix = f.value != 0
	case 35:
		m.byteFallback = f.value != 0
	case 41:
		m.bos = int(int32(f.value))
	case 42:
		m.eos = int(int32(f.value))
	}
	return nil
}

func (m *spm) readNormalizer(f field) error {
	switch f.number {
	case 2:
		m.charsmap = f.bytes
	case 3:
		m.dummyPrefix = f.value != 0
	case 4:
		m.dropSpaces = f.value != 0
	case 5:
		m.escape = f.value != 0
	}
	return nil
}

// field of a protobuf message: a number, or bytes.
type field struct {
	number protowire.Number
	value  uint64
	bytes  []byte
}

// fields calls f for each field of a message.
func fields(data []byte, f func(field) error) error {
	for len(data) > 0 {
		number, wire, n := protowire.ConsumeTag(data)
		if n < 0 {
			return protowire.ParseError(n)
		}
		data = data[n:]
		is := field{number: number}
		switch wire {
		case protowire.VarintType:
			is.value, n = protowire.ConsumeVarint(data)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(data)
			is.value = uint64(v)
		case protowire.BytesType:
			is.bytes, n = protowire.ConsumeBytes(data)
		default:
			n = protowire.ConsumeFieldValue(number, wire, data)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		data = data[n:]
		if err := f(is); err != nil {
			return err
		}
	}
	return nil
}
