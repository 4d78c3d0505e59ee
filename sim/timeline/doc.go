// Package timeline writes what happened in a run as a Perfetto trace, which ui.perfetto.dev and trace_processor open: the steps
// of a run laid end to end, a group of tracks for each run, in it tracks for the steps, the units, the memory traffic by class
// of data and the network of each core, and counters.
//
// # Time
//
// A step is simulated from cycle 0; in the run it begins where the one before ended. A cycle c of the run is at the nanosecond
// floor(c · 1e9 / clock), in integers. Rounding down keeps order, so that spans that nest or follow each other in cycles do so
// in nanoseconds; a span may become up to a nanosecond longer or shorter, and at clocks above 1 GHz one of a cycle may vanish.
// Cycles themselves stand in the spans' arguments (cycles, busy).
//
// # Tracks
//
// On one track spans nest or are apart, never overlap otherwise, as Perfetto demands. What overlaps in the machine (outstanding
// transfers) is spread over as few lanes as it needs; lanes have the same name, which Perfetto shows as one track with rows.
//
// # Bytes
//
// The format is that of perfetto_trace.proto: packets, of which most lie deflated in packets of packets (compressed_packets).
// A Part is one run with a packet sequence and names of its own: a file is any number of parts, one after the other. What a part
// holds depends on its steps alone.
package timeline
