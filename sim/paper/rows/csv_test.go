package rows

import (
	"encoding/csv"
	"strings"
	"testing"
)

func TestTablesHaveACellForEveryHead(t *testing.T) {
	residual, step := 0.125, 40
	var bars, stages, remains strings.Builder
	for _, err := range []error{
		WriteBars(&bars, []Bar{{Panel: "IWSLT", Scheme: Static, Residual: &residual, Step: &step}, {Panel: "IWSLT", Scheme: Learned, Inferred: true}}),
		WriteWaterfall(&stages, []Waterfall{{Panel: "IWSLT", Name: "DRAM", Set: []string{"a=1", "b=2"}}}),
		WriteRemains(&remains, []Remains{{NPU: "edge-lpddr5", Bars: 8}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for text, rows := range map[string]int{bars.String(): 3, stages.String(): 2, remains.String(): 2} {
		records, err := csv.NewReader(strings.NewReader(text)).ReadAll() // refuses rows of different lengths
		if err != nil || len(records) != rows {
			t.Errorf("%d rows, error %v:\n%s", len(records), err, text)
		}
	}
	if s := bars.String(); !strings.Contains(s, "IWSLT,,static,0.00,0.000000,0.1250,0.000000,40,false,") ||
		!strings.Contains(s, "IWSLT,,learned,0.00,0.000000,,0.000000,,true,") {
		t.Errorf("what there is none of is empty:\n%s", s)
	}
	if s := stages.String(); !strings.Contains(s, ",a=1 b=2,") {
		t.Errorf("assignments:\n%s", s)
	}
}
