package traces

import "github.com/pmpdsim/pmpdsim/workloads"

// LatentShape says how a model compresses its keys and values (workloads.Latent).
type LatentShape struct {
	QRank    *int       `json:"q_rank,omitzero" rule:"positive"`
	KVRank   int        `json:"kv_rank" rule:"positive"`
	NopeDim  int        `json:"nope_dim" rule:"positive"`
	RopeDim  int        `json:"rope_dim" rule:"positive"`
	ValueDim int        `json:"value_dim" rule:"positive"`
	X        Extensions `json:"-"`
}

func latentOf(l *workloads.Latent) *LatentShape {
	if l == nil {
		return nil
	}
	return &LatentShape{QRank: some(l.QRank), KVRank: l.KVRank, NopeDim: l.NopeDim, RopeDim: l.RopeDim, ValueDim: l.ValueDim}
}

// model is the inverse of latentOf.
func (l *LatentShape) model() *workloads.Latent {
	if l == nil {
		return nil
	}
	return &workloads.Latent{QRank: orZero(l.QRank), KVRank: l.KVRank, NopeDim: l.NopeDim, RopeDim: l.RopeDim, ValueDim: l.ValueDim}
}
