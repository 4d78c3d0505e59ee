package weights

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// Biases of q and k in trained models of some families are hundreds, in few dimensions, the same ones for every position.
// Phi-2's q, k and v reach "a few hundreds" and left binary16 in their products (mlc-llm, pull request 1870); llama.cpp
// has products of q and k of PHI2 and QWEN2 in fp32 for that reason. The values here are of that size, and those that turn
// slowest have them, as in Qwen2: their products do not average out over positions.
const (
	biasOfQ    = 100
	biasOfK    = 300
	biasedDims = 4 // of a head
)

// biased is a source with large biases of q and k.
type biased struct{ Source }

// Biased gives q and k of a model biases of the size that trained Qwen2 and Phi-2 models have, in place of those of s.
// Random weights have small ones, which show no sum that leaves the range or the resolution of binary16. Models without a
// joint matrix of q, k and v are an error.
func Biased(s Source) (Source, error) {
	if m := s.Model(); m.Latent != nil || m.RotaryDim < 2*biasedDims {
		return nil, fmt.Errorf("large biases for %s, which has %d rotated values in a head; accepted: %d or more, and no latent attention", m.Name,
			m.RotaryDim, 2*biasedDims)
	}
	return biased{s}, nil
}

// SHA256 is that of the source with the biases.
func (b biased) SHA256() (string, error) {
	of, err := b.Source.SHA256()
	sum := sha256.Sum256(fmt.Appendf(nil, "%s q %d k %d in %d", of, biasOfQ, biasOfK, biasedDims))
	return hex.EncodeToString(sum[:]), err
}

// Block is that of the source with other biases.
func (b biased) Block(layer int) (*Block, error) {
	block, err := b.Source.Block(layer)
	if err != nil {
		return nil, err
	}
	m := b.Model()
	bias := slices.Clone(block.QKV.Bias)
	if bias == nil {
		bias = make([]uint16, block.QKV.Out)
	}
	for head := range m.Heads + m.KVHeads {
		value := float64(biasOfQ)
		if head >= m.Heads {
			value = biasOfK
		}
		for d := range biasedDims { // value i turns with value i + rotary/2: the slowest stand before the middle
			bias[head*m.HeadDim+m.RotaryDim/2-1-d] = half(value)
		}
	}
	block.QKV.Bias = bias
	return block, nil
}
