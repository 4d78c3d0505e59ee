package files

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
)

// NotJSON words what encoding/json says of a text in the terms of whoever wrote it. Other errors, and nil, it returns as they are.
func NotJSON(err error) error {
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	const unknown = "json: unknown field "
	switch {
	case errors.As(err, &syntax):
		sign := invalid.FindStringSubmatch(syntax.Error())
		if sign == nil {
			return errors.New("not JSON: it ends too early")
		}
		return fmt.Errorf("not JSON: %s cannot stand at byte %d", sign[1], syntax.Offset)
	case errors.As(err, &wrong):
		what := fmt.Sprintf("%s stands where %s is due", article(wrong.Value), due(wrong.Type))
		field := embedded.ReplaceAllString(wrong.Field, "")
		if field == "" {
			return errors.New(what)
		}
		return fmt.Errorf("%s: %s", field, what)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("not JSON: it ends too early")
	case err != nil && strings.HasPrefix(err.Error(), unknown):
		return fmt.Errorf("the key %s is not known", strings.TrimPrefix(err.Error(), unknown))
	}
	return err
}

var (
	invalid  = regexp.MustCompile(`^invalid character ('\\''|'[^']+') `) // how encoding/json names a sign
	embedded = regexp.MustCompile(`^([A-Z]\w*\.)+`)                      // structs whose keys stand in the object itself
)

// article writes a value as encoding/json names it: "string", "number 1.5".
func article(value string) string {
	switch {
	case strings.HasPrefix(value, "number "):
		return "the " + value
	case value == "bool":
		return "true or false"
	case value == "array":
		return "a list"
	case value == "string":
		return "a text"
	case value == "object":
		return "an object"
	}
	return "a " + value
}

// due says what a type holds.
func due(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return due(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a text"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	}
	return "a whole number"
}
