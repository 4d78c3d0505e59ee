package sweep

import (
	"context"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// NPUs returns the NPUs of a sweep's directory by their fingerprints, which results name. The map is nil if the
// directory has results only.
func NPUs(path string) (map[string]*config.Config, error) {
	if !folder.Has(path) {
		return nil, nil
	}
	d, err := Open(path)
	if err != nil {
		return nil, err
	}
	points, err := d.spec(context.Background(), d.Plan.Version)
	if err != nil {
		return nil, err
	}
	all := map[string]*config.Config{}
	for i, p := range points {
		if i == 0 || p.config != points[i-1].config {
			all[p.Config.Fingerprint()] = p.Config
		}
	}
	return all, nil
}
