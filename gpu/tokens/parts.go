package tokens

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

func (t *Tokenizer) readPreTokenizer(raw json.RawMessage) error {
	name, err := kind(raw)
	if err != nil {
		return err
	}
	add := func(s ...splitter) { t.splitters = append(t.splitters, s...) }
	if err := t.room(); err != nil {
		return err
	}
	switch name {
	case "":
	case "Sequence":
		var c struct {
			Type string
			List []json.RawMessage `json:"pretokenizers"`
		}
		if err := fill(raw, &c); err != nil {
			return err
		}
		for _, p := range c.List {
			if err := t.readPreTokenizer(p); err != nil {
				return err
			}
		}
	case "ByteLevel":
		c := byteLevelPart{AddPrefixSpace: true, UseRegex: true}
		if err := fill(raw, &c); err != nil {
			return err
		}
		if c.AddPrefixSpace {
			add(prefixSpace)
		}
		if c.UseRegex {
			s, err := splitAt(gpt2, isolated, false)
			if err != nil {
				return err
			}
			add(s)
		}
		add(byteLevel)
	case "Digits":
		var c struct {
			Type string
			Each bool `json:"individual_digits"`
		}
		if err := fill(raw, &c); err != nil {
			return err
		}
		add(splitDigits(c.Each))
	case "Split":
		s, err := readSplit(raw)
		if err != nil {
			return err
		}
		add(s)
	case "Punctuation":
		c := struct {
			Type     string
			Behavior behavior
		}{Behavior: isolated}
		err := fill(raw, &c)
		if err == nil {
			err = c.Behavior.check("Punctuation")
		}
		if err != nil {
			return err
		}
		s, err := splitAt(punctuation, c.Behavior, false)
		if err != nil {
			return err
		}
		add(s)
	case "Metaspace":
		m, err := readMetaspace(raw)
		if err != nil {
			return err
		}
		add(m.words)
	default:
		return fmt.Errorf("type %s; accepted: ByteLevel, Digits, Metaspace, Punctuation, Sequence, Split", name)
	}
	return nil
}

// byteLevelPart is ByteLevel as pre-tokenizer, post-processor and decoder. Offsets are nothing that ids depend on.
type byteLevelPart struct {
	Type           string
	AddPrefixSpace bool `json:"add_prefix_space"`
	TrimOffsets    bool `json:"trim_offsets"`
	UseRegex       bool `json:"use_regex"`
}

func readSplit(raw json.RawMessage) (splitter, error) {
	var c struct {
		Type     string
		Pattern  pattern
		Behavior behavior
		Invert   bool
	}
	if err := fill(raw, &c); err != nil {
		return nil, err
	}
	re, err := c.Pattern.regex()
	if err != nil {
		return nil, fmt.Errorf("type Split: %w", err)
	}
	if err := c.Behavior.check("Split"); err != nil {
		return nil, err
	}
	return splitAt(re, c.Behavior, c.Invert)
}

func readMetaspace(raw json.RawMessage) (metaspace, error) {
	c := struct {
		Type           string
		Replacement    string
		StrRep         string `json:"str_rep"` // of files before tokenizers 0.14, the same again
		AddPrefixSpace *bool  `json:"add_prefix_space"`
		PrependScheme  string `json:"prepend_scheme"`
		Split          bool
	}{Split: true}
	if err := fill(raw, &c); err != nil {
		return metaspace{}, err
	}
	if c.PrependScheme == "" {
		c.PrependScheme = always
		if c.AddPrefixSpace != nil && !*c.AddPrefixSpace {
			c.PrependScheme = never
		}
	}
	if schemes := []string{always, first, never}; !slices.Contains(schemes, c.PrependScheme) {
		return metaspace{}, fmt.Errorf("type Metaspace with prepend_scheme %q; accepted: %s", c.PrependScheme, strings.Join(schemes, ", "))
	}
	if len([]rune(c.Replacement)) != 1 {
		return metaspace{}, fmt.Errorf("type Metaspace with replacement %q; accepted: one character", c.Replacement)
	}
	return metaspace{mark: c.Replacement, prepend: c.PrependScheme, split: c.Split}, nil
}

func (t *Tokenizer) readDecoder(raw json.RawMessage) error {
	name, err := kind(raw)
	if err != nil {
		return err
	}
	var c struct {
		Decoders []json.RawMessage
		Pattern  pattern
		ends
	}
	if name != "" {
		if err := json.Unmarshal(raw, &c); err != nil { // a decoder changes no ids
			return err
		}
	}
	add := func(d decoder) { t.decoders = append(t.decoders, d) }
	if err := errors.Join(t.room(), short(c.Content)); err != nil {
		return err
	}
	switch name {
	case "":
	case "Sequence":
		for _, d := range c.Decoders {
			if err := t.readDecoder(d); err != nil {
				return err
			}
		}
	case "ByteLevel":
		add(decodeBytes)
	case "ByteFallback":
		add(decodeFallback)
	case "Fuse":
		add(fuse)
	case "Replace":
		if c.Pattern.String == nil || *c.Pattern.String == "" {
			return errors.New("type Replace with a pattern that is no String; accepted: one that is")
		}
		add(replaceIn(*c.Pattern.String, c.Content))
	case "Strip":
		if c.Content == "" {
			return errors.New("type Strip of nothing; accepted: a character as content")
		}
		add(eachWord(c.ends.strip))
	case "Metaspace":
		m, err := readMetaspace(raw)
		if err != nil {
			return err
		}
		add(m.decode)
	default:
		return fmt.Errorf("type %s; accepted: ByteFallback, ByteLevel, Fuse, Metaspace, Replace, Sequence, Strip", name)
	}
	return nil
}

func (t *Tokenizer) readPostProcessor(raw json.RawMessage) error {
	name, err := kind(raw)
	if err != nil {
		return err
	}
	switch name {
	case "", "ByteLevel":
	case "Sequence":
		var c struct {
			Type       string
			Processors []json.RawMessage
		}
		if err := fill(raw, &c); err != nil {
			return err
		}
		for _, p := range c.Processors {
			if err := t.readPostProcessor(p); err != nil {
				return err
			}
		}
	case "TemplateProcessing":
		return t.readTemplate(raw)
	default:
		return fmt.Errorf("type %s; accepted: ByteLevel, Sequence, TemplateProcessing", name)
	}
	return nil
}

// readTemplate reads which tokens stand around a text, such as BOS.
func (t *Tokenizer) readTemplate(raw json.RawMessage) error {
	type item struct{ ID string }
	var c struct {
		Type   string
		Single []struct {
			SpecialToken, Sequence *item
		}
		Pair    json.RawMessage
		Special map[string]struct{ IDs []int } `json:"special_tokens"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return err
	}
	var before, after []int
	texts := 0
	for _, s := range c.Single {
		if s.Sequence != nil {
			texts++
			continue
		}
		if s.SpecialToken == nil {
			return errors.New("type TemplateProcessing: single has an item that is neither a Sequence nor a SpecialToken")
		}
		token, ok := c.Special[s.SpecialToken.ID]
		if !ok {
			return fmt.Errorf("type TemplateProcessing: %q is not among special_tokens", s.SpecialToken.ID)
		}
		for _, id := range token.IDs {
			if _, ok := t.words[id]; !ok {
				return fmt.Errorf("type TemplateProcessing: %q has id %d, which is not in the vocabulary", s.SpecialToken.ID, id)
			}
		}
		if texts == 0 {
			before = append(before, token.IDs...)
		} else {
			after = append(after, token.IDs...)
		}
	}
	if texts != 1 {
		return fmt.Errorf("type TemplateProcessing: single has %d Sequences; accepted: one", texts)
	}
	t.before = append(before, t.before...)
	t.after = append(t.after, after...)
	return nil
}
