package tiny

import (
	"embed"
	"io/fs"

	"github.com/pmpdsim/pmpdsim/sim/unit/packed"
)

//go:embed config.json generation_config.json tokenizer.json.gz tokenizer_config.json model.safetensors.gz sensitivity.safetensors.gz heldout.txt.gz learned.safetensors
var embedded embed.FS // read only

// Files returns the model's files by their names. What is packed is unpacked when it is opened, by its name without .gz.
func Files() fs.FS { return packed.FS(embedded) }
