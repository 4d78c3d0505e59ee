// Package activity records what the parts of an NPU did during one step, and when: spans and quantities, in cycles of
// the step. It is plain data and depends neither on the parts nor on how it is shown.
//
// A part that has a Recording calls it once per tile, transfer or op, never per burst; a part that has none pays for a
// check of a nil pointer. What a recording keeps grows with its Detail:
//
//	Ops        one span per op and unit, and per op and class of data; quantities in at most 128 windows
//	Tiles      also one span per tile, inside its op's, and per decoding of an op
//	Transfers  also one span per DRAM transfer, and per wait of one for a link
//
// Spans of the cycles charged to ops (Front) cover the step without gaps or overlap. Spans of one unit of a core
// (Array, Vector, Decode) never overlap. Loads, stores, exchanges, transfers and crossings may: several are outstanding
// at a time.
//
// To add a part: a constant of Part, a method of Recording that the component calls, and a track in sim/timeline.
package activity
