package gpu

import (
	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/traces"
	"github.com/pmpdsim/pmpdsim/workloads"
)

const (
	halfBytes = 2 // a binary16 value
	statBytes = 4 // a float32 value
)

// Table is the ops table of a trace: what each op of a decode pass reads and writes, in bytes, at each of the
// precisions. all are its ops, of Ops or of Launches. A norm reads and writes the residual stream as well. launch tells how
// an op is put on a GPU; nil: nothing about that.
func Table(m *workloads.Model, all []Op, precisions []int, launch func(op int) Launch) *traces.Ops {
	t := &traces.Ops{}
	for id, op := range all {
		o := traces.Op{ID: id, Name: op.Name, Kind: string(op.Kind), InBytes: some(int64(op.In) * halfBytes),
			OutBytes: some(int64(op.Out) * halfBytes)}
		if op.Experts > 0 {
			*o.InBytes, *o.OutBytes = *o.InBytes*int64(op.Experts), *o.OutBytes*int64(op.Experts)
		}
		if op.Layer >= 0 {
			o.Layer = some(op.Layer)
		}
		switch op.Kind {
		case Product:
			o.M, o.N, o.K = some(max(1, op.Experts)), some(op.Out), some(op.In)
			o.Flops = some(2 * int64(op.Out) * int64(op.In) * int64(max(1, op.Experts)))
			o.WeightBytes, o.LUTBytes = op.bytes(precisions)
			op.along(&o, m.Hidden)
		case HeadProduct:
			o.WeightBytes, o.LUTBytes = op.bytes(precisions)
			o.InBytes, o.OutBytes = some(int64(op.Heads)*int64(op.In)*halfBytes), some(int64(op.Out)*halfBytes)
			if op.Transposed {
				o.InBytes, o.OutBytes = o.OutBytes, o.InBytes
			}
		case Embed: // the token's number in, its row out
			o.InBytes = some(int64(statBytes))
			o.WeightBytes = same(precisions, op.Params*halfBytes)
		case Add:
			o.InBytes = some(int64(1+op.Adds) * int64(m.Hidden) * halfBytes)
		case Normalise:
			o.InBytes = some(int64(1+op.Adds) * int64(m.Hidden) * halfBytes)
			if op.Adds > 0 {
				o.OutBytes = some(2 * int64(m.Hidden) * halfBytes)
			}
			o.WeightBytes = same(precisions, op.Params*halfBytes)
		case Attention:
			o.KVBytesPerPos = some(int64(m.CacheWidth()) * halfBytes)
		case Choose:
			o.OutBytes = nil // a few statistics
		case ResultNorm:
			o.WeightBytes = same(precisions, op.Params*halfBytes)
		case Route:
			o.OutBytes = nil // a few numbers
		case Rope, Merge, Activation, Combine, LogitCap:
		}
		if launch != nil {
			l := launch(id)
			o.Grid, o.Block = l.Grid[:], l.Block[:]
		}
		t.Ops = append(t.Ops, o)
	}
	return t
}

// along adds what a product does beside its own: the weights of a norm; a gate, which makes one value of two; what
// becomes of a result that is added to the residual stream.
func (op Op) along(o *traces.Op, hidden int) {
	for bits := range o.WeightBytes {
		o.WeightBytes[bits] += op.Params * halfBytes
	}
	switch op.Then {
	case Add:
		*o.InBytes += int64(op.Adds) * int64(hidden) * halfBytes
	case Activation:
		*o.OutBytes = int64(op.Makes) * halfBytes
	}
}

// bytes are a product's weights and codebooks by precision; the head keeps its fp16 weights.
func (op Op) bytes(precisions []int) (matrix, tables map[int]int64) {
	copies := int64(max(1, op.Experts))
	params := int64(op.Out) * int64(op.In) * copies
	switch op.Place {
	case PlaceHead, PlaceRouter, PlaceSharedGate:
		return same(precisions, params*halfBytes), nil
	}
	matrix, tables = map[int]int64{}, map[int]int64{}
	for _, bits := range precisions {
		matrix[bits] = params * int64(bits) / 8
		if bits != weights.Half {
			tables[bits] = int64(op.Out) * copies << bits * halfBytes
		}
	}
	if len(tables) == 0 {
		tables = nil
	}
	return matrix, tables
}

// same is one number at every precision.
func same(precisions []int, bytes int64) map[int]int64 {
	all := map[int]int64{}
	for _, bits := range precisions {
		all[bits] = bytes
	}
	return all
}

func some[T any](v T) *T { return &v }
