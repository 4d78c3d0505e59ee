// Package timeline writes what happened in a run as a Perfetto trace, which ui.perfetto.dev and trace_processor open.
// Each run is a group of tracks: its steps end to end, and for each core its units, its memory traffic by class of
// data, its network and counters.
//
// # Time
//
// Each step is simulated from cycle 0; in the run it begins where the step before ended. Cycle c of the run is shown at
// nanosecond floor(c · 1e9 / clock), computed in integers. Rounding down keeps order, so spans that nest or follow each
// other in cycles also do so in nanoseconds. A span may become up to a nanosecond longer or shorter, and at clocks
// above 1 GHz a span of one cycle may vanish. Exact cycles are in the spans' arguments (cycles, busy).
//
// # Tracks
//
// Perfetto demands that spans of one track nest or are disjoint. Activities that overlap in the machine (outstanding
// transfers) are spread over as few rows as possible: tracks of one name, which Perfetto shows as one track.
//
// # Bytes
//
// The format is perfetto_trace.proto: packets, most of them deflated inside compressed_packets. A [Writer] writes one
// run, with a packet sequence and interned names of its own, so the output of any number of writers can be concatenated
// to a file. The bytes depend only on the steps.
package timeline
