// Package strict reads YAML of users strictly: every value by the type of what it is for, and everything that is wrong
// at once, each fault with its place and with what would be accepted. The readers of NPUs, DRAM parts and sweeps are
// made of it.
//
// It knows no keys. A new type of value goes into KindOf and, if it does not read its own text, into parse; a type that
// reads its own text may say what it accepts with a method Forms.
package strict
