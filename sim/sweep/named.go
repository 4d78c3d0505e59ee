package sweep

import (
	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
	"github.com/pmpdsim/pmpdsim/workloads"
)

// none stands for no rules of precision, no experts and no format of a file.
const none = "none"

// formatOf names the format in which a model's file holds its weights.
func formatOf(m *workloads.Model) string {
	if m.Stored == nil {
		return none
	}
	return visible.Line(m.Stored.String())
}
