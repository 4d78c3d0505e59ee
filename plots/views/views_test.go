package views_test

import (
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/plots/views"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/study"
)

// set is results of two schedules on two sizes of the array, arranged.
func set(t *testing.T) *study.Set {
	t.Helper()
	s := &study.Set{}
	for i, rows := range []string{"32", "8"} {
		for j, schedule := range []string{"uniform:4", "fp16"} {
			r := &result.Result{NPU: "n", Model: "m", Schedule: schedule, AvgWeightBits: float64(4 + 12*j), Batch: 1, GeneratedTokens: 3,
				TokensPerSecond: float64(10*(2-i) + 5*(1-j)), EnergyPerToken: 0.002 * float64(1+j), AreaMM2: float64(4 - i),
				Fits: i == 0 || j == 1}
			r.Operators.Decode = []result.Operator{{Name: "q_proj", Seconds: 2, MACs: 8e9, Intensity: 0.5, BoundBy: "memory"}, {Name: "softmax", Seconds: 1}}
			s.Outcomes = append(s.Outcomes, &study.Outcome{Result: r, Place: schedule, Keys: []study.Key{{Name: "model", Value: "m", Text: "m"},
				{Name: "rows", Value: rows, Text: "rows " + rows}}})
		}
	}
	a, err := s.Arrange()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestViewsSayWhatIsDrawn(t *testing.T) {
	machine := &study.Machine{Bandwidth: 16e9, Roofs: []study.Roof{{Bits: 2, MACsPerSecond: 64e9}, {Bits: 4, MACsPerSecond: 64e9}, {Bits: 16, MACsPerSecond: 16e9}}}
	for _, c := range []struct {
		name string
		draw views.Draw
		opts views.Options
		want string // numbers, or the error
	}{
		{"throughput", views.Throughput, views.Options{},
			"setting,schedule,avg_weight_bits,tokens_per_second,fits\nrows 8,fp16,16,10,true\nrows 8,uniform:4,4,15,false\nrows 32,fp16,16,20,true\nrows 32,uniform:4,4,25,true\n"},
		{"speed-ups that nobody ran", views.Speedups, views.Options{},
			"fp16: no result has a speed-up; accepted: results of runs with the schedule fp16, or uniform at the highest precision, beside others"},
		{"fronts, of what fits", views.Pareto, views.Options{}, "workload,design,tokens_per_second,energy_joules_per_token,area_mm2,best_for_energy,best_for_area,fits\n" +
			",\"rows 8, fp16\",10,0.004,3,false,true,true\n,\"rows 8, uniform:4\",15,0.002,3,false,false,false\n" +
			",\"rows 32, fp16\",20,0.004,4,false,false,true\n,\"rows 32, uniform:4\",25,0.002,4,true,true,true\n"},
		{"cells, in a heat map's unit only when they are drawn", views.HeatMap, views.Options{Value: "energy_joules_per_token"},
			"schedule,rows,energy_joules_per_token,fits\nfp16,8,0.004,true\nfp16,32,0.004,true\nuniform:4,8,0.002,false\nuniform:4,32,0.002,true\n"},
		{"a number that results do not have", views.HeatMap, views.Options{Value: "beauty"}, "--value beauty: no number of a result; accepted: " +
			strings.Join(study.MetricKeys(), ", ")},
		{"a breakdown that was not made", views.Breakdown, views.Options{Phase: "decode"},
			"fp16: the result has no breakdown; accepted: results of run --breakdown --format json"},
		{"operators, and roofs that widths share", views.Roofline, views.Options{Phase: "decode", Machine: machine},
			"setting,schedule,what,macs_per_byte,macs_per_second,bound_by,fits\nrows 8,fp16,q_proj,0.5,4e+09,memory,true\nrows 8,uniform:4,q_proj,0.5,4e+09,memory,false\n" +
				"rows 32,fp16,q_proj,0.5,4e+09,memory,true\nrows 32,uniform:4,q_proj,0.5,4e+09,memory,true\n" +
				",,\"roof of 2, 4-bit weights\",4,6.4e+10,compute,\n,,roof of 16-bit weights,1,1.6e+10,compute,\n,,roof of the DRAM,1,1.6e+10,memory,\n"},
		{"a phase without operators", views.Roofline, views.Options{Phase: "prefill", Machine: machine}, "fp16: no operator of prefill has MACs and traffic"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			v, err := c.draw(set(t), c.opts)
			if err == nil {
				err = v.Write(&b, "csv")
			}
			got := b.String()
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestFiguresThatCouldNotBeRead(t *testing.T) {
	s := set(t)
	for len(s.Outcomes) < 81 {
		s.Outcomes = append(s.Outcomes, s.Outcomes[0])
	}
	const want = "81 bars in one figure; accepted: up to 80 (choose with --only KEY=VALUE)"
	if _, err := views.Throughput(s, views.Options{}); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
