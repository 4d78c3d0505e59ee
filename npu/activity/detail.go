package activity

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/sim/unit/suggest"
)

// Detail is how finely a step is recorded. Each level includes those before it.
type Detail uint8

// The levels of detail.
const (
	Steps     Detail = iota // how long a step took: needs no recording
	Ops                     // spans per op
	Tiles                   // and per tile
	Transfers               // and per DRAM transfer
	detailCount
)

var detailNames = [detailCount]string{"step", "op", "tile", "transfer"}

// String returns the name on the command line.
func (d Detail) String() string { return detailNames[d] }

// ParseDetail reads the name of a level. The error of an unknown one lists those accepted.
func ParseDetail(text string) (Detail, error) {
	for d, name := range detailNames {
		if name == text {
			return Detail(d), nil
		}
	}
	return 0, fmt.Errorf("level of detail %q is not known; %s", text, suggest.Accepted(text, detailNames[:]))
}
