package eval

import (
	"math"
	"slices"

	"github.com/pmpdsim/pmpdsim/gpu/eval/rows"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Values are what a prompt comes to under a schedule.
type Values struct {
	WeightBits   float64 // on average over the decode passes that read the written continuation
	BitsPerToken float64
	KL           float64 // nats a token
	Agreement    float64

	AnswerBits float64 // over the decode passes of the greedy answer
	RougeL     float64
	Prefix     float64
}

// Of measures the outcome of a prompt, beside that of fp16. Answers end behind the first of the tokens by which the model ends
// them. What was not evaluated is 0.
func Of(m *weights.Model, of, fp16 *Outcome) Values {
	v := Values{WeightBits: average(m.Model, of.Forced), AnswerBits: average(m.Model, of.Evidence.Recorded)}
	n := float64(len(of.Tokens))
	for _, t := range of.Tokens {
		v.BitsPerToken += Bits(-t.LogP) / n
		v.KL += t.KL / n
		if t.Agrees {
			v.Agreement += 1 / n
		}
	}
	if len(of.Answer) > 0 {
		want, got := Ended(fp16.Answer, m.EOS), Ended(of.Answer, m.EOS)
		v.RougeL, v.Prefix = RougeL(want, got), float64(Prefix(want, got))
	}
	return v
}

// Ended cuts an answer behind the first of the tokens that end one.
func Ended(answer, eos []int) []int {
	if i := slices.IndexFunc(answer, func(id int) bool { return slices.Contains(eos, id) }); i >= 0 {
		return answer[:i+1]
	}
	return answer
}

// average is the mean bits of a weight over passes.
func average(m *workloads.Model, passes []precision.Assignment) float64 {
	return precision.AverageBits(m, precision.Passes(passes), len(passes))
}

// blocksOfPositions is in how many parts the continuation behind its first token is shown.
const blocksOfPositions = 8

// Summary is the row of a schedule: means over prompts with their intervals. The reference's outcomes are those of fp16 on the
// same prompts; there is at least one.
func Summary(m *weights.Model, outcomes, fp16 []Outcome, seed uint64) rows.Row {
	by := &rows.ByPrompt{}
	answers := 0.0
	for i := range outcomes {
		v := Of(m, &outcomes[i], &fp16[i])
		by.WeightBits, by.BitsPerToken, by.KL = append(by.WeightBits, round(v.WeightBits)), append(by.BitsPerToken, round(v.BitsPerToken)), append(by.KL, round(v.KL))
		by.Agreement, by.RougeL, by.Prefix = append(by.Agreement, round(v.Agreement)), append(by.RougeL, round(v.RougeL)), append(by.Prefix, round(v.Prefix))
		answers += v.AnswerBits / float64(len(outcomes))
	}
	r := rows.Row{Prompts: len(outcomes), AnswerBits: round(answers), ByPrompt: by, ByPosition: positions(m.Model, outcomes)}
	for _, bits := range by.WeightBits {
		r.AvgWeightBits += bits / float64(len(outcomes))
	}
	r.AvgWeightBits = round(r.AvgWeightBits)
	for _, x := range []struct {
		values          []float64
		mean, low, high *float64
	}{
		{by.BitsPerToken, &r.BitsPerToken, &r.BitsPerTokenLow, &r.BitsPerTokenHigh},
		{by.KL, &r.KLMean, &r.KLLow, &r.KLHigh},
		{by.Agreement, &r.Agreement, &r.AgreementLow, &r.AgreementHigh},
		{by.RougeL, &r.RougeL, &r.RougeLLow, &r.RougeLHigh},
		{by.Prefix, &r.Prefix, &r.PrefixLow, &r.PrefixHigh},
	} {
		i := Bootstrap(x.values, seed)
		*x.mean, *x.low, *x.high = round(i.Mean), round(i.Low), round(i.High)
	}
	return r
}

// positions are means over prompts and some positions: the first, which comes from prefill, and blocks of those behind it.
func positions(m *workloads.Model, outcomes []Outcome) []rows.Block {
	n := len(outcomes[0].Tokens)
	if n == 0 {
		return nil
	}
	blocks := []rows.Block{{From: 0, To: 0}}
	count := min(blocksOfPositions, n-1)
	for i := range count {
		blocks = append(blocks, rows.Block{From: 1 + i*(n-1)/count, To: (i + 1) * (n - 1) / count})
	}
	for k := range blocks {
		b := &blocks[k]
		share := 1 / float64((b.To-b.From+1)*len(outcomes))
		for i := range outcomes {
			for at, t := range outcomes[i].Tokens[b.From : b.To+1] {
				b.BitsPerToken += Bits(-t.LogP) * share
				b.KL += t.KL * share
				if t.Agrees {
					b.Agreement += share
				}
				if pass := b.From + at; pass > 0 {
					b.WeightBits += outcomes[i].Forced[pass-1].Average(m) * share
				} else {
					b.WeightBits += outcomes[i].Prefill.Average(m) * share
				}
			}
		}
		b.BitsPerToken, b.KL, b.Agreement, b.WeightBits = round(b.BitsPerToken), round(b.KL), round(b.Agreement), round(b.WeightBits)
	}
	return blocks
}

// round leaves out what exponentials of different processors differ by.
func round(x float64) float64 { return math.Round(x*1e9) / 1e9 }
