package sweep

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

// The tasks of TestRealSlurm that do not get to their end the first time.
const (
	toKill    = "1" // by a signal, as when memory is short
	toRequeue = "4" // by Slurm, as when a node is wanted for something else
)

// holdTime is how long such a task waits for its end. Had it none, the test would find no victim.
const holdTime = time.Minute

// hold has a task that is to be killed write half a row and say so; then it waits for its end. In its second life it
// notes what it has found of the first one.
func hold(w *Worker, number string, known int) error {
	folder := os.Getenv(holdIn)
	if folder == "" || number != toKill && number != toRequeue {
		return nil
	}
	ready := filepath.Join(folder, number)
	if files.Exists(ready + ".again") {
		return nil
	}
	if files.Exists(ready) {
		text := fmt.Sprintf("restart %s, %d rows known", os.Getenv("SLURM_RESTART_COUNT"), known)
		return os.WriteFile(ready+".again", []byte(text), 0o644)
	}
	if _, err := w.shard.file.Write([]byte(`{"fingerprint":"half a row`)); err != nil {
		return err
	}
	if err := replace(ready, []byte(fmt.Sprint(os.Getpid()))); err != nil {
		return err
	}
	time.Sleep(holdTime)
	return errors.New("nobody has ended this task")
}

// TestRealSlurm needs a cluster whose jobs are processes of this machine; .ci/slurm starts one. In the middle of the
// sweep a task gets a SIGKILL, so that what it has left is submitted again, and Slurm is told to requeue another one.
func TestRealSlurm(t *testing.T) {
	if err := exec.Command("sinfo", "-h").Run(); err != nil {
		t.Skip("there is no Slurm here, or none that answers")
	}
	spec := specIn(t, small)
	dir, folder := filepath.Join(t.TempDir(), `it's 100% of $(x) \j "[1]" %A`), t.TempDir()
	c := cluster(t, dir, 7, 3)
	c.Command = append([]string{"env", holdIn + "=" + folder}, c.Command...)
	c.Partition, c.Options, c.Poll = "", nil, time.Second
	var arrays []string
	ends := make(chan error, 1)
	go func() { ends <- endTasks(dir, folder) }()
	if err := conductWith(t.Context(), spec, dir, c, func(now Progress) {
		if now.Note != "" {
			t.Log(now.Note)
		}
		if strings.HasPrefix(now.Note, "array ") && strings.HasSuffix(now.Note, " tasks") {
			arrays = append(arrays, now.Note)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err := <-ends; err != nil {
		t.Fatal(err)
	}
	if len(arrays) != 2 {
		t.Errorf("%d arrays were submitted, want another one for what the killed task has left: %q", len(arrays), arrays)
	}
	if got := read(t, filepath.Join(folder, toRequeue+".again")); got != "restart 1, 1 rows known" {
		t.Errorf("the requeued task has found: %s", got)
	}
	if read(t, filepath.Join(dir, "results.jsonl")) != results(t, spec, 2) {
		t.Error("other results than those of a local sweep")
	}
	noneTwice(t, dir)
}

// endTasks ends the tasks that wait for it.
func endTasks(dir, folder string) error {
	pid, err := readyTask(folder, toKill)
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("killing task %s: %w", toKill, err)
	}
	if _, err := readyTask(folder, toRequeue); err != nil {
		return err
	}
	a, err := at(dir).array()
	if err != nil {
		return err
	}
	if out, err := exec.Command("scontrol", "requeue", a.ID+"_"+toRequeue).CombinedOutput(); err != nil {
		return fmt.Errorf("requeueing task %s: %w: %s", toRequeue, err, out)
	}
	return nil
}

// readyTask waits until a task is to be ended, and returns its process.
func readyTask(folder, number string) (pid int, err error) {
	for end := time.Now().Add(holdTime); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if data, err := os.ReadFile(filepath.Join(folder, number)); err == nil {
			_, err := fmt.Sscan(string(data), &pid)
			return pid, err
		}
	}
	return 0, fmt.Errorf("task %s does not run after %v", number, holdTime)
}

// at is a sweep's directory whose plan nobody needs.
func at(path string) *Dir {
	d := &Dir{}
	d.Path = path
	return d
}
