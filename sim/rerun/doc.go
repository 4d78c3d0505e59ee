// Package rerun runs results again from what they carry, and compares what comes out with what they say, byte by byte.
//
// A result has its inputs in full, or they stand beside it in the folder of its sweep; a trace is found by its hash.
// Nothing else is asked for: no flags, no specs, no presets, which may have changed since. Speed-ups need the results
// that they compare with; where these are not among those that are run again, they are simulated for it.
//
// Left out: results of version 0.1.0, which name their inputs by fingerprints only, tables and exports, and what cosim
// prints, whose passes were decided by a model that ran.
package rerun
