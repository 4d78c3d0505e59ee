package workloads

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/pmpdsim/pmpdsim/sim/unit/files"
	"github.com/pmpdsim/pmpdsim/workloads/gguf"
)

// generation reads the tokens that end an answer from the generation_config.json beside config.json, which overrules it
// where it names any (transformers 5.24, generation/configuration_utils.py): Llama 3's chat models end at <|eot_id|> by
// this file alone. A folder need not have one.
func (m *Model) generation(c *Config, n *Numerics) error {
	if c.Preset || gguf.Is(c.File) {
		return nil
	}
	file := filepath.Join(filepath.Dir(c.File), "generation_config.json")
	data, err := files.Read(file, files.Generation)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	f := &fields{file: file}
	if err := json.Unmarshal(data, &f.raw); err != nil {
		return fmt.Errorf("%s: not a whole generation_config.json: %w; accepted: the file as it was published", file, files.NotJSON(err))
	}
	if f.has("eos_token_id") {
		n.EOS = f.eos(m)
	}
	return f.err
}
