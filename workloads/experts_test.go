package workloads_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// counted is a model of testdata/experts.json.
type counted struct {
	Name      string          `json:"name"`
	Total     int64           `json:"total"`
	Active    int64           `json:"active"`
	Published int64           `json:"published"`
	Config    json.RawMessage `json:"config"`
}

func experts(t testing.TB) (all []counted) {
	t.Helper()
	data, err := os.ReadFile("testdata/experts.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Models []counted }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return file.Models
}

func TestParametersOfModelsWithExperts(t *testing.T) {
	models := experts(t)
	for _, c := range models {
		t.Run(c.Name, func(t *testing.T) {
			m, err := workloads.ParseConfig(c.Name, "config.json", c.Config)
			if err != nil {
				t.Fatal(err)
			}
			p := m.Params()
			if p.Total != c.Total || p.Active != c.Active {
				t.Errorf("%d parameters, %d active; transformers counts %d and %d", p.Total, p.Active, c.Total, c.Active)
			}
			if c.Published != 0 && p.Total != c.Published {
				t.Errorf("%d parameters; published are %d", p.Total, c.Published)
			}
		})
	}
	if len(models) < 10 {
		t.Errorf("only %d models were checked", len(models))
	}
}

func TestWhichLayersHaveExperts(t *testing.T) {
	const qwen = `"model_type": "qwen2_moe", "hidden_size": 64, "num_hidden_layers": 6, "num_attention_heads": 4, "num_key_value_heads": 2,
		"intermediate_size": 96, "vocab_size": 100, "max_position_embeddings": 256, "num_experts": 8`
	for _, c := range []struct{ name, keys, want string }{
		{"all by default", `"decoder_sparse_step": 1`, "EEEEEE"},
		{"each second", `"decoder_sparse_step": 2`, "dEdEdE"},
		{"each second, but one", `"decoder_sparse_step": 2, "mlp_only_layers": [3]`, "dEdddE"},
		{"none", `"num_experts": 0`, "dddddd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := workloads.ParseConfig("m", "config.json", []byte("{"+qwen+","+c.keys+"}"))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for l := range m.Layers {
				if m.Sparse(l) {
					got += "E"
				} else {
					got += "d"
				}
			}
			if got != c.want {
				t.Errorf("layers %s, want %s", got, c.want)
			}
		})
	}
}

func TestExpertsThatCannotBe(t *testing.T) {
	const mixtral = `"model_type": "mixtral", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
		"intermediate_size": 96, "vocab_size": 100, "max_position_embeddings": 256`
	for _, c := range []struct{ name, keys, want string }{
		{"more than there are", `"num_experts_per_tok": 9`, "num_experts_per_tok: 9 is out of range; accepted: 1 to 8"},
		{"a key of another family", `"n_routed_experts": 4`, "n_routed_experts: 4 is not modelled: mixtral models have no such option"},
		{"no number", `"num_local_experts": "x"`, `num_local_experts: "x" is not usable; accepted: a positive integer`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := workloads.ParseConfig("m", "config.json", []byte("{"+mixtral+","+c.keys+"}"))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// TestShapesWithoutExpertsStayAsTheyAre: fingerprints of results and sweeps hold the JSON of a shape.
func TestShapesWithoutExpertsStayAsTheyAre(t *testing.T) {
	for _, m := range workloads.Models() {
		data, err := json.Marshal(m.Shape())
		if err != nil || strings.Contains(string(data), "experts") {
			t.Errorf("%s: %s (%v)", m.Name, data, err)
		}
	}
}

func TestShapeWithExpertsIsReadAsItIsWritten(t *testing.T) {
	for _, c := range experts(t) {
		m, err := workloads.ParseConfig("m", "config.json", c.Config)
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(m.Shape())
		if err != nil {
			t.Fatal(err)
		}
		again, err := workloads.ParseShape(data)
		if err != nil || again.Fingerprint() != m.Fingerprint() {
			t.Errorf("%s: %s is read as %+v (%v)", c.Name, data, again, err)
		}
	}
}
