package suggest_test

import (
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

func TestNearest(t *testing.T) {
	names := []string{"style", "rows", "cols", "bits_per_cycle", "Llama-3.1-8B", "l"}
	for _, c := range []struct{ name, word, want string }{
		{"the word itself is the nearest", "rows", "rows"},
		{"a letter too many", "rowss", "rows"},
		{"two letters swapped are one edit", "rosw", "rows"},
		{"a short word may be one edit away", "clos", "cols"},
		{"a short word two edits away is another word", "coat", ""},
		{"a longer word may be two edits away", "stilee", "style"},
		{"a long word may be wrong in a third", "bits_pro_zyklen", "bits_per_cycle"},
		{"a long word that is wrong in more is another word", "bytes_po_zyklon", ""},
		{"case does not count in the word", "ROWS", "rows"},
		{"case does not count in the candidate", "llama-3.1-8b", "Llama-3.1-8B"},
		{"what begins with the word may be meant, however long it is", "bit", "bits_per_cycle"},
		{"two letters begin too many words", "bi", ""},
		{"no word", "", ""},
		{"one letter is no slip for another", "x", ""},
		{"one letter itself", "L", "l"},
		{"nothing near", "capacity", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := suggest.Nearest(c.word, names); got != c.want {
				t.Errorf("%q: got %q, want %q", c.word, got, c.want)
			}
		})
	}
	t.Run("of two that are as near the first is taken", func(t *testing.T) {
		if got := suggest.Nearest("lane", []string{"lanes", "plane"}); got != "lanes" {
			t.Errorf("got %q", got)
		}
	})
}

func TestAccepted(t *testing.T) {
	type style string
	styles := []style{"lut", "dequant"}
	for _, c := range []struct{ name, got, want string }{
		{"a near name is asked for", suggest.Accepted("lud", styles), `accepted: lut, dequant; did you mean "lut"?`},
		{"a far one is not", suggest.Accepted("systolic", styles), "accepted: lut, dequant"},
		{"what is no name stands last and is not asked for", suggest.Accepted("a file", styles, "or a file."), "accepted: lut, dequant, or a file."},
		{"no names", suggest.Accepted[style]("lut", nil), "accepted: "},
		{"a question", suggest.Question("array.rows"), `; did you mean "array.rows"?`},
		{"nothing to ask", suggest.Question(""), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.got != c.want {
				t.Errorf("got %q, want %q", c.got, c.want)
			}
		})
	}
}
