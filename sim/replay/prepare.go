package replay

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pmpdsim/pmpdsim/npu/compile"
	"github.com/pmpdsim/pmpdsim/npu/isa"
	"github.com/pmpdsim/pmpdsim/npu/stats"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
	"github.com/pmpdsim/pmpdsim/workloads/routing"
)

// MostTokens is how many tokens a job generates at most, and MostTogether how many all jobs of a run should: the counts of each
// pass are kept.
const (
	MostTokens   = 1 << 17
	MostTogether = 3 * MostTokens // those of a model's three schedules
)

// MostSequences is the largest batch.
const MostSequences = compile.MostSequences

// Prepared is a job that has been checked and compiled and whose precisions are known, ready to be simulated. Only
// Prepare makes one. It does not change, so several runs may share it.
type Prepared struct {
	Job
	npu       string // the configuration's fingerprint
	machine   string // what of it a simulation can tell
	compiler  *compile.Compiler
	router    routing.Router // nil: the model has no experts
	prefill   precision.Assignment
	bits      []precision.Assignment         // of each decode pass
	plan      *precision.Plan                // nil if nothing was decided
	asked     []bool                         // for each decode pass, whether the schedule computes a decision after it
	used      []precision.Assignment         // precisions of decode, in order of first use
	transfers map[precision.Assignment]int64 // DRAM transfers of the last decode pass, by its possible bits
}

// Prepare checks and compiles a job, including its longest passes at every precision, so that all errors are found
// before anything is simulated.
func Prepare(j Job) (*Prepared, error) {
	if err := errors.Join(j.check(), j.checkExperts()); err != nil {
		return nil, err
	}
	schedule, err := j.Schedule.Of(j.Model)
	if err != nil {
		return nil, err
	}
	j.Schedule = schedule
	policy, err := j.Schedule.Resolve(j.Model, j.Generated, j.Evidence)
	if err != nil {
		return nil, err
	}
	p, err := j.begin()
	if err != nil {
		return nil, err
	}
	p.plan, _ = policy.(*precision.Plan)
	for i := range p.bits {
		pass := i + 1
		p.bits[i], p.asked[i] = policy.At(pass), p.plan != nil && pass <= p.plan.Asked
		if !slices.Contains(p.used, p.bits[i]) {
			p.used = append(p.used, p.bits[i])
		}
	}
	if err := p.compile(policy); err != nil {
		return nil, err
	}
	return p, p.compileLongest()
}

// PrepareAll prepares jobs. An error names the schedule of its job.
func PrepareAll(jobs []Job) ([]*Prepared, error) {
	all := make([]*Prepared, len(jobs))
	for i, j := range jobs {
		var err error
		if all[i], err = Prepare(j); err != nil {
			return nil, fmt.Errorf("schedule %s: %w", j.Schedule, err)
		}
	}
	return all, nil
}

// check returns an error if a length is impossible.
func (j Job) check() error {
	if j.Generated < 1 {
		return fmt.Errorf("%d tokens to generate; accepted: 1 or more, the first comes from prefill", j.Generated)
	}
	if j.Generated > MostTokens {
		return fmt.Errorf("%d tokens to generate: the counts of each pass are kept, some 3 KB; accepted: at most %d", j.Generated, MostTokens)
	}
	if err := j.Sampling.check(); err != nil {
		return err
	}
	return j.Model.CheckLengths(j.Prompt, j.Generated)
}

// begin returns a Prepared whose precisions and program are not known yet.
func (j Job) begin() (*Prepared, error) {
	over, err := j.Schedule.Over(j.Model, j.Generated)
	if err != nil {
		return nil, err
	}
	return &Prepared{Job: j, npu: j.Config.Fingerprint(), machine: machineOf(j.Config), prefill: over.At(j.Schedule.PrefillAt(j.RecordedPrefill), 0),
		bits: make([]precision.Assignment, j.Passes()), asked: make([]bool, j.Passes()), transfers: map[precision.Assignment]int64{}}, nil
}

// compile makes the compiler that all steps share, for the precisions of prefill and decode.
func (p *Prepared) compile(policy precision.Policy) (err error) {
	if p.router, err = p.routing(); err != nil {
		return err
	}
	p.compiler, err = compile.New(compile.Job{Config: p.Config, Model: p.Model, Precisions: append([]precision.Assignment{p.prefill}, p.used...),
		Prompt: p.Prompt, Passes: p.Passes(), Batch: p.Batch, Routing: p.router, AsStored: p.Schedule.Kind == precision.KindFile,
		Decide: p.deciding(policy)})
	return err
}

// compileLongest compiles the largest programs: prefill, and the last decode pass at every precision. Prefill is only
// checked, because its program can be very large.
func (p *Prepared) compileLongest() error {
	if !p.DecodeOnly {
		if err := p.compiler.CheckPrefill(p.Prompt, p.prefill); err != nil {
			return err
		}
	}
	for _, at := range p.used {
		last, err := p.compiler.Decode(p.lastPast(), at, at)
		if err != nil {
			return err
		}
		p.transfers[at] = last.Transfers()
	}
	return nil
}

// lastPast returns the number of positions in the cache before the last decode pass.
func (p *Prepared) lastPast() int { return p.Prompt + p.Passes() - 1 }

// Memory returns the job's footprint in DRAM, and what there is.
func (p *Prepared) Memory() result.Memory {
	f := p.compiler.Footprint()
	return result.Memory{Footprint: f, Total: f.Total(), Capacity: p.Config.DRAM.Capacity}
}

// Operators returns the names of the operators, by their place in stats.Counts.
func (p *Prepared) Operators() []string { return p.compiler.Operators() }

// Tilings returns the operators' tilings in prefill and in the last decode pass at each precision.
func (p *Prepared) Tilings() ([]result.Tiling, error) {
	choices, err := p.compiler.ExplainPrefill(p.Prompt, p.prefill)
	if err != nil {
		return nil, err
	}
	all := []result.Tiling{{Pass: "prefill", Bits: p.prefill.Max(), Operators: choices}}
	for _, at := range p.used {
		if choices, err = p.compiler.ExplainDecode(p.lastPast(), at); err != nil {
			return nil, err
		}
		all = append(all, result.Tiling{Pass: "decode", Bits: at.Max(), Operators: choices})
	}
	return all, nil
}

// run starts a run of some steps.
func (p *Prepared) run(steps []int) *run {
	return &run{Prepared: p, steps: steps, todo: steps, counts: make([]stats.Counts, 1+p.Passes()), simulated: make([]bool, 1+p.Passes()),
		touched: make([]isa.Touched, 1+p.Passes())}
}

// all lists the steps of a run: 0 is prefill.
func (p *Prepared) all() []int {
	var steps []int
	for s := range 1 + p.Passes() {
		if s > 0 || !p.DecodeOnly {
			steps = append(steps, s)
		}
	}
	return steps
}

// program compiles a step: 0 is prefill, n the nth decode pass.
func (p *Prepared) program(step int) (*isa.Program, error) {
	if step == 0 {
		return p.compiler.Prefill(p.Prompt, p.prefill)
	}
	past, at := p.Prompt+step-1, p.bits[step-1]
	if p.asked[step-1] {
		return p.compiler.DecodeDeciding(past, at, p.before(step))
	}
	return p.compiler.Decode(past, at, p.before(step))
}

// before are the precisions of the step before a decode pass.
func (p *Prepared) before(pass int) precision.Assignment {
	if pass == 1 {
		return p.prefill
	}
	return p.bits[pass-2]
}
