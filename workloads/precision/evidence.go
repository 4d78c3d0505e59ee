package precision

import "slices"

// Signals are what one decode pass lets a scheduler know. What was not measured is nil.
type Signals struct {
	Confidence *float64  // probability of the most likely token
	KV         []float64 // scores of the classes of a classifier of the last block's keys and values
	Activation []float64 // scores of the classes of a classifier of the last hidden state
}

// Run is what became of one prompt under a schedule whose switches were known from the start.
type Run struct {
	Schedule    Schedule
	Quality     float64 // in any unit in which more is better
	AverageBits float64 // over the decode passes
	Source      string  // what says so, for errors
}

// PromptRuns are the runs of one prompt, one per schedule.
type PromptRuns struct {
	Prompt string
	Runs   []Run
}

// Evidence is what is known of the run that a schedule is to decide about: nothing, or what a trace says.
type Evidence struct {
	Source   string       // what the evidence comes from, for errors; empty: there is none
	Recorded []Assignment // weight bits of each decode pass
	Signals  []Signals    // of each decode pass
	Horizon  int          // tokens that the run was allowed to generate; 0: unknown
	Runs     []Run        // of the same prompt, for an oracle

	Classifier string // SHA-256 of the file that a schedule names, by which the scores were computed; empty: recorded ones
}

// horizon returns L, which the candidates divide: what the schedule says, else the limit of the run, else that of the
// job. PMPD's code takes 255 where a script passes no max_new_tokens; here a limit is always known. It is never the
// length that the run turned out to have, which the scheduler cannot know.
func (s Schedule) horizon(gen int, e Evidence) int {
	switch {
	case s.Horizon > 0:
		return s.Horizon
	case e.Horizon > 0:
		return e.Horizon
	default:
		return gen
	}
}

// CandidateCount is the number of switch points that PMPD chooses among, and of the classes of its classifiers.
const CandidateCount = 4

// Candidates returns the switch points that PMPD chooses among for at most l tokens: 0, l/3, 2(l/3) and l, divided as
// integers (kv_cache_scheduler.py).
func Candidates(l int) []int {
	return []int{0, l / 3, l / 3 * 2, l}
}

// best returns the class with the highest score; of equal ones the first, as argmax does.
func best(scores []float64) int {
	return slices.Index(scores, slices.Max(scores))
}
