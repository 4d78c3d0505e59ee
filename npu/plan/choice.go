package plan

import (
	"encoding/json"

	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// Choice is how one operator of a step is cut, and why. Sizes are those of one core.
type Choice struct {
	Operator   string     `json:"operator"`
	M          int        `json:"m"` // rows of activations
	N          int        `json:"n"` // outputs
	K          int        `json:"k"` // reduction
	Bits       unit.Bits  `json:"bits"`
	Held       string     `json:"held"`                // what stays on chip: "activations", "tokens", "weights"
	Split      string     `json:"split"`               // what the cores share: "rows", "tokens", "heads"
	TileRows   int        `json:"tile_rows"`           // outputs of a tile
	TileTokens int        `json:"tile_tokens"`         // rows of activations of a tile
	PassRows   int        `json:"pass_rows,omitempty"` // outputs that a pass of the array takes; 0: those of a tile
	Tiles      int        `json:"tiles"`               // of the operator
	TileBytes  unit.Bytes `json:"tile_bytes"`
	HeldBytes  unit.Bytes `json:"held_bytes"`
	Compute    float64    `json:"compute_seconds"` // by the cost model
	Memory     float64    `json:"memory_seconds"`
	Estimate   float64    `json:"estimate_seconds"`
	Considered int        `json:"tilings_considered"`  // 1: there was nothing to choose, or the choice was made with the layout
	Next       string     `json:"next_best,omitempty"` // may be priced faster, by 2 % at most, if it moves more bytes
}

// choiceJSON is a Choice whose sizes are numbers of bytes. The outer fields hide the inner ones of the same name.
type choiceJSON struct {
	plain
	TileBytes int64 `json:"tile_bytes"`
	HeldBytes int64 `json:"held_bytes"`
}

// plain is a Choice without its methods, which would call themselves.
type plain Choice

// MarshalJSON writes sizes as numbers of bytes.
func (c Choice) MarshalJSON() ([]byte, error) {
	return json.Marshal(choiceJSON{plain(c), int64(c.TileBytes), int64(c.HeldBytes)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (c *Choice) UnmarshalJSON(data []byte) error {
	var j choiceJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	*c = Choice(j.plain)
	c.TileBytes, c.HeldBytes = unit.Bytes(j.TileBytes), unit.Bytes(j.HeldBytes)
	return nil
}
