package traces

import (
	"encoding/hex"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// bitWidths is what a weight precision may be.
const bitWidths = "2 to 8, 16"

// validBits reports whether a weight precision exists.
func validBits(n int) bool { return n == 16 || (2 <= n && n <= 8) }

// checkRule checks one scalar against the rule tag of its field. Without a rule, integers are not negative, strings are
// not empty (a missing value is a missing key), floats are finite.
func checkRule(rule string, v reflect.Value) *Error {
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		return checkInt(rule, v.Int())
	case reflect.Float64:
		return checkFloat(rule, v.Float())
	case reflect.String:
		return checkText(rule, v.String())
	}
	return nil
}

func checkInt(rule string, n int64) *Error {
	switch rule {
	case "bits":
		if n > math.MaxInt16 || !validBits(int(n)) {
			return fault("", bitWidths, "%d is not a weight precision", n)
		}
	case "positive":
		if n < 1 {
			return fault("", "1 or more", "%d is too small", n)
		}
	case "":
		if n < 0 {
			return fault("", "0 or more", "%d is negative", n)
		}
	default:
		panic("traces: an integer field has the rule " + rule)
	}
	return nil
}

func checkFloat(rule string, x float64) *Error {
	low, high, accepted := math.Inf(-1), math.Inf(1), "a finite number"
	switch rule {
	case "":
	case "fraction":
		low, high, accepted = 0, 1, "0 to 1"
	case "nonnegative":
		low, accepted = 0, "0 or more"
	case "nonpositive":
		high, accepted = 0, "0 or less"
	default:
		panic("traces: a number field has the rule " + rule)
	}
	if math.IsNaN(x) || math.IsInf(x, 0) || x < low || x > high {
		return fault("", accepted, "%v is out of range", x)
	}
	return nil
}

var wordPattern = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func checkText(rule, text string) *Error {
	if text == "" {
		return fault("", "some text, or no such key", "the text is empty")
	}
	if !utf8.ValidString(text) {
		return fault("", "UTF-8", "the text is not valid UTF-8")
	}
	if what := visible.Hidden(text); what != "" {
		return fault("", visible.Accepted, "%s %s", clip(visible.Line(text)), what)
	}
	switch rule {
	case "":
	case "word":
		if !wordPattern.MatchString(text) {
			return fault("", "a word of a-z, 0-9 and _", "%q is not a word", clip(text))
		}
	case "sha256":
		if b, err := hex.DecodeString(text); err != nil || len(b) != 32 || strings.ToLower(text) != text {
			return fault("", "64 lower-case hexadecimal digits", "%q is not a SHA-256", clip(text))
		}
	case "time":
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			return fault("", "RFC 3339, such as 2026-11-22T17:00:00Z", "%q is not a time", clip(text))
		}
	case "cache":
		return checkCacheText(text)
	case "norm":
		return oneOf(text, workloads.Norms()...)
	case "activation":
		return oneOf(text, workloads.Activations()...)
	case "scoring":
		return oneOf(text, workloads.SoftmaxAll, workloads.SoftmaxChosen, workloads.SigmoidAll)
	case "family":
		return oneOf(text, workloads.Families()...)
	case "scheduler":
		return oneOf(text, precision.Recordable()...)
	default:
		panic("traces: a text field has the rule " + rule)
	}
	return nil
}

// oneOf accepts the listed words.
func oneOf[T ~string](text string, words ...T) *Error {
	if slices.Contains(words, T(text)) {
		return nil
	}
	return unknown("", text, words, "%q is not known", clip(text))
}
