package strict

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// unknownName is the error of a text that is none of an enum's names.
type unknownName struct {
	name  string
	known []string
}

func (e *unknownName) Error() string { return NotKnown(e.name, e.known) }

// Enum sets to to text if it is one of the known names.
func Enum[T ~string](to *T, text []byte, known []T) error {
	if !slices.Contains(known, T(text)) {
		return &unknownName{string(text), texts(known)}
	}
	*to = T(text)
	return nil
}

// NotKnown says which names, or other things, are accepted instead of name.
func NotKnown[T ~string](name string, known []T, others ...string) string {
	return fmt.Sprintf("%q is not known; %s", name, suggest.Accepted(name, known, others...))
}

// KindOf says what a value of v's type looks like in a file; the one list of the types that files hold.
func KindOf(v reflect.Value) string {
	switch to := v.Addr().Interface().(type) {
	case *string:
		return "text"
	case *bool:
		return "true or false"
	case *int, *int64:
		return "a whole number such as 64"
	case *unit.Cycles:
		return "a whole number of cycles such as 16"
	case *unit.Bits:
		return "a whole number of bits such as 8"
	case *unit.Bytes:
		return `a size with its unit such as "256KiB"`
	case *unit.Hertz:
		return `a frequency with its unit such as "1.2GHz"`
	case *unit.Femtoseconds:
		return `a time with its unit such as "25us"`
	case *unit.BytesPerSecond:
		return `a bandwidth with its unit such as "34.1GB/s"`
	case *unit.Celsius:
		return `a temperature in whole degrees such as "95C"`
	case *unit.Percent:
		return `a whole share such as "30%"`
	case *unit.Picojoules:
		return `an energy with its unit such as "1.5nJ"`
	case *unit.Attojoules:
		return `the energy of an action with its unit such as "0.42pJ"`
	case *unit.Microwatts:
		return `a power with its unit such as "47.5mW"`
	case *unit.Microvolts:
		return `a voltage with its unit such as "1.05V"`
	case *unit.Microamperes:
		return `a current with its unit such as "53mA"`
	case interface{ Forms() string }: // it says so itself
		return to.Forms()
	case encoding.TextUnmarshaler: // an enum: none has the empty name
		var unknown *unknownName
		if errors.As(to.UnmarshalText(nil), &unknown) {
			return "one of " + List(unknown.known)
		}
	}
	panic(fmt.Sprintf("strict: a key of type %s: add it to KindOf and parse", v.Type()))
}

// List writes names with commas between.
func List[T ~string](names []T) string { return strings.Join(texts(names), ", ") }

func texts[T ~string](names []T) []string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = string(n)
	}
	return all
}

// SetText sets v to what text says. The error names what would be right.
func SetText(v reflect.Value, text string) error {
	err := parse(v, text)
	if err != nil && !strings.Contains(err.Error(), "; accepted: ") {
		return fmt.Errorf("%w; accepted: %s", err, KindOf(v))
	}
	return err
}

func parse(v reflect.Value, text string) error {
	switch to := v.Addr().Interface().(type) {
	case encoding.TextUnmarshaler:
		fresh := reflect.New(v.Type())
		if err := fresh.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
			return err
		}
		v.Set(fresh.Elem())
	case *string:
		*to = text
	case *bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("%q is not a truth value", text)
		}
		*to = text == "true"
	default: // the integers
		n, err := strconv.ParseInt(text, 10, 64)
		if errors.Is(err, strconv.ErrRange) {
			return fmt.Errorf("%q is too large", text)
		}
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		v.SetInt(n)
	}
	return nil
}

// TextOf writes v as SetText reads it.
func TextOf(v reflect.Value) string { return fmt.Sprint(v.Interface()) }

// Fits reports whether n is a scalar of v's type: a quoted number is text, an unquoted truth value is not.
func Fits(n *yaml.Node, v reflect.Value) bool {
	fits := n.Kind == yaml.ScalarNode
	switch v.Kind() {
	case reflect.Bool:
		fits = fits && n.Tag == "!!bool"
	case reflect.String:
		fits = fits && n.Tag == "!!str"
	default: // integers and quantities; a bare number for a quantity is refused by its own type, with a better message
		fits = fits && (n.Tag == "!!int" || n.Tag == "!!float" || n.Tag == "!!str")
		if _, quantity := v.Interface().(fmt.Stringer); fits && !quantity {
			fits = n.Tag != "!!str"
		}
	}
	return fits
}
