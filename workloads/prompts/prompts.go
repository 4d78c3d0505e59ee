// Package prompts reads lists of prompts: a file with a JSON object a line, which names the prompt and has its text or its tokens.
//
//	{"id": "capital", "text": "The capital of France is", "answer": " Paris"}
//	{"ids": [1, 450, 7483]}
//
// It is read strictly: what is wrong is an error with file and line. What tokens a text has, and whether a model takes them, is
// known where the model is.
package prompts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// Prompt is a line of a list.
type Prompt struct {
	ID     string // letters, digits and ._- : a name of files, which no other prompt of the list has
	Text   string // as it stands; empty: there are token numbers
	IDs    []int  // token numbers; empty: there is a text
	Answer string // a good one, for whoever judges what comes of the prompt; empty: none is given
	Place  string // FILE:LINE, for errors
}

// line is a prompt as it stands in the file.
type line struct {
	ID     *string `json:"id"`
	Text   *string `json:"text"`
	IDs    []int   `json:"ids"`
	Answer string  `json:"answer"`
}

const accepted = `accepted: an object with text or ids, as in {"text": "Once upon a time"}, and id and answer where there are any`

// Read reads a list, in its order. A prompt without an id has its number as its id, in four digits or more.
func Read(path string) ([]Prompt, error) {
	f, err := files.Open(path, files.Prompts)
	if err != nil {
		return nil, err
	}
	defer f.Close() // it is only read
	lines := f.Lines()
	var all []Prompt
	first := map[string]string{} // where an id stands first
	for {
		text, err := lines.Next()
		if err != nil && err != io.EOF {
			return nil, err
		}
		if len(bytes.TrimSpace(text)) > 0 {
			p, wrong := parse(fmt.Sprintf("%s:%d", path, lines.Number()), lines.Number(), text, path)
			if wrong != nil {
				return nil, wrong
			}
			if p.ID == "" {
				p.ID = fmt.Sprintf("%04d", len(all)+1)
			}
			if at, twice := first[p.ID]; twice {
				return nil, fmt.Errorf("%s: id: %s is that of %s, too; accepted: each id once", p.Place, p.ID, at)
			}
			first[p.ID] = p.Place
			all = append(all, p)
		}
		if err == io.EOF {
			break
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: no prompts; %s on each line", path, accepted)
	}
	return all, nil
}

// parse reads a line.
func parse(place string, number int, text []byte, path string) (p Prompt, err error) {
	refused := func(format string, args ...any) (Prompt, error) {
		return p, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...))
	}
	if !utf8.Valid(text) {
		return refused("not UTF-8; %s", accepted)
	}
	if err := files.CheckJSON(path, number, text, files.Prompts); err != nil {
		return p, err
	}
	var l line
	if err := files.ExactKeys(text, &l); err != nil {
		return refused("%v; %s", err, accepted)
	}
	if err := decode(text, &l); err != nil {
		return refused("%v; %s", files.NotJSON(err), accepted)
	}
	p = Prompt{IDs: l.IDs, Answer: l.Answer, Place: place}
	switch {
	case l.Text != nil && l.IDs != nil:
		return refused("text, ids: there are both; accepted: one of them")
	case l.Text == nil && l.IDs == nil:
		return refused("text, ids: there is neither; %s", accepted)
	case l.Text != nil && *l.Text == "":
		return refused("text: it is empty; accepted: a text")
	case l.Text == nil && len(l.IDs) == 0:
		return refused("ids: there are none; accepted: token numbers")
	}
	if l.Text != nil {
		p.Text = *l.Text
	}
	if l.ID == nil {
		return p, nil
	}
	if p.ID = *l.ID; !isName(p.ID) {
		return refused("id: %q cannot be the name of a file everywhere; accepted: at most %d letters, digits and ._- , a letter or a digit first",
			short(p.ID), longest)
	}
	return p, nil
}

// decode reads one object, with no keys but those of a line.
func decode(text []byte, l *line) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if trimmed := bytes.TrimSpace(text); trimmed[0] != '{' && json.Valid(trimmed) {
		return errors.New("it is no object")
	}
	if err := d.Decode(l); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something stands behind the object")
	}
	return nil
}

// longest is how long an id may be: a schedule and a suffix follow it in names of files, which have 255 bytes at most.
const longest = 80

// isName reports whether an id can stand in the name of a file.
func isName(id string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	return id != "" && len(id) <= longest && strings.Trim(id, letters+"._-") == "" && strings.Contains(letters, id[:1])
}

// short is the begin of a text, for a message.
func short(text string) string {
	if len(text) > longest {
		return text[:longest] + "…"
	}
	return text
}
