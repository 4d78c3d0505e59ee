package sweep

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// kills is how often a sweep is killed at a random time: the coordinator, a worker, or both.
func kills() int {
	switch {
	case simtest.Long():
		return 100
	case testing.Short():
		return 5
	}
	return 20
}

// A sweep that is killed again and again, wherever it may be, ends with the bytes of one that is left alone.
func TestASweepThatIsKilledAgainAndAgainEqualsAnUndisturbedOne(t *testing.T) {
	spec := specIn(t, small)
	want := results(t, spec, 2)
	rounds := kills()
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	hit, finished := 0, 0
	var dir string
	for hit < rounds {
		if dir == "" {
			dir = filepath.Join(t.TempDir(), "results")
		}
		killed := killedSweep(t, spec, dir, random)
		if killed {
			hit++
			continue
		}
		finished++
		if got := read(t, filepath.Join(dir, "results.jsonl")); got != want {
			t.Fatalf("after %d kills the results differ from those of an undisturbed sweep", hit)
		}
		dir = ""
	}
	if dir != "" {
		if err := conduct(t.Context(), spec, dir, 2); err != nil {
			t.Fatal(err)
		}
		if got := read(t, filepath.Join(dir, "results.jsonl")); got != want {
			t.Fatalf("after %d kills the results differ from those of an undisturbed sweep", hit)
		}
		noneTwice(t, dir)
	}
	t.Logf("%d kills, %d sweeps complete in between", hit, finished)
}

// killedSweep runs a sweep in a process group of its own and kills it, or one of its processes, at a random time.
func killedSweep(t *testing.T, spec, dir string, random *rand.Rand) (killed bool) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program)
	c.Env = append(os.Environ(), asCoordinator+"="+spec+"\n"+dir)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var said strings.Builder
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	after := time.Duration(random.Int64N(int64(250 * time.Millisecond)))
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Fatalf("a sweep that nobody killed: %v: %s", err, said.String())
		}
		return false
	case <-time.After(after):
	}
	victims := []int{-c.Process.Pid, c.Process.Pid} // all of it, or the coordinator alone, whose workers must end by themselves
	if w := children(c.Process.Pid); len(w) > 0 {
		victims = append(victims, w[random.IntN(len(w))]) // a worker: the sweep must go on without it
	}
	victim := victims[random.IntN(len(victims))]
	if err := syscall.Kill(victim, syscall.SIGKILL); err != nil {
		return false // it has just ended
	}
	err = <-ended
	if victim > 0 && victim != c.Process.Pid && err != nil {
		t.Fatalf("a sweep one of whose workers was killed: %v: %s", err, said.String())
	}
	if err == nil { // it went on to its end, or had ended
		return false
	}
	return true
}

// children are the processes that a process has started, by whichever of its threads.
func children(pid int) (all []int) {
	threads, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/children") // the pattern is right
	for _, path := range threads {
		data, _ := os.ReadFile(path) // none, if it has ended
		for word := range strings.FieldsSeq(string(data)) {
			if n, err := strconv.Atoi(word); err == nil {
				all = append(all, n)
			}
		}
	}
	return all
}

// noneTwice checks that no shard has the same point twice: what was there was not simulated again.
func noneTwice(t *testing.T, dir string) {
	t.Helper()
	files, err := folder.Shards(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		shard, err := folder.ReadShard(f, 0)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, m := range shard.Lines {
			if seen[m.Fingerprint] {
				t.Errorf("%s has %s twice", filepath.Base(f), m.Fingerprint)
			}
			seen[m.Fingerprint] = true
		}
	}
}

// Workers that a signal ends before they are ready are replaced, whether it kills them or they obey it; those that fail are not.
func TestWorkersThatDoNotStart(t *testing.T) {
	spec := specIn(t, first)
	for script, want := range map[string]string{
		"kill -9 $$": "", "exit 143": "", "exit 130": "",
		"echo no memory >&2; exit 1": "a worker did not start (exit status 1): no memory",
	} {
		dir := filepath.Join(t.TempDir(), "results")
		l := workers(dir, 1)
		once := filepath.Join(t.TempDir(), "once")
		l.Command = append([]string{"sh", "-c", `[ -e "$0" ] && exec "$@"; : >"$0"; ` + script, once}, l.Command...)
		err := conductWith(t.Context(), spec, dir, l, func(Progress) {})
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: error %v, want %s", script, err, want)
		}
	}
}
