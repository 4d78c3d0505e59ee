//go:build !cuda

package bench

import (
	"context"

	"github.com/pmpdsim/pmpdsim/gpu/driver"
)

// Run returns driver.ErrNotBuilt.
func Run(context.Context, Options) error { return driver.ErrNotBuilt }
