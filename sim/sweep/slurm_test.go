package sweep

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// fake puts stand-ins for Slurm's programs in front of the path, and returns the folder in which they note what they
// do.
func fake(t *testing.T) string {
	t.Helper()
	programs, err := filepath.Abs("testdata/slurm")
	if err != nil {
		t.Fatal(err)
	}
	notes := t.TempDir()
	t.Setenv("FAKE", notes)
	t.Setenv("PATH", programs+string(os.PathListSeparator)+os.Getenv("PATH"))
	return notes
}

// cluster runs this binary as tasks.
func cluster(t *testing.T, dir string, tasks, tries int) *Slurm {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &Slurm{Command: []string{"env", asTask + "=" + dir, program}, Partition: "sim", ArraySize: tasks, Poll: 20 * time.Millisecond, Tries: tries,
		Options: []string{"--time=1:00:00"}}
}

// notes collects what an executor tells a user.
func notes(to *[]string) func(Progress) {
	return func(now Progress) {
		if now.Note != "" {
			*to = append(*to, now.Note)
		}
	}
}

func TestSlurm(t *testing.T) {
	spec := specIn(t, small)
	want := results(t, spec, 1)
	undisturbed := want
	t.Run("an array gives the bytes of a local sweep, also when tasks are lost", func(t *testing.T) {
		dir, known := filepath.Join(t.TempDir(), "results"), fake(t)
		if err := os.WriteFile(filepath.Join(known, "lose"), []byte("1\n3\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		var said []string
		if err := conductWith(t.Context(), spec, dir, cluster(t, dir, 5, 2), notes(&said)); err != nil {
			t.Fatal(err)
		}
		if read(t, filepath.Join(dir, "results.jsonl")) != want {
			t.Error("other results than those of a local sweep")
		}
		wantSaid := []string{"array 101: 120 points in 5 tasks", "array 101: task 1 node_fail (exit code 0:9), task 3 node_fail (exit code 0:9)", "array 102: "}
		for i, w := range wantSaid {
			if i >= len(said) || !strings.HasPrefix(said[i], w) {
				t.Fatalf("it said %q, want %q", said, wantSaid)
			}
		}
		submissions := read(t, filepath.Join(known, "submissions"))
		for _, option := range []string{"--parsable --array=0-4 ", " --requeue --open-mode=append ", " --partition=sim --time=1:00:00 "} {
			if !strings.Contains(submissions, option) {
				t.Errorf("submitted without %q: %s", option, submissions)
			}
		}
	})
	t.Run("tasks that never end well are given up, with the reason", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "results")
		fake(t)
		c := cluster(t, dir, 2, 2)
		c.Command = []string{"false"}
		err := conductWith(t.Context(), spec, dir, c, func(Progress) {})
		if err == nil || !strings.Contains(err.Error(), "120 points have no result after 2 submissions: task 0 failed (exit code 1:0), task 1 failed (exit code 1:0)") ||
			!strings.HasSuffix(err.Error(), "\nand 110 more") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a point at which tasks die does not keep the others from being simulated", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "results")
		fake(t)
		c := cluster(t, dir, 2, 2)
		c.Command = append([]string{"env", dieAt + "=17"}, c.Command...)
		err := conductWith(t.Context(), spec, dir, c, func(Progress) {})
		want := "\npmpd-paper, clock 500MHz, dram.bandwidth 16GB/s, tiny, custom 8+4, batch 2, static:4>3@2"
		if err == nil || !strings.HasPrefix(err.Error(), "1 points have no result after 2 submissions: task 0 failed") || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("error %v", err)
		}
		if s, err := StatusOf(dir); err != nil || s.Done != 119 || s.Left != 1 {
			t.Errorf("%+v, %v", s, err)
		}
		c.Command = c.Command[2:]
		if err := conductWith(t.Context(), spec, dir, c, func(Progress) {}); err != nil {
			t.Fatal(err)
		}
		if read(t, filepath.Join(dir, "results.jsonl")) != undisturbed {
			t.Error("other results than those of a local sweep")
		}
	})
	t.Run("a point at which workers died is tried again on a cluster", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "results")
		fake(t)
		if err := conductWith(t.Context(), spec, dir, workers(dir, 2, dieAt+"=17"), func(Progress) {}); err != nil {
			t.Fatal(err)
		}
		var said []string
		o := attempt{spec: spec, dir: dir, version: testVersion, retry: true}
		if err := o.run(t.Context(), cluster(t, dir, 2, 2), notes(&said)); err != nil {
			t.Fatal(err)
		}
		if len(said) != 1 || said[0] != "array 101: 1 points in 1 tasks" || read(t, filepath.Join(dir, "results.jsonl")) != undisturbed {
			t.Errorf("said %q; or other results than those of an undisturbed sweep", said)
		}
	})
	t.Run("a coordinator that is interrupted leaves the array, and the next one takes it up", func(t *testing.T) {
		dir, known := filepath.Join(t.TempDir(), "results"), fake(t)
		ctx, cancel := context.WithCancel(t.Context())
		var said []string
		c := cluster(t, dir, 3, 1)
		c.Command = append([]string{"env", "sh", "-c", `sleep 0.3; exec "$@"`, "task"}, c.Command...)
		err := conductWith(ctx, spec, dir, c, func(now Progress) {
			notes(&said)(now)
			if strings.HasPrefix(now.Note, "array 101: ") {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) || !strings.Contains(strings.Join(said, "\n"), "array 101 goes on; the same command takes it up, scancel 101 ends it") {
			t.Fatalf("error %v, said %q", err, said)
		}
		said = nil
		if err := conductWith(t.Context(), spec, dir, c, notes(&said)); err != nil {
			t.Fatal(err)
		}
		if read(t, filepath.Join(dir, "results.jsonl")) != want {
			t.Error("other results than those of a local sweep")
		}
		if n := strings.Count(read(t, filepath.Join(known, "submissions")), "\n"); n != 1 || len(said) != 1 || said[0] != "array 101 is still at it and taken up" {
			t.Errorf("%d submissions, said %q", n, said)
		}
	})
	t.Run("without Slurm the error says what to install", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "results")
		c := cluster(t, dir, 2, 2)
		t.Setenv("PATH", t.TempDir())
		err := conductWith(t.Context(), spec, dir, c, func(Progress) {})
		if err == nil || err.Error() != "sbatch is not there; accepted: a machine that submits to Slurm (Debian: apt install slurm-client)" {
			t.Errorf("error %v", err)
		}
	})
}

// A folder of results, and a program, may be called what they like: no word of theirs becomes an option of sbatch, a pattern of
// its, or syntax of the shell.
func TestSlurmInFoldersOfAnyName(t *testing.T) {
	spec := specIn(t, first)
	want := results(t, spec, 1)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	programs := t.TempDir()
	for i, name := range append(oddNames(), "%j", "a\n#SBATCH --hold\nb", "'; touch x; '", "--wrap=touch x", "-a") {
		if testing.Short() && i%4 != 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			known := fake(t)
			t.Chdir(t.TempDir()) // names that begin with - are given as they are
			folder, err := filepath.Abs(name)
			if err != nil {
				t.Fatal(err)
			}
			c := cluster(t, folder, 2, 1)
			odd := filepath.Join(programs, strings.ReplaceAll(name, "=", "-")) // env takes what has = for a variable
			if err := os.Symlink(program, odd); err != nil {
				t.Fatal(err)
			}
			c.Command[len(c.Command)-1] = odd
			if err := conductWith(t.Context(), spec, name, c, func(Progress) {}); err != nil {
				t.Fatal(err)
			}
			if read(t, filepath.Join(name, "results.jsonl")) != want {
				t.Error("other results than those of a local sweep")
			}
			if entries, err := os.ReadDir("."); err != nil || len(entries) != 1 {
				t.Errorf("beside the folder are %v, %v", entries, err)
			}
			for _, file := range []string{"task-0.log", "task-1.log", "task.sh"} {
				if !files.Exists(filepath.Join(name, "slurm", file)) {
					t.Errorf("%s is not in the folder", file)
				}
			}
			if n := strings.Count(read(t, filepath.Join(known, "submissions")), "--parsable"); n != 1 {
				t.Errorf("%d submissions", n)
			}
		})
	}
}

func TestSharesAreNeighboursOfAboutTheSameCost(t *testing.T) {
	d := &Dir{}
	costs := []float64{1, 1, 1, 1, 4, 4, 1, 1, 1, 1}
	for _, c := range costs {
		d.Plan.Rows = append(d.Plan.Rows, folder.Planned{Cost: c})
	}
	todo := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	for most := 1; most <= len(todo); most++ {
		next, dearest := 0, 0.0
		shares := d.shares(todo, most)
		for _, s := range shares {
			sum := 0.0
			for _, i := range s {
				if i != next {
					t.Fatalf("%d tasks: point %d follows %d", most, i, next-1)
				}
				next++
				sum += costs[i]
			}
			dearest = max(dearest, sum)
		}
		if next != len(todo) || len(shares) > most || dearest > 16/float64(most)+4 {
			t.Errorf("%d tasks: %v", most, shares)
		}
	}
}
