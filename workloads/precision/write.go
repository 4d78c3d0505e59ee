package precision

import (
	"encoding/binary"
	"math"
	"os"

	"github.com/nlpodyssey/safetensors"
)

// WriteKV writes keys and values as ReadKV reads them, in fp32. The file gets its name when it is whole.
func WriteKV(path string, kv *KV) (err error) {
	views := map[string]safetensors.TensorView{}
	for name, values := range map[string][]float32{"key": kv.Key, "value": kv.Value} {
		data := make([]byte, 0, 4*len(values))
		for _, v := range values {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
		shape := []uint64{uint64(kv.Heads), uint64(kv.Tokens), uint64(kv.Dim)}
		if views[name], err = safetensors.NewTensorView(safetensors.F32, shape, data); err != nil {
			return err
		}
	}
	f, err := os.Create(path + ".partial")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error counts
		}
	}()
	if err := safetensors.SerializeToWriter(views, nil, f); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
