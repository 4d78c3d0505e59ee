package formats

import (
	"fmt"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Format is how the weights of a matrix are stored. The zero value is fp16, as is one of 16 bits.
type Format struct {
	Name      string    `json:"name,omitempty"`       // in its file: Q4_K; empty: it has none
	Bits      unit.Bits `json:"bits,omitzero"`        // of a code as it enters an array: 2 to 8; 0 and 16: values of fp16
	Codebook  bool      `json:"codebook,omitzero"`    // 2^bits fp16 values for each row, no scales
	Table     bool      `json:"table,omitzero"`       // codes stand for values of a table that all weights share: NF4, MXFP4
	Group     int       `json:"group,omitzero"`       // weights along a row that share a scale; 0: all of them
	Rows      int       `json:"rows,omitzero"`        // rows that share scales; 0: each has its own; AllRows
	Scale     unit.Bits `json:"scale_bits,omitzero"`  // of a scale
	Zero      unit.Bits `json:"zero_bits,omitzero"`   // of the zero point or the minimum beside it; 0: codes are symmetric around zero
	Super     int       `json:"super,omitzero"`       // weights along a row that share a scale of scales; 0: there is none
	SuperBits unit.Bits `json:"super_bits,omitzero"`  // of that, with the one of minima where there is one
	Dense     int       `json:"dense_bytes,omitzero"` // that 256 codes take in the file, where it is less than Bits each: ternary codes
}

// AllRows are those of a matrix with one scale.
const AllRows = -1

// denseCodes is of how many codes Format.Dense says the bytes.
const denseCodes = 256

// IsFP16 reports whether weights are values, not codes.
func (f Format) IsFP16() bool { return f.Bits == 0 || f.Bits >= 16 }

// FP16 is the width of weights that are values.
const FP16 unit.Bits = 16

// Width returns the bits of a weight as it enters an array.
func (f Format) Width() unit.Bits {
	if f.IsFP16() {
		return FP16
	}
	return f.Bits
}

// At returns the format with codes of another width, if it is another: groups and symmetry stay. Zero points that are as wide
// as a code stay so, and codes that were packed densely are not any more. A table belongs to its width.
func (f Format) At(bits unit.Bits) Format {
	if bits == f.Bits {
		return f
	}
	if f.Zero == f.Bits {
		f.Zero = bits
	}
	f.Name, f.Bits, f.Dense, f.Table = "", bits, 0, false
	return f
}

// Unnamed returns the format without its name: equal ones cost the same.
func (f Format) Unnamed() Format {
	f.Name = ""
	return f
}

// CodeBytes returns what the codes of n weights take that lie one behind the other.
func (f Format) CodeBytes(n int64) unit.Bytes {
	if f.Dense > 0 {
		return unit.Bytes((n*int64(f.Dense) + denseCodes - 1) / denseCodes)
	}
	return f.Width().Of(n)
}

// RowBytes returns what the codebook, or the scales and zero points, of a row of k weights take, in whole bytes. Of scales that
// rows share a row has its part.
func (f Format) RowBytes(k int) unit.Bytes {
	if f.Codebook {
		return 2 << f.Bits
	}
	if f.IsFP16() || f.Rows == AllRows {
		return 0
	}
	bits := int64(groups(k, f.Group)) * int64(f.Scale+f.Zero)
	if f.Super > 0 {
		bits += int64(groups(k, f.Super)) * int64(f.SuperBits)
	}
	each := 8 * int64(max(1, f.Rows))
	return unit.Bytes((bits + each - 1) / each)
}

// groups returns how many groups of a size there are in a row of k weights.
func groups(k, size int) int {
	if size == 0 {
		return 1
	}
	return (k + size - 1) / size
}

// BitsPerWeight returns the bits of a weight of a row of k with all that belongs to the row.
func (f Format) BitsPerWeight(k int) float64 {
	return 8 * float64(f.CodeBytes(int64(k))+f.RowBytes(k)) / float64(k)
}

// Of returns what n rows of k weights take.
func (f Format) Of(n, k int) unit.Bytes {
	return (f.CodeBytes(int64(k)) + f.RowBytes(k)) * unit.Bytes(n)
}

// String says in words what turns codes into weights.
func (f Format) String() string {
	if f.IsFP16() {
		return "fp16"
	}
	text := ""
	switch {
	case f.Codebook:
		text = "codebooks"
	case f.Rows == AllRows:
		text = "a scale a matrix"
	case f.Group == 0:
		text = "a scale a row"
	case f.Rows > 1:
		text = fmt.Sprintf("a scale for %d x %d weights", f.Rows, f.Group)
	default:
		text = fmt.Sprintf("a scale for %d weights", f.Group)
	}
	if f.Zero > 0 {
		text += ", with zero points"
	}
	if f.Super > 0 {
		text += fmt.Sprintf(", scaled themselves for %d weights", f.Super)
	}
	if f.Table {
		text += ", values of a table"
	}
	if f.Dense > 0 {
		text += fmt.Sprintf(", %.4g bits a code in DRAM", float64(8*f.Dense)/denseCodes)
	}
	return text
}

// Check returns an error if there is no such format. Bounds are far beyond what files have, and keep bytes countable.
func (f Format) Check() error {
	const mostGroup, mostBits = 1 << 24, 64
	if f.IsFP16() {
		if f.Unnamed() != (Format{Bits: f.Bits}) || f.Bits != 0 && f.Bits != FP16 {
			return fmt.Errorf("format of %d bits with scales; accepted: 2 to 8 bits, or 16 without", f.Bits)
		}
		return nil
	}
	if f.Bits < 2 || f.Bits > 8 {
		return fmt.Errorf("format of %d bits; accepted: 2 to 8, or 16", f.Bits)
	}
	for _, of := range []struct {
		key     string
		n, most int
	}{{"group", f.Group, mostGroup}, {"super", f.Super, mostGroup}, {"scale_bits", int(f.Scale), mostBits}, {"zero_bits", int(f.Zero), mostBits},
		{"super_bits", int(f.SuperBits), mostBits}, {"dense_bytes", f.Dense, denseCodes}} {
		if of.n < 0 || of.n > of.most {
			return fmt.Errorf("format: %s: %d; accepted: 0 to %d", of.key, of.n, of.most)
		}
	}
	if f.Rows < AllRows || f.Rows > mostGroup {
		return fmt.Errorf("format: rows: %d; accepted: %d to %d", f.Rows, AllRows, mostGroup)
	}
	return nil
}
