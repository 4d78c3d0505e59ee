package study_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/study"
	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// cells are results over channels and sizes of the scratchpad.
func cells() []string {
	return []string{row(`{"channels":"2","size":"1MiB"}`, line("n", "fp16", "")), row(`{"channels":"16","size":"1MiB"}`, line("n", "fp16", "")),
		row(`{"channels":"2","size":"512KiB"}`, line("n", "fp16", ""))}
}

func arranged(t *testing.T, lines ...string) *study.Set {
	t.Helper()
	s, err := read(t, lines...).Arrange()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestGrid(t *testing.T) {
	g, err := arranged(t, cells()...).Grid("", "")
	if err != nil {
		t.Fatal(err)
	}
	if g.X != "size" || g.Y != "channels" || !slices.Equal(g.XValues, []string{"512KiB", "1MiB"}) || !slices.Equal(g.YValues, []string{"2", "16"}) {
		t.Errorf("%s %q over %s %q", g.Y, g.YValues, g.X, g.XValues)
	}
	if o := g.At("512KiB", "2"); o == nil || o.Axes["size"] != "512KiB" {
		t.Errorf("cell %+v", o)
	}
	if o := g.At("512KiB", "16"); o != nil {
		t.Errorf("a cell without a result holds %+v", o)
	}
	for _, c := range []struct{ name, x, y, more, want string }{
		{"an unknown key", "colour", "", "", "--x colour: unknown key; accepted: npu, model, task, prompt, gen, batch, kv-bits, channels, size, schedule"},
		{"one key twice", "size", "size", "", "--x size --y size: the same key twice; accepted: two keys of npu, "},
		{"three keys differ", "", "", row(`{"channels":"2","size":"1MiB"}`, line("n", "uniform:4", "")),
			"two keys make the axes, and these differ: channels (2, 16), size (512KiB, 1MiB), schedule (fp16, uniform:4); accepted: --x KEY --y KEY"},
		{"two results for a cell", "size", "channels", row(`{"channels":"2","size":"1MiB"}`, line("n", "uniform:4", "")), "size 1MiB, channels 2: 2 results for one cell, such as "},
		{"a row that differs in a third key", "size", "channels", row(`{"channels":"4","size":"1MiB"}`, line("n", "uniform:4", "")),
			"cells differ in schedule (fp16, uniform:4), too; accepted: results that differ in size and channels alone (choose with --only schedule=fp16)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines := cells()
			if c.more != "" {
				lines = append(lines, c.more)
			}
			if _, err := arranged(t, lines...).Grid(c.x, c.y); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

func TestCompare(t *testing.T) {
	side := func(lines ...string) *study.Set { return read(t, lines...) }
	t.Run("of many the geometric mean, and the range", func(t *testing.T) {
		c, err := study.Compare(side(rate("m", "fp16", 2, 1), rate("m", "uniform:4", 8, 1), rate("m", "uniform:2", 9, 1)),
			side(rate("n", "uniform:4", 16, 1), rate("n", "fp16", 32, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if c.Pairs != 2 || c.OnlyA != 1 || c.OnlyB != 0 {
			t.Errorf("%+v", c)
		}
		if got, want := c.Inputs, []study.Change{{Key: "npu", A: "m", B: "n", Pairs: 2}}; !slices.Equal(got, want) {
			t.Errorf("inputs %+v, want %+v", got, want)
		}
		m := c.Outcome[0]
		if m.Key != "tokens_per_second" || m.Least != 2 || m.Most != 16 || m.A < 3.999 || m.A > 4.001 || m.B < 22.62 || m.B > 22.63 {
			t.Errorf("%+v", m)
		}
	})
	t.Run("two single results are compared whatever they are called, without rounding", func(t *testing.T) {
		c, err := study.Compare(side(rate("m", "fp16", 0.1, 1)), side(rate("n", "uniform:4", 0.3, 1)))
		if err != nil || c.Pairs != 1 || c.Outcome[0].A != 0.1 || c.Outcome[0].B != 0.3 {
			t.Errorf("%+v, %v", c, err)
		}
	})
	t.Run("inputs differ by their content, whatever they are called", func(t *testing.T) {
		of := func(config, shape, npu, model string) *study.Set {
			return side(line("n", "fp16", fmt.Sprintf(`,"config_fingerprint":%q,"model_fingerprint":%q,"version":%q,"inputs":{"npu":{"name":"x",%s},"model":{"name":"m",%s}}`,
				config, shape, "devel+"+config, npu, model)))
		}
		c, err := study.Compare(of("a", "b", `"cores":1,"array":{"rows":2,"cols":3}`, `"layers":4,"tied":true`), of("c", "d", `"cores":1,"array":{"rows":4,"cols":3}`, `"layers":5`))
		if err != nil {
			t.Fatal(err)
		}
		want := []study.Change{{"array.rows", "2", "4", 1}, {"model.layers", "4", "5", 1}, {"model.tied", "true", "", 1}, {"version", "devel+a", "devel+c", 1}}
		if !slices.Equal(c.Inputs, want) {
			t.Errorf("inputs %+v, want %+v", c.Inputs, want)
		}
	})
	t.Run("what results do not carry differs by its fingerprint", func(t *testing.T) {
		c, err := study.Compare(side(line("n", "fp16", `,"config_fingerprint":"a","model_fingerprint":"b"`)), side(line("n", "fp16", `,"config_fingerprint":"c","model_fingerprint":"d"`)))
		want := []study.Change{{"model (fingerprint)", "b", "d", 1}, {"npu (fingerprint)", "a", "c", 1}}
		if err != nil || !slices.Equal(c.Inputs, want) {
			t.Errorf("inputs %+v, %v, want %+v", c.Inputs, err, want)
		}
	})
	t.Run("models of one name and two shapes are told apart", func(t *testing.T) {
		s, err := side(line("n", "fp16", `,"model_fingerprint":"aaaaaaaaaaaa"`), line("n", "fp16", `,"model_fingerprint":"bbbbbbbbbbbb"`)).Arrange()
		if err != nil || told(s) != "shape aaaaaaaa: fp16; shape bbbbbbbb: fp16" {
			t.Errorf("%s, %v", told(s), err)
		}
	})
	t.Run("of models of one name those are compared that are the same", func(t *testing.T) {
		m, n := line("n", "fp16", `,"model_fingerprint":"m"`), line("n", "fp16", `,"model_fingerprint":"n"`)
		for _, c := range []struct {
			a, b                *study.Set
			pairs, onlyA, onlyB int
		}{{side(m, n), side(n), 1, 1, 0}, {side(n), side(m, n), 1, 0, 1}, {side(m, n), side(n, m), 2, 0, 0}} {
			got, err := study.Compare(c.a, c.b)
			if err != nil || got.Pairs != c.pairs || got.OnlyA != c.onlyA || got.OnlyB != c.onlyB || len(got.Inputs) != 0 {
				t.Errorf("%+v, %v, want %+v", got, err, c)
			}
		}
		if _, err := study.Compare(side(m, m), side(m)); err == nil || !strings.Contains(err.Error(), " have no result in common that stands in each once; accepted: ") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("experts are an input: those of one routing are compared, else those that are left", func(t *testing.T) {
		of := func(schedule, config, routing string) string {
			return line("n", schedule, fmt.Sprintf(`,"config_fingerprint":%q,"experts":{"routing":%q}`, config, routing))
		}
		const zipf = "zipf,s=1"
		for name, c := range map[string]struct {
			a, b   *study.Set
			pairs  int
			inputs []study.Change
		}{
			"another one each": {side(of("fp16", "x", "uniform"), of("uniform:4", "x", "uniform")), side(of("fp16", "x", zipf), of("uniform:4", "x", zipf)),
				2, []study.Change{{"experts", "uniform", zipf, 2}}},
			"the same two on another NPU": {side(of("fp16", "x", "uniform"), of("fp16", "x", "trace")), side(of("fp16", "y", "trace"), of("fp16", "y", "uniform")),
				2, []study.Change{{"npu (fingerprint)", "x", "y", 2}}},
			"one of two is the same": {side(of("fp16", "x", "uniform"), of("fp16", "x", "trace")), side(of("fp16", "x", "trace"), of("fp16", "x", zipf)),
				2, []study.Change{{"experts", "uniform", zipf, 1}}},
			"two against a third": {side(of("fp16", "x", "uniform"), of("fp16", "x", "trace")), side(of("fp16", "x", "trace")), 1, nil},
		} {
			got, err := study.Compare(c.a, c.b)
			if err != nil || got.Pairs != c.pairs || !slices.Equal(got.Inputs, c.inputs) {
				t.Errorf("%s: %+v, %v, want %+v", name, got, err, c.inputs)
			}
		}
	})
	t.Run("nothing in common", func(t *testing.T) {
		a, b := side(line("m", "fp16", ""), line("m", "uniform:4", "")), side(line("m", "uniform:2", ""), line("m", "uniform:3", ""))
		want := a.Inputs[0].Path + " and " + b.Inputs[0].Path +
			" have no result in common; accepted: results of the same models, lengths, batches, schedules and axes"
		if _, err := study.Compare(a, b); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	})
}

// TestFoldersAreReadWhileTheyGrow reads a sweep of three points, of which one failed and one has no result yet; then what
// is left when nothing but the results is kept.
func TestFoldersAreReadWhileTheyGrow(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "shards"), 0o755); err != nil {
		t.Fatal(err)
	}
	put := func(name string, text ...string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(text, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var points []folder.Planned
	for _, name := range []string{"aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc"} {
		points = append(points, folder.Planned{Row: folder.Row{Fingerprint: name, NPU: "n", Schedule: "fp16", Axes: map[string]string{"rows": name[:1]}}})
	}
	plan := folder.NewPlan(folder.Plan{Spec: "spec.yaml", Version: "v1"}, points)
	data, err := plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	put("plan.jsonl", string(data))
	sealed := func(l folder.Line) string {
		text, err := folder.Seal(l)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSuffix(string(text), "\n")
	}
	put("shards/0.jsonl", sealed(folder.Line{Fingerprint: "bbbbbbbbbb", Result: []byte(line("n", "fp16", ""))}),
		sealed(folder.Line{Fingerprint: "aaaaaaaaaa", Error: "too large"}), sealed(folder.Line{Fingerprint: "dddddddddd", Error: "of another plan"}),
		`{"fingerprint":"cccccccccc","res`)
	s, err := study.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if in := s.Inputs[0]; in.Path != dir || in.Results != 1 || in.Failed != 1 || in.Missing != 1 || in.Notes != nil {
		t.Errorf("%+v", in)
	}
	if o := s.Outcomes[0]; o.Place != dir+": point bbbbbbbb" || o.Key("rows").Text != "rows b" {
		t.Errorf("%+v", o)
	}
	rows, in, err := study.Rows(dir)
	if err != nil || in.Missing != 1 || len(rows) != 2 || rows[0].Error != "too large" || rows[1].Result.Schedule != "fp16" {
		t.Errorf("%+v, %d missing, %v", rows, in.Missing, err)
	}
	t.Run("a folder of other things is refused", func(t *testing.T) {
		other := t.TempDir()
		if _, err := study.Read(other); err == nil || err.Error() != other+" holds no sweep; accepted: the directory that pmpdsim sweep SPEC -o DIR made" {
			t.Errorf("error %v", err)
		}
	})
	t.Run("the results alone say the same", func(t *testing.T) {
		if err := os.Remove(filepath.Join(dir, "plan.jsonl")); err != nil {
			t.Fatal(err)
		}
		put("results.jsonl", `{"fingerprint":"aaaaaaaaaa","npu":"n","axes":{"rows":"a"},"error":"too large"}`,
			`{"fingerprint":"bbbbbbbbbb","npu":"n","axes":{"rows":"b"},"result":`+line("n", "fp16", "")+`}`)
		again, err := study.Read(dir)
		if err != nil || again.Inputs[0].Failed != 1 || again.Outcomes[0].Place != s.Outcomes[0].Place || again.Outcomes[0].Key("rows").Text != "rows b" {
			t.Errorf("%+v, %v", again, err)
		}
	})
}

// TestWhatARunExplainsIsRead: tilings and footprints are part of a result that is written, and of the one that is read.
func TestWhatARunExplainsIsRead(t *testing.T) {
	got := read(t, line("n", "fp16", `,"footprint_bytes":{"planes":3,"total":4,"capacity":4},"tilings":[{"pass":"prefill","weight_bits":4}]`)).Outcomes[0]
	if m := got.Footprint; m.Planes != 3 || m.Total != 4 || m.Capacity != 4 || len(got.Tilings) != 1 || got.Tilings[0].Bits != 4 {
		t.Errorf("%+v", got.Result)
	}
}
