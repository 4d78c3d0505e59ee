package tiny

import (
	"embed"
	"io/fs"
)

//go:embed config.json generation_config.json tokenizer.json tokenizer_config.json model.safetensors sensitivity.safetensors heldout.txt
var embedded embed.FS // read only

// Files returns the model's files by their names.
func Files() fs.FS { return embedded }
