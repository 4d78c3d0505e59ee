package sweep

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// The test binary is also the worker and the coordinator of the tests' sweeps, so that they can be killed as processes.
const (
	asWorker      = "SWEEP_TEST_WORKER"      // directory
	asVersion     = "SWEEP_TEST_VERSION"     // of the worker
	asCoordinator = "SWEEP_TEST_COORDINATOR" // spec and directory
	asTask        = "SWEEP_TEST_TASK"        // directory; the number is the last argument
	dieAt         = "SWEEP_TEST_DIE_AT"      // point at which a worker kills itself
	holdIn        = "SWEEP_TEST_HOLD_IN"     // folder in which a task that is to be killed says that it is ready
)

const testVersion = "test"

func TestMain(m *testing.M) {
	var err error
	switch {
	case os.Getenv(asWorker) != "":
		err = beWorker(os.Getenv(asWorker))
	case os.Getenv(asTask) != "":
		err = beTask(os.Getenv(asTask), os.Args[len(os.Args)-1])
	case os.Getenv(asCoordinator) != "":
		spec, dir, _ := strings.Cut(os.Getenv(asCoordinator), "\n")
		err = conduct(context.Background(), spec, dir, 2)
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func beWorker(dir string) error {
	w, err := NewWorker(context.Background(), dir, cmp.Or(os.Getenv(asVersion), testVersion), testVersion, "")
	if err != nil {
		return err
	}
	in := os.Stdin
	if os.Getenv(dieAt) != "" {
		return fatalPoint(w)
	}
	if err := Serve(context.Background(), w, in, os.Stdout); err != nil {
		return err
	}
	return w.Close()
}

// fatalPoint serves until the point comes that kills workers.
func fatalPoint(w *Worker) error {
	fmt.Println(answerReady)
	for {
		var point int
		if _, err := fmt.Scan(&point); err != nil {
			return nil
		}
		if fmt.Sprint(point) == os.Getenv(dieAt) {
			return die()
		}
		if _, err := w.Do(context.Background(), point); err != nil {
			return err
		}
		fmt.Println(answerDone)
	}
}

// die is what memory that runs out does to a process.
func die() error {
	p, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	return p.Kill()
}

func beTask(dir, number string) error {
	var n int
	if _, err := fmt.Sscan(number, &n); err != nil {
		return err
	}
	w, err := NewWorker(context.Background(), dir, testVersion, testVersion, "task-"+number)
	if err != nil {
		return err
	}
	points, err := Task(dir, n)
	if err != nil {
		return err
	}
	known := len(w.done)
	for _, i := range points {
		if fmt.Sprint(i) == os.Getenv(dieAt) {
			return die()
		}
		if _, err := w.Do(context.Background(), i); err != nil {
			return err
		}
		if err := hold(w, number, known); err != nil {
			return err
		}
	}
	return w.Close()
}

// workers starts this binary as workers of a directory.
func workers(dir string, n int, env ...string) *Local {
	program, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return &Local{Command: append(append([]string{"env", asWorker + "=" + dir, asCoordinator + "="}, env...), program), Workers: n}
}

// conduct is a sweep from its spec to its results.
func conduct(ctx context.Context, spec, dir string, n int) error {
	return conductWith(ctx, spec, dir, workers(dir, n), func(Progress) {})
}

func conductWith(ctx context.Context, spec, dir string, e Executor, report func(Progress)) error {
	return attempt{spec: spec, dir: dir, version: testVersion}.run(ctx, e, report)
}

// attempt is a sweep with what a user may say of it.
type attempt struct {
	spec, dir, version string
	replan, retry      bool
}

func (o attempt) run(ctx context.Context, e Executor, report func(Progress)) error {
	s, err := Load(o.spec, MostPoints)
	if err != nil {
		return err
	}
	points, err := s.Points(ctx, o.spec, o.version)
	if err != nil {
		return err
	}
	d, err := Create(ctx, o.dir, Order{Spec: s, Name: filepath.Base(o.spec), Points: points, Version: o.version, Replan: o.replan})
	if err != nil {
		return err
	}
	run := d.Run
	if o.retry {
		run = d.Retry
	}
	if err := run(ctx, e, report); err != nil {
		_ = d.Close() // the first error counts
		return err
	}
	return d.Close()
}

const tinyModel = `{"model_type":"llama","hidden_size":128,"intermediate_size":256,"num_hidden_layers":1,"num_attention_heads":4,
"num_key_value_heads":2,"vocab_size":256,"max_position_embeddings":128,"rms_norm_eps":1e-5,"tie_word_embeddings":false,"hidden_act":"silu"}`

// specIn writes a spec with its model into a folder.
func specIn(t testing.TB, text string) (spec string) {
	t.Helper()
	dir := t.TempDir()
	spec = filepath.Join(dir, "study.yaml")
	for path, data := range map[string]string{spec: text, filepath.Join(dir, "tiny.json"): tinyModel} {
		if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return spec
}

// small is a study of 120 points that take a millisecond each.
const small = `npu: pmpd-paper
models: tiny.json
lengths: [{prompt: 8, gen: 4}, {prompt: 4, gen: 6}]
schedules: [fp16, "uniform:4", "static:4>3@2"]
batch: [1, 2]
axes:
  - dram.bandwidth: [16GB/s, 32GB/s, 48GB/s, 64GB/s, 80GB/s]
  - clock: [1GHz, 500MHz]
`

func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// results runs a study undisturbed.
func results(t testing.TB, spec string, n int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "results")
	if err := conduct(t.Context(), spec, dir, n); err != nil {
		t.Fatal(err)
	}
	return read(t, filepath.Join(dir, "results.jsonl"))
}

// rowsOf reads what a sweep has left in its directory.
func rowsOf(t testing.TB, dir string) ([]folder.Row, int, error) {
	t.Helper()
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d.Rows()
}
