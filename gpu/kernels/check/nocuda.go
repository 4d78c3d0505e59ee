//go:build !cuda

package check

import (
	"context"

	"github.com/pmpdsim/pmpdsim/gpu/driver"
)

// Run returns driver.ErrNotBuilt.
func Run(context.Context, int, []string, func(Row) error) error { return driver.ErrNotBuilt }
