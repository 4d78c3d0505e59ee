package sweep

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// FuzzSpec reads specs, with their axes and filters. What is accepted has as many points as it says at most, whether or not
// they can all be simulated.
func FuzzSpec(f *testing.F) {
	for _, text := range []string{one, "schedules: [fp16, \"uniform:2\"]\nbatch: [1, 8]\nfilters: [batch >= 1 and gen != 4]\n" + common,
		"schedules: fp16\naxes:\n  - shape: {128x128: {array.rows: 128}, 8x8: {array.rows: 8}}\n  - clock: [2GHz, 1GHz]\n" + common,
		"npu: [edge-lpddr5]\nset: {kv.bits: 8}\nmodels: [phi-1.5]\nlengths: [{prompt: 64, gen: 16}]\nschedules: ['static:4>3@10']\n", "a: &a [*a]\n", "? {}\n: []\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		simtest.Budget(t, func() {
			dir := t.TempDir()
			const most = 200
			s, err := parse(data, "spec.yaml", most, &inputs{dir: dir})
			if err != nil {
				if !strings.HasPrefix(err.Error(), "spec.yaml") {
					t.Errorf("%v does not begin with the file", err)
				}
				return
			}
			if points, err := s.Points(t.Context(), "spec.yaml", testVersion); err == nil && (len(points) == 0 || len(points) > most) {
				t.Errorf("%d points", len(points))
			}
		})
	})
}

// FuzzSlurm reads what Slurm's programs print, and the file that says which points a task has.
func FuzzSlurm(f *testing.F) {
	f.Add("7_0|COMPLETED|0:0\n7_1|NODE_FAIL|1:0\n7_2|CANCELLED by 0|0:15\n", "[0,1]\n[2]\n", 1)
	f.Add("||", "[99999999999999999999]", -1)
	f.Fuzz(func(t *testing.T, printed, tasks string, number int) {
		simtest.Budget(t, func() {
			if text := incomplete(printed, "7"); len(text) > len(printed)*20+100 {
				t.Errorf("%d bytes of %d", len(text), len(printed))
			}
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "slurm"), 0o700); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"tasks.jsonl", "array.json"} {
				if err := os.WriteFile(filepath.Join(dir, "slurm", name), []byte(tasks), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, _ = Task(dir, number) // refused or not
			d := &Dir{}
			d.Path = dir
			_, _ = d.array()
		})
	})
}
