// Package config holds the fully resolved configuration of one NPU: plain data, the presets with their sources, and the
// strict reading of a user's changes.
//
// It models nothing. It promises that a Config which Load, Preset or Set returned is complete, consistent and possible
// (Validate is empty), and that whatever is wrong with a file or an assignment is reported at once, each fault on its
// own line, with its place, the key, what is wrong and what would be right:
//
//	my.yaml:4:9: array.rows: 0 is out of range; accepted: 1 to 4096
//	--set array.row=64: array.row: unknown key; accepted: style, rows, …; did you mean "array.rows"?
//
// A user's file names a preset as its base and changes some keys; a file without base must give every key, as the files
// of the presets and the output of YAML do. Nothing is defaulted: the one derived value is dram.mapping, where the
// empty text means the default of npu/dram/spec for the standard and the number of channels. Loading writes it out. As
// long as it is that default it follows changes of standard and channels. A dram.capacity of the base that is more than
// the changed channels can hold becomes the most that they can.
//
// Left out: whether a model fits (npu/compile knows), and everything about the DRAM standards themselves
// (npu/dram/spec).
//
// To add a key: a field in config.go with yaml and json tags, its check in validate.go, its value in every preset that
// has no base. A section whose field has the options omitempty and omitzero, and a method IsZero, is optional as a whole.
// To add a preset: a file in presets/, complete or with a base, and its name in Imagined or Devices (load.go). To add a
// type of enum: the type, its constants, its list and its UnmarshalText, in enums.go or beside what has it.
package config
