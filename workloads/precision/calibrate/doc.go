// Package calibrate finds the static schedule with the fewest bits whose quality holds, from recorded runs: PMPD's
// offline calibration (arXiv 2410.13461).
//
// # What it models
//
// Each candidate schedule was run on each prompt of a validation set. Quality is relative to the run at the highest
// precision throughout, prompt by prompt; a candidate holds the bound if the mean of its relative qualities is at least
// the bound, and of those that hold, the one with the fewest average bits is chosen.
//
// # What it leaves out
//
// Running anything: traces.Prompts makes the runs from recorded traces. Of two candidates with the same bits, the one
// whose text sorts last is taken.
//
// # Contract
//
// The result depends on the runs alone, not on the order in which prompts come, up to the rounding of sums.
package calibrate
