package config

import "github.com/pmpdsim/pmpdsim/sim/unit/strict"

// enum sets to to text if it is one of the known names.
func enum[T ~string](to *T, text []byte, known []T) error { return strict.Enum(to, text, known) }

// notKnown says which names, or other things, are accepted instead of name.
func notKnown[T ~string](name string, known []T, others ...string) string {
	return strict.NotKnown(name, known, others...)
}

func list[T ~string](names []T) string { return strict.List(names) }
