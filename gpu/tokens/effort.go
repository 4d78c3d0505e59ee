package tokens

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// What a tokenizer's file may ask for. Those of real models stay far below: they have some ten parts, patterns of 200
// characters, replacements of 3 bytes and pieces of 100.
const (
	mostParts       = 128              // normalizers, pre-tokenizers and decoders
	longestPattern  = 4 << 10          // bytes of a regular expression
	longestContent  = 1 << 10          // bytes that are put into a text at a place
	mostAdded       = 1 << 16          // added tokens
	mostPieces      = 1 << 20          // of a tokenizer.model
	longestPiece    = 256              // bytes of one that merges make
	growth          = 16               // a text may become so many times as long, and spare bytes longer
	spare           = 64 << 10         //
	matchTime       = 3 * time.Second  // of one search for the next match of a pattern
	textTime        = 5 * time.Second  // of all patterns and added tokens on one text, and
	megabyteTime    = 20 * time.Second // as long again for each MiB of it
	lookAtTheClock  = 1 << 10          // steps between two looks
	acceptedPattern = "a pattern that finds words in time proportional to the text, as those of published tokenizers do"
)

// effort is what may still be spent on one text. A file can ask for more than any machine has: patterns that try every way
// to divide a text, replacements that double it once each.
type effort struct {
	left  int // bytes that it may still grow by
	until time.Time
	steps int
}

func newEffort(bytes int) *effort {
	return &effort{left: growth*bytes + spare, until: time.Now().Add(textTime + megabyteTime*time.Duration(bytes)/(1<<20))}
}

// grow takes what a text has grown by; what is negative is nothing.
func (e *effort) grow(by int) error {
	if e.left -= max(0, by); e.left < 0 {
		return fmt.Errorf("the parts of the tokenizer make the text more than %d times as long; accepted: parts that make it less than that longer", growth)
	}
	return nil
}

// step counts a step, and looks at the clock now and then.
func (e *effort) step() error {
	if e.steps++; e.steps%lookAtTheClock == 0 {
		return e.inTime()
	}
	return nil
}

func (e *effort) inTime() error {
	if time.Now().After(e.until) {
		return errors.New("the parts of the tokenizer take too long for the text; accepted: parts that take time proportional to it, as those of published tokenizers do")
	}
	return nil
}

// replaced is strings.ReplaceAll, unless the text then would grow by more than is left; it takes nothing of that.
func (e *effort) replaced(text, old, with string) (string, error) {
	if by := strings.Count(text, old) * (len(with) - len(old)); by > e.left {
		return "", e.grow(by)
	}
	return strings.ReplaceAll(text, old, with), nil
}

// short refuses what is sought or put at a place of a text, if it is too long.
func short(content string) error {
	if len(content) > longestContent {
		return fmt.Errorf("%d bytes for one place of a text; accepted: at most %d", len(content), longestContent)
	}
	return nil
}

// room refuses one part more than there may be.
func (t *Tokenizer) room() error {
	if len(t.normalizers)+len(t.splitters)+len(t.decoders) >= mostParts {
		return errors.New("the tokenizer has too many parts; accepted: at most 128 normalizers, pre-tokenizers and decoders")
	}
	return nil
}
