package validate

import (
	"slices"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
)

func TestDefaultsReplaceWhatIsFitted(t *testing.T) {
	fitted := 0
	for _, c := range config.Presets(config.Devices()) {
		keys := Free(c.Name)
		before := *c
		if err := c.Set(Defaults(c)); err != nil {
			t.Fatal(err)
		}
		if keys.none() {
			continue
		}
		fitted++
		if err := keys.Check(); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		for _, k := range slices.Concat(keys.Decode, keys.Prefill) {
			was, _ := before.Get(k)
			if now, ok := c.Get(k); !ok || now == was {
				t.Errorf("%s: %s is %s with the defaults, too", c.Name, k, was)
			}
		}
	}
	if fitted != 5 {
		t.Errorf("%d devices are fitted, want 5", fitted)
	}
	if c, err := config.Preset("edge-lpddr5"); err != nil || !Free(c.Name).none() {
		t.Errorf("%v, %v", c, err)
	}
}
