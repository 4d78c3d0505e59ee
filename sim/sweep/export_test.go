package sweep

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/pmpdsim/pmpdsim/sim/replay"
	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

const studied = `npu: [pmpd-paper, edge-lpddr5]
models: [tiny.json, phi-1.5]
lengths: [{prompt: 8, gen: 4}]
schedules: ["static:4>3@2", "uniform:4", fp16]
axes: [{clock: [1GHz, 500MHz]}, {array.rows: [16, 32]}, {shape: {a: {cores: 1}, b: {cores: 2, scratchpad.size: 16KiB, scratchpad.tile: 0B, weights.chunk: 64B}}}]
filters: [npu == pmpd-paper and shape == b, model == phi-1.5 and shape == a, model == phi-1.5 and clock == 1GHz, model == phi-1.5 and array.rows == 16]
`

// swept runs a spec and returns its directory.
func swept(t *testing.T, text string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "results")
	if err := conduct(t.Context(), specIn(t, text), dir, 2); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestExport(t *testing.T) {
	rows, missing, err := rowsOf(t, swept(t, studied))
	if err != nil || missing != 0 {
		t.Fatalf("%d missing, %v", missing, err)
	}
	table, err := NewTable(rows)
	if err != nil {
		t.Fatal(err)
	}
	var failed int
	for _, r := range rows {
		if r.Error != "" {
			failed++
		}
	}
	if failed == 0 || failed == len(rows) {
		t.Fatalf("%d of %d points failed; the test wants both", failed, len(rows))
	}
	t.Run("Parquet has the columns in order, with their types, and every value", func(t *testing.T) {
		var b bytes.Buffer
		if err := table.Export(&b, ".parquet"); err != nil {
			t.Fatal(err)
		}
		f, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, c := range f.Root().Columns() {
			names = append(names, c.Name())
		}
		var want []string
		for _, c := range table.Columns {
			want = append(want, c.Name)
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Fatalf("columns (-want +got):\n%s", diff)
		}
		in := parquet.NewReader(f)
		for i, row := range table.Rows {
			got := make([]parquet.Row, 1)
			if n, err := in.ReadRows(got); n != 1 {
				t.Fatalf("row %d: %v", i, err)
			}
			for j, want := range row {
				v := got[0][j]
				var have any
				switch {
				case v.IsNull():
				case table.Columns[j].Type == Integer:
					have = v.Int64()
				case table.Columns[j].Type == Real:
					have = v.Double()
				case table.Columns[j].Type == Truth:
					have = v.Boolean()
				default:
					have = string(v.ByteArray())
				}
				if have != want && !(want == "" && have == nil) {
					t.Fatalf("row %d, %s: %v, want %v", i, names[j], have, want)
				}
			}
		}
	})
	t.Run("CSV has every value", func(t *testing.T) {
		var b bytes.Buffer
		if err := table.Export(&b, ".csv"); err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(&b).ReadAll()
		if err != nil || len(lines) != len(rows)+1 {
			t.Fatalf("%d lines, %v", len(lines), err)
		}
		for i, row := range table.Rows {
			for j, want := range row {
				got := lines[i+1][j]
				f, _ := strconv.ParseFloat(got, 64)
				if real, ok := want.(float64); ok && f == real || want == nil && got == "" || fmt.Sprint(want) == got {
					continue
				}
				t.Fatalf("row %d, %s: %q, want %v", i, lines[0][j], got, want)
			}
		}
	})
	t.Run("axes keep their texts, numbers are numbers, and quantities have them beside", func(t *testing.T) {
		kinds := map[string]ColumnType{}
		for _, c := range table.Columns {
			kinds[c.Name] = c.Type
		}
		for name, want := range map[string]ColumnType{"clock": Text, "clock_value": Integer, "array.rows": Integer, "shape": Text, "tpot_seconds": Real, "avg_weight_bits": Real,
			"cycles": Integer, "footprint_bytes.total": Integer, "decode.joules.array": Real, "bound_by": Text} {
			if got, there := kinds[name]; !there || got != want {
				t.Errorf("%s: kind %d (%v), want %d", name, got, there, want)
			}
		}
	})
	t.Run("nothing tells of time, host or place", func(t *testing.T) {
		host, err := os.Hostname()
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := writeRows(&b, rows); err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{`"` + host + `"`, os.TempDir(), "study.yaml"} {
			if strings.Contains(b.String(), word) {
				t.Errorf("the rows have %q", word)
			}
		}
	})
	t.Run("an unknown format is refused", func(t *testing.T) {
		if _, err := FormatOf("x.xlsx"); err == nil || err.Error() != `x.xlsx: format ".xlsx" is not known; accepted: .parquet, .csv` {
			t.Errorf("error %v", err)
		}
	})
}

// What a sweep says of a point is what a run of it says, speed-ups included.
func TestASweepsResultsAreThoseOfARun(t *testing.T) {
	text := "schedules: [\"static:4>3@2\", \"uniform:4\", fp16]\nset: {cores: 2}\n" + strings.Replace(common, "pmpd-paper", "edge-lpddr5", 1)
	rows, _, err := rowsOf(t, swept(t, text))
	if err != nil {
		t.Fatal(err)
	}
	var jobs []replay.Job
	all := points(t, text)
	for _, p := range all {
		jobs = append(jobs, p.Job)
	}
	prepared, err := replay.PrepareAll(jobs)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := replay.Run(t.Context(), prepared, replay.Options{Workers: 1, Version: testVersion})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rs {
		r.Breakdown(all[i].Config)
		r.Inputs = nil // which stand beside the rows
		want, err := folder.Encode(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if row.Fingerprint != all[i].Fingerprint {
				continue
			}
			if got, err := folder.Encode(row.Result); err != nil || string(got) != string(want) {
				t.Errorf("%s: %v\n%s\nwant\n%s", r.Schedule, err, got, want)
			}
		}
	}
}
