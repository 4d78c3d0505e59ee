package sweep

import (
	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// Machines are the NPUs of a sweep's directory, by the fingerprints that its results name: none where nothing but results is left.
func NPUs(path string) (map[string]*config.Config, error) {
	if !folder.Has(path) {
		return nil, nil
	}
	d, err := Open(path)
	if err != nil {
		return nil, err
	}
	points, err := d.spec(d.Plan.Version)
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
