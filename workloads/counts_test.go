package workloads_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// readJSON reads a file of testdata/transformers.
func readJSON(t *testing.T, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "transformers", name))
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestParametersAreTransformers compares with models that transformers built of the same configurations.
func TestParametersAreTransformers(t *testing.T) {
	var rows []struct {
		Kind, Name string
		Config     json.RawMessage
		Params     int64
	}
	readJSON(t, "counts.json", &rows)
	kinds, families := map[string]int{}, map[workloads.Family]bool{}
	for _, r := range rows {
		m, err := workloads.ParseConfig(r.Name, "config.json", r.Config)
		if err != nil {
			t.Errorf("%s %s: %v\n%s", r.Kind, r.Name, err, r.Config)
			continue
		}
		if got := m.Params().Total; got != r.Params {
			t.Errorf("%s %s: %d parameters, transformers has %d (%+d)\n%s", r.Kind, r.Name, got, r.Params, got-r.Params, r.Config)
		}
		kinds[r.Kind]++
		families[m.Family] = true
	}
	if kinds["class"] < 35 || kinds["random"] < 150 || kinds["published"] < 60 || len(families) < 40 {
		t.Errorf("only %v configurations of %d families were compared", kinds, len(families))
	}
}

// TestParametersArePublished compares with what model cards, papers, or the indices of published weights say, of classes that
// transformers does not have, too.
func TestParametersArePublished(t *testing.T) {
	var models []struct {
		Name      string
		Published int64
		Config    json.RawMessage
	}
	readJSON(t, "models.json", &models)
	compared := 0
	for _, p := range models {
		m, err := workloads.ParseConfig(p.Name, "config.json", p.Config)
		if err != nil {
			t.Errorf("%s: %v", p.Name, err)
			continue
		}
		if p.Published == 0 {
			continue
		}
		compared++
		if got := m.Params().Total; got != p.Published {
			t.Errorf("%s: %d parameters, published %d (%+d)", p.Name, got, p.Published, got-p.Published)
		}
	}
	if compared < 60 {
		t.Errorf("only %d models have a published count", compared)
	}
}
