package classifier

import (
	"fmt"
	"io"
	"slices"

	"github.com/pmpdsim/pmpdsim/workloads/safetensors"
)

// KV are the keys and values of a model's last block, [heads, tokens, dim] each, as they lie in the cache (keys
// rotated).
type KV struct {
	Heads, Tokens, Dim int
	Key, Value         []float32
}

// ReadKV reads a safetensors file with the tensors key and value.
func ReadKV(path string) (*KV, error) {
	t, _, err := read(path, "key", "value")
	if err != nil {
		return nil, err
	}
	key, value := t[0], t[1]
	if len(key.shape) != 3 || !slices.Equal(key.shape, value.shape) {
		return nil, fmt.Errorf("%s: key is %v and value %v; accepted: both [heads, tokens, dim]", path, key.shape, value.shape)
	}
	return &KV{Heads: key.shape[0], Tokens: key.shape[1], Dim: key.shape[2], Key: key.values, Value: value.values}, nil
}

// WriteKV writes keys and values as ReadKV reads them, in fp32.
func WriteKV(w io.Writer, kv *KV) error {
	shape := []int{kv.Heads, kv.Tokens, kv.Dim}
	return safetensors.Write(w, []*safetensors.Tensor{
		safetensors.New("key", safetensors.F32, shape, kv.Key),
		safetensors.New("value", safetensors.F32, shape, kv.Value),
	}, nil)
}
