//go:build !cuda

package cuda

import (
	"github.com/pmpdsim/pmpdsim/gpu"
	"github.com/pmpdsim/pmpdsim/gpu/driver"
	"github.com/pmpdsim/pmpdsim/gpu/weights"
)

// Open returns driver.ErrNotBuilt.
func Open(weights.Source, Options) (gpu.Backend, error) { return nil, driver.ErrNotBuilt }

// Describe returns driver.ErrNotBuilt.
func Describe(int, bool) (*Machine, error) { return nil, driver.ErrNotBuilt }
