package sweep

import (
	"bytes"
	"os"
	"path/filepath"

	"github.com/pmpdsim/pmpdsim/sim/sweep/folder"
)

// keepInputs writes every NPU and every model of the points once, in full: rows name them by their fingerprints. Those of
// plans before stay.
func keepInputs(root string, points []*Point) error {
	there, err := folder.ReadInputs(root)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.Write(there.Text)
	if n := len(there.Text); n > 0 && there.Text[n-1] != '\n' { // it is damaged
		b.WriteByte('\n')
	}
	add := func(known bool, line func() ([]byte, error)) error {
		if known {
			return nil
		}
		text, err := line()
		b.Write(text)
		return err
	}
	for i, p := range points {
		if i == 0 || p.config != points[i-1].config {
			name := p.Config.Fingerprint()
			if err := add(there.NPUs[name] != nil, func() ([]byte, error) { return there.AddNPU(name, p.Config) }); err != nil {
				return err
			}
		}
		if i == 0 || p.Model != points[i-1].Model {
			name := p.Model.Fingerprint()
			if err := add(there.Models[name] != nil, func() ([]byte, error) { return there.AddModel(name, p.Model.Shape()) }); err != nil {
				return err
			}
		}
	}
	if b.Len() == len(there.Text) {
		return nil
	}
	file := folder.InputsFile(root)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return replace(file, b.Bytes())
}
