package result_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

func FuzzParse(f *testing.F) {
	data, err := os.ReadFile("../study/testdata/results.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	first, _, _ := bytes.Cut(data, []byte("\n"))
	f.Add(first)
	f.Add([]byte(`{"npu":"a","model":"b","schedule":"fp16","tokens_per_second":1e308,"generated_tokens":2,"batch":1,"energy_joules_per_token":5e-324}`))
	f.Add([]byte(`{"npu":"a","model":"b","schedule":"fp16","ttft_seconds":0.5,"generated_tokens":1,"batch":1}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		simtest.Budget(t, func() {
			r, err := result.Parse(line)
			if err != nil {
				return
			}
			decodes := r.TokensPerSecond > 0 && r.EnergyPerToken > 0
			if r.GeneratedTokens < 1 || decodes != (r.GeneratedTokens > 1) || r.Batch < 1 {
				t.Errorf("accepted: %+v", r)
			}
		})
	})
}
