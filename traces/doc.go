// Package traces holds decode traces: what one run of a model under a precision schedule did, pass by pass, recorded on
// a GPU or on the CPU, or written down from a schedule alone.
//
// FORMAT.md is the specification of the file format; the structs of this package are its types, and the tags of their
// fields its rules: `json:"name"` is required, `json:"name,omitzero"` optional, `rule:"..."` bounds the value
// (rules.go). A missing field means "not measured". It is never a zero.
//
// A [Source] yields the header and then the records of a trace, whatever it comes from: a [Reader] replays a file, a
// [Synthetic] derives the records from a model, the lengths of a task and a schedule. Both obey the same order and
// consistency rules, which live in one place (check.go) and also guard the [Writer]. [ReadAll] turns a Source into a
// [Trace], everything in memory.
//
// What a trace leaves out: what the passes cost on the simulated NPU. That follows from the model, the position and the
// precision of a pass; the times in a trace are those of the machine that recorded it.
//
// Kinds of schedules are those of package precision that can be recorded, families of models those of package
// workloads: neither is listed here a second time.
//
// To add a field to the format: a struct field with its tags, a row in FORMAT.md (a test compares the two), a rule in
// check.go where it depends on other fields, and a new version number unless no reader of the present one has shipped.
package traces
