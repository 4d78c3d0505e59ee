package sweep

import (
	"encoding/json"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// Points of a spec with passes are others than those without, and their results say what was simulated.
func TestPassesOfASweep(t *testing.T) {
	const spec = "npu: pmpd-paper\nmodels: phi-1.5\nlengths: [{prompt: 8, gen: 12}]\nschedules: fp16\n"
	of := func(more string) *Point {
		s, err := parse([]byte(spec+more), "s.yaml", MostPoints, &inputs{dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		points, err := s.Points(t.Context(), "s.yaml", "v")
		if err != nil || len(points) != 1 {
			t.Fatal(points, err)
		}
		return points[0]
	}
	plain, all, some := of(""), of("passes: all\n"), of("passes: sampled\n")
	if plain.Fingerprint != all.Fingerprint || some.Fingerprint == all.Fingerprint || some.Fingerprint == of("passes: 2\n").Fingerprint {
		t.Errorf("fingerprints: %.8s without, %.8s of all, %.8s sampled", plain.Fingerprint, all.Fingerprint, some.Fingerprint)
	}
	line := &folder.Line{}
	if err := new(Worker).simulate(t.Context(), some, line); err != nil {
		t.Fatal(err)
	}
	r, err := result.Parse(line.Result)
	if err != nil || r.Sampling != "sampled:0.1%" || r.PassesSimulated < 3 || r.PassesSimulated > 6 {
		text, _ := json.Marshal(r)
		t.Errorf("%v, %s", err, text)
	}
}
