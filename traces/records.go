package traces

// Record is one line after the header: *Ops, *Prefill, *Step, *SchedFeatures, *Switch, *CalibOps or *Footer.
type Record interface {
	// kind is the value of the record's type key.
	kind() string
}

func (*Header) kind() string        { return "header" }
func (*Ops) kind() string           { return "ops" }
func (*Prefill) kind() string       { return "prefill" }
func (*Step) kind() string          { return "step" }
func (*SchedFeatures) kind() string { return "sched_features" }
func (*Switch) kind() string        { return "switch" }
func (*CalibOps) kind() string      { return "calib_ops" }
func (*Footer) kind() string        { return "footer" }

// recordTypes is what a type key may be, in the order of FORMAT.md.
const recordTypes = "header, ops, prefill, step, sched_features, switch, calib_ops, footer"

// newRecord returns an empty record of a type, or nil if version 1 has no such type.
func newRecord(kind string) Record {
	switch kind {
	case "header":
		return new(Header)
	case "ops":
		return new(Ops)
	case "prefill":
		return new(Prefill)
	case "step":
		return new(Step)
	case "sched_features":
		return new(SchedFeatures)
	case "switch":
		return new(Switch)
	case "calib_ops":
		return new(CalibOps)
	case "footer":
		return new(Footer)
	}
	return nil
}

// Ops is the table of what one decode pass launches; op_ns of a step follows its order.
type Ops struct {
	Ops []Op       `json:"ops"`
	X   Extensions `json:"-"`
}

// Op is one kernel of a decode pass. Byte counts are per pass; those by precision are keyed by weight bits.
type Op struct {
	ID            int           `json:"id"`
	Name          string        `json:"name"`
	Kind          string        `json:"kind" rule:"word"`
	Layer         *int          `json:"layer,omitzero"`
	M             *int          `json:"m,omitzero" rule:"positive"`
	N             *int          `json:"n,omitzero" rule:"positive"`
	K             *int          `json:"k,omitzero" rule:"positive"`
	Grid          []int         `json:"grid,omitzero" rule:"positive"`
	Block         []int         `json:"block,omitzero" rule:"positive"`
	WeightBytes   map[int]int64 `json:"weight_bytes,omitzero"`
	LUTBytes      map[int]int64 `json:"lut_bytes,omitzero"`
	InBytes       *int64        `json:"in_bytes,omitzero"`
	OutBytes      *int64        `json:"out_bytes,omitzero"`
	KVBytesPerPos *int64        `json:"kv_bytes_per_pos,omitzero"`
	Flops         *int64        `json:"flops,omitzero"`
	X             Extensions    `json:"-"`
}

// Prefill is the pass over the prompt. It yields the first generated token.
type Prefill struct {
	Tokens  int        `json:"tokens" rule:"positive"`
	WBits   int        `json:"w_bits" rule:"bits"`
	TokOut  *int       `json:"tok_out,omitzero"`
	StepNS  *int64     `json:"step_ns,omitzero"`
	OpNS    []int64    `json:"op_ns,omitzero"`
	Experts string     `json:"experts,omitzero"`
	X       Extensions `json:"-"`
}

// Step is one decode pass: step i is decode pass i+1 and yields generated token i+2.
type Step struct {
	I          int        `json:"i"`
	TNS        *int64     `json:"t_ns,omitzero"`
	TokIn      *int       `json:"tok_in,omitzero"`
	TokOut     *int       `json:"tok_out,omitzero"`
	KVLen      int        `json:"kv_len" rule:"positive"`
	WBits      int        `json:"w_bits" rule:"bits"`
	Assignment *int       `json:"assignment,omitzero"`
	WNext      *int       `json:"w_next,omitzero" rule:"bits"`
	StepNS     *int64     `json:"step_ns,omitzero"`
	WallNS     *int64     `json:"wall_ns,omitzero"`
	DecideNS   *int64     `json:"decide_ns,omitzero"`
	OpNS       []int64    `json:"op_ns,omitzero"`
	PMax       *float64   `json:"p_max,omitzero" rule:"fraction"`
	Entropy    *float64   `json:"entropy,omitzero" rule:"nonnegative"`
	Margin     *float64   `json:"margin,omitzero" rule:"nonnegative"`
	LogP       *float64   `json:"logp,omitzero" rule:"nonpositive"`
	Experts    string     `json:"experts,omitzero"`
	Sched      *Decision  `json:"sched,omitzero"`
	Ref        *Reference `json:"ref,omitzero"`
	X          Extensions `json:"-"`
}

// Decision is what the scheduler saw and concluded after a step; the step's w_next is the outcome.
type Decision struct {
	Score     *float64   `json:"score,omitzero"`
	Threshold *float64   `json:"threshold,omitzero"`
	Reason    string     `json:"reason,omitzero"`
	X         Extensions `json:"-"`
}

// Reference compares a step with an fp16 pass that was fed the trace's own tokens.
type Reference struct {
	Tok   int        `json:"tok"`
	Agree bool       `json:"agree"`
	KL    *float64   `json:"kl,omitzero" rule:"nonnegative"`
	LogP  *float64   `json:"logp,omitzero" rule:"nonpositive"`
	X     Extensions `json:"-"`
}

// SchedFeatures is what a classifier saw after step i, and what it said.
type SchedFeatures struct {
	I         int        `json:"i"`
	Name      string     `json:"name" rule:"word"`
	Shape     []int      `json:"shape,omitzero" rule:"positive"`
	DType     DType      `json:"dtype,omitzero"`
	B64       string     `json:"b64,omitzero"`
	Scores    []float64  `json:"scores,omitzero"`
	HighSteps *int       `json:"high_steps,omitzero"`
	X         Extensions `json:"-"`
}

// Switch says that step I is the first at another precision than the step before it.
type Switch struct {
	I    int        `json:"i" rule:"positive"`
	From int        `json:"from" rule:"bits"`
	To   int        `json:"to" rule:"bits"`
	X    Extensions `json:"-"`
}

// CalibOps is one op at one precision, measured alone and often.
type CalibOps struct {
	WBits        int        `json:"w_bits" rule:"bits"`
	Op           int        `json:"op"`
	ColdNSMedian *int64     `json:"cold_ns_median,omitzero"`
	WarmNSMedian *int64     `json:"warm_ns_median,omitzero"`
	N            int        `json:"n" rule:"positive"`
	X            Extensions `json:"-"`
}

// Footer ends a trace: without it a file is cut off.
type Footer struct {
	Steps       int        `json:"steps"`
	Stop        Stop       `json:"stop"`
	SumStepNS   *int64     `json:"sum_step_ns,omitzero"`
	NLL         *float64   `json:"nll,omitzero" rule:"nonnegative"`
	Agree       *float64   `json:"agree,omitzero" rule:"fraction"`
	SHA256Steps string     `json:"sha256_steps" rule:"sha256"`
	X           Extensions `json:"-"`
}
