// Package precision says how many bits each weight has in each pass: the grammar of schedules as they stand on the
// command line, and the policies that they become.
//
// # What it models
//
// A schedule is text (Parse, String); with the number of tokens to generate, and for recorded schedules with the bits
// of a trace, it becomes a Policy, which gives the weight bits of decode pass 1, 2, 3, …. Generating N tokens takes one
// prefill and N−1 decode passes, because the first token comes from prefill.
//
// A static schedule bits₀>bits₁>…@s₁,s₂,… follows the generation loop of PMPD (SamsungLabs/PMPD @909cdf9,
// pmpd/modules/model.py and scheduler/naive_scheduler.py): pass 1 is always at the first precision, and after pass p the
// scheduler is asked with index p and goes to the low precision for pass p+1 when p ≥ s. So pass p runs at bitsᵢ with
//
//	i = number of switch steps s with p > max(s, 1)
//
// and passes 1…max(s₁,1) are at the first precision: @0 and @1 mean the same. With s = 2 and 4 in passes 1 to 6:
//
//	static:4>3>2@2,4    4 4 3 3 2 2
//	static:4>3@0        4 3 3 3 3 3
//
// Without @ the switch steps are spread evenly over the N generated tokens: sᵢ = ⌊i·N/number of precisions⌋.
//
// # Schedulers that decide
//
// learned, activation, confidence, random and oracle find out while the run goes on (or, the oracle, when it is over) where to
// switch. Decide walks over the passes in their order and asks after each; a scheduler is handed the signals of the passes
// before and no others, so it cannot know more than it could have on the machine. What it is fed is Evidence, which a trace
// fills (traces.Trace.Evidence). A Plan is the Policy with its reasons. Once a decision differs from the recorded bits, the
// signals of the trace are those of another run: such decisions are marked counterfactual, not refused.
//
// The rules are those of PMPD's code, the differences stand in docs/schedules.md. What deciding costs is plain data (Cost,
// Products) for whoever prices it.
//
// # What it leaves out
//
// Training of classifiers, and computing the scores of an activation classifier: recorded ones are replayed. Sums are fp64
// where PMPD's are fp32. Switching to a precision that is not the next lower one of the schedule.
//
// # Adding one more
//
// A Kind, a case in Parse, String and Resolve, a line in Kinds, and a type with Bits if neither Static nor Recorded
// expresses it; one that decides: options in optionsOf, a scheduler for Decide, its cost. Tests go through every kind of Kinds.
package precision
