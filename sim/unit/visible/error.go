package visible

import "strings"

// Error returns the text of an error, in which a line feed stands only between errors that were joined: one in a name, which
// would forge a line, is made visible.
func Error(err error) string {
	var below []error
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		below = e.Unwrap()
	case interface{ Unwrap() error }:
		if one := e.Unwrap(); one != nil {
			below = []error{one}
		}
	}
	var b strings.Builder
	rest := err.Error()
	for i, one := range below {
		before, after, found := strings.Cut(rest, one.Error())
		if !found {
			continue
		}
		if i > 0 && before == "\n" {
			b.WriteString(before)
		} else {
			b.WriteString(Line(before))
		}
		b.WriteString(Error(one))
		rest = after
	}
	b.WriteString(Line(rest))
	return b.String()
}
