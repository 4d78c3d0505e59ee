// Package activity records what the parts of an NPU did during one step, and when: spans and quantities in cycles of the
// step, plain data that knows neither the parts nor how it will be shown.
//
// A part that has a Recording calls it once per tile, transfer or op, never per burst; a part that has none pays for a look
// at a nil pointer. What a recording keeps grows with its Detail:
//
//	Ops        one span per op and unit, and per op and class of data; quantities in at most 128 windows
//	Tiles      also one span per tile, inside its op's, and per decoding of an op
//	Transfers  also one span per DRAM transfer, and per wait of one for a link
//
// Spans of the front (Front) tile the step: each begins where the one before ended, and the last ends with the step. Those of a
// unit (Array, Vector, Decode) on one core never overlap. Loads, stores, exchanges, transfers and crossings may: several are
// outstanding at a time.
package activity
