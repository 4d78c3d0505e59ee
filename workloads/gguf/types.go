package gguf

import "fmt"

// Type is how the weights of a tensor are stored: its number in files.
type Type uint32

// kind is a type's name, and the weights and bytes of its blocks.
type kind struct {
	number  Type
	name    string
	weights int
	bytes   int
}

// kinds are the types (ggml-org/ggml, enum ggml_type of include/ggml.h; sizes of blocks from src/ggml-common.h, compared
// with GGML_QUANT_SIZES of gguf 0.19.0). Numbers that are missing were types that files no longer have. Q8_1 and Q8_K are of
// activations: no file has them.
var kinds = []kind{
	{0, "F32", 1, 4},
	{1, "F16", 1, 2},
	{2, "Q4_0", 32, 18},
	{3, "Q4_1", 32, 20},
	{6, "Q5_0", 32, 22},
	{7, "Q5_1", 32, 24},
	{8, "Q8_0", 32, 34},
	{10, "Q2_K", 256, 84},
	{11, "Q3_K", 256, 110},
	{12, "Q4_K", 256, 144},
	{13, "Q5_K", 256, 176},
	{14, "Q6_K", 256, 210},
	{16, "IQ2_XXS", 256, 66},
	{17, "IQ2_XS", 256, 74},
	{18, "IQ3_XXS", 256, 98},
	{19, "IQ1_S", 256, 50},
	{20, "IQ4_NL", 32, 18},
	{21, "IQ3_S", 256, 110},
	{22, "IQ2_S", 256, 82},
	{23, "IQ4_XS", 256, 136},
	{24, "I8", 1, 1},
	{25, "I16", 1, 2},
	{26, "I32", 1, 4},
	{27, "I64", 1, 8},
	{28, "F64", 1, 8},
	{29, "IQ1_M", 256, 56},
	{30, "BF16", 1, 2},
	{34, "TQ1_0", 256, 54},
	{35, "TQ2_0", 256, 66},
	{39, "MXFP4", 32, 17},
}

// kind returns the type's row; ok is false if there is none.
func (t Type) kind() (kind, bool) {
	for _, k := range kinds {
		if k.number == t {
			return k, true
		}
	}
	return kind{}, false
}

// String returns the name that ggml gives the type.
func (t Type) String() string {
	if k, ok := t.kind(); ok {
		return k.name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// Block returns how many weights stand together, and the bytes that they take with their scales.
func (t Type) Block() (weights, bytes int) {
	k, _ := t.kind()
	return k.weights, k.bytes
}

// Names returns the names of the types, in the order of their numbers.
func Names() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}
