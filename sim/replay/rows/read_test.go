package rows

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

const head = "npu,model,schedule,batch,pass,position,weight_bits,seconds,dram_bytes,energy_joules,row_hit_rate,bound_by,exact\n"

func TestRowsAreReadAsTheyAreWritten(t *testing.T) {
	rate := 0.5
	want := []Row{
		{NPU: "=n", Model: "m", Schedule: "static:4>3", Batch: 2, Position: 0, WeightBits: 4, Seconds: 0.25, Bytes: 1 << 40, Joules: 0, BoundBy: "memory", Exact: true},
		{NPU: "n", Model: "m", Schedule: "static:4>3", Batch: 2, Pass: 1, Position: 9, WeightBits: 3.5, Seconds: 1e-9, Joules: 2, RowHits: &rate, BoundBy: "memory"},
	}
	var lines strings.Builder
	for _, r := range want {
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(text, '\n'))
	}
	for form, text := range map[string]string{"JSON": lines.String(), "CSV": head + "'=n,m,static:4>3,2,0,0,4,0.25,1099511627776,0,,memory,true\n" +
		"n,m,static:4>3,2,1,9,3.5,1e-09,0,2,0.5,memory,false\n"} {
		got, err := Read("f", []byte(text))
		if err != nil || len(got) != 2 {
			t.Fatalf("%s: %v, %v", form, got, err)
		}
		for i := range got {
			a, _ := json.Marshal(got[i])
			b, _ := json.Marshal(want[i])
			if string(a) != string(b) {
				t.Errorf("%s: %s, want %s", form, a, b)
			}
		}
	}
}

func TestWrongRowsAreRefused(t *testing.T) {
	row := func(key, value string) string {
		line := `{"npu":"n","model":"m","schedule":"s","batch":1,"pass":1,"position":1,"weight_bits":4,"seconds":1,"dram_bytes":1,"energy_joules":1,"row_hit_rate":null,"bound_by":"b","exact":true}`
		from := strings.Index(line, `"`+key+`":`) + len(key) + 3
		to := from + strings.IndexAny(line[from:], ",}")
		return line[:from] + value + line[to:]
	}
	for text, want := range map[string]string{
		"":                        "f: there are no rows",
		head:                      "f: there are no rows",
		"PAR1":                    "f: this is Parquet; accepted: ",
		"{":                       "f:1: this is no JSON object; accepted: ",
		"\n{}":                    "f:2: npu is missing; accepted: ",
		"a,b\n1\n":                "f:2: wrong number of fields; accepted: ",
		"a\n1\n":                  "f:2: npu is missing",
		row("npu", `""`):          `npu: ""; accepted: a name`,
		row("batch", "0"):         "batch: \"0\"; accepted: a whole number from 1 to 1073741824",
		row("pass", "1073741825"): "pass: \"1073741825\"; accepted: a whole number from 0 to 1073741824",
		row("pass", "1.5"):        "pass: \"1.5\"; accepted: a whole number",
		row("weight_bits", "0"):   "weight_bits: \"0\"; accepted: a number from 1 to 16",
		row("seconds", "0"):       "seconds: \"0\"; accepted",
		row("seconds", `"NaN"`):   "seconds: \"NaN\"; accepted",
		row("dram_bytes", "-1"):   "dram_bytes: \"-1\"; accepted",
		row("row_hit_rate", "2"):  "row_hit_rate: \"2\"; accepted: a number from 0 to 1",
		row("exact", "2"):         "exact: \"2\"; accepted: true or false",
	} {
		if _, err := Read("f", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(head + "n,m,static:4>3,2,1,9,3.5,1e-09,0,2,0.5,memory,false\n"))
	f.Add([]byte(`{"npu":"n"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		simtest.Budget(t, func() {
			if all, err := Read("f", data); err == nil && len(all) == 0 {
				t.Error("no rows and no error")
			}
		})
	})
}
