package sweep

import "github.com/pmpdsim/pmpdsim/npu/config"

// Machines are the NPUs of a sweep's directory, by the fingerprints that its results name.
func Machines(path string) (map[string]*config.Config, error) {
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
