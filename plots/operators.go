package plots

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/sim/result"
)

// operatorTable shows what each operator takes in one of so many passes: the time that passed for it, and the times for which
// it kept array, vector unit and DRAM's pins busy. The longest of these bounds it.
func operatorTable(operators []result.Operator, passes float64) *Table {
	t := &Table{Columns: []Column{{Name: "operator"}, {Name: "time", Right: true}, {Name: "array", Right: true}, {Name: "vector", Right: true},
		{Name: "memory", Right: true}, {Name: "MACs", Right: true}, {Name: "traffic", Right: true}, {Name: "MACs/B", Right: true},
		{Name: "GMAC/s", Right: true}, {Name: "PEs %", Right: true}, {Name: "bound"}}}
	for _, o := range operators {
		t.Add(o.Name, Time.Text(o.Seconds/passes), Time.Text(o.Array/passes), Time.Text(o.Vector/passes), Time.Text(o.Memory/passes),
			Large.Text(float64(o.MACs)/passes), Bytes.Text(float64(o.DRAMBytes)/passes), Significant(o.Intensity), Significant(o.Throughput/1e9),
			fmt.Sprintf("%.2f", 100*o.Utilisation), o.BoundBy)
	}
	return t
}
