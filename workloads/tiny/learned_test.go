package tiny_test

import (
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/pmpdsim/pmpdsim/gpu/weights"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision/classifier"
	"github.com/pmpdsim/pmpdsim/workloads/tiny"
)

// TestItsClassifierIsOfTheseWeights: it has the model's heads, and was taught on the weights that lie beside it.
func TestItsClassifierIsOfTheseWeights(t *testing.T) {
	m, err := weights.Load(workloads.TinyModel)
	if err != nil {
		t.Fatal(err)
	}
	net, err := classifier.Read(workloads.TinyModel)
	if err != nil || net.Heads != m.KVHeads || net.Dim != m.HeadDim {
		t.Fatalf("%+v, %v; the model has %d heads of %d", net, err, m.KVHeads, m.HeadDim)
	}
	source, err := weights.OpenFS(tiny.Files(), m)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = source.Close() }()
	sum, err := source.SHA256()
	if err != nil {
		t.Fatal(err)
	}
	data := read(t, "learned.safetensors")
	var header struct {
		Metadata map[string]string `json:"__metadata__"`
	}
	if err := json.Unmarshal(data[8:8+binary.LittleEndian.Uint64(data)], &header); err != nil {
		t.Fatal(err)
	}
	if said := header.Metadata; said["weights_sha256"] != sum || said["schedule"] != "learned:3>2" || said["l"] != "96" {
		t.Errorf("it says %v, and the weights are %s", said, sum)
	}
}
