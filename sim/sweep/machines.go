package sweep

import (
	"path/filepath"

	"github.com/pmpdsim/pmpdsim/npu/config"
)

// Machines are the NPUs of a sweep's directory, by the fingerprints that its results name: none where nothing but results is left.
func Machines(path string) (map[string]*config.Config, error) {
	if !exists(filepath.Join(path, "plan.jsonl")) {
		return nil, nil
	}
	d, err := Open(path)
	if err != nil {
		return nil, err
	}
	points, err := d.spec(d.plan.Version)
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
