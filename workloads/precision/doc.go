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
// pmpd/modules/model.py and scheduler/naive_scheduler.py): pass 1 is always at the first precision, and after pass p
// the scheduler is asked with index p and goes to the low precision for pass p+1 when p ≥ s. So pass p runs at bitsᵢ
// with
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
// learned, activation, confidence, random and oracle find out where to switch while the run goes on (the oracle: when
// it is over). Decide walks over the passes in order and asks the scheduler after each. The scheduler gets the signals
// of the passes before and no others, so it cannot know more than it could on the machine. Its signals come from
// Evidence, which a trace fills (traces.Trace.Evidence). A Plan is the Policy with its reasons. Once a decision differs
// from the recorded bits, the trace's signals are those of another run: such decisions are marked counterfactual, not
// refused.
//
// The rules are those of PMPD's code; docs/schedules.md has the differences. What deciding costs is plain data (Cost,
// Products) for whoever prices it.
//
// # Bits by layer and matrix
//
// A pass has an Assignment: bits for each matrix of each layer, in a value that can be compared. Schedules say one number,
// and their rules (Rule) change it for some matrices; an Overlay is rules over one model, whose layers and names they
// must fit. Policies give assignments, and whoever reads a matrix asks At(layer, matrix).
//
// # What it leaves out
//
// Training classifiers and running them (package classifier runs one kind). The search for a schedule (package
// calibrate). Sums are fp64 where PMPD's are fp32. A switch goes to the next lower precision of the schedule and
// nowhere else.
//
// # Contract
//
// Parse and String are inverse; what says the same has the same text. Decisions are a pure function of the schedule,
// the number of tokens and the evidence. Everything that depends on a schedule's kind is in the kind's row (kinds.go);
// other packages ask for its properties (Needs, Decides, Reads, Takes), so that most of them never name a kind.
//
// # Adding one more
//
// A scheduler takes these files:
//
//   - NAME.go here: its row (syntax, needs, options, start, work), and a type with next and asked
//   - kinds.go: its constant, and its row in table
//   - traces/FORMAT.md: its name in the row kind of scheduler, if it can be recorded (Recordable); a test compares
//   - docs/schedules.md: its row, and its rule
//
// An option that no kind has yet: a field of Schedule (schedule.go) and an option (options.go). For its value to stand
// in the header of traces: a field of SchedulerParams (traces/header.go), its row in traces/FORMAT.md, its line in
// SchedulerOf (traces/scheduler.go).
//
// A signal that no kind reads yet: a Need (kinds.go), a field of Signals (evidence.go), where traces have it
// (traces/signals.go), and, if the decode engine measures it, decidable in gpu/job.go and decide in gpu/recorder.go.
package precision
