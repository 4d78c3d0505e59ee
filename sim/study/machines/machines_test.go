package machines

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/sim/result"
	"github.com/pmpdsim/pmpdsim/sim/study"
)

func preset(t *testing.T, set ...string) *config.Config {
	t.Helper()
	cfg, err := config.Preset("edge-lpddr5")
	if err == nil {
		err = cfg.Set(set)
	}
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// outcome is a result of a machine, with the axes that changed it.
func outcome(cfg *config.Config, keys ...study.Key) *study.Outcome {
	return &study.Outcome{Result: &result.Result{NPU: cfg.Name, Config: cfg.Fingerprint(), Schedule: "uniform:4", PrefillBits: 8}, Place: "r:1", Keys: keys}
}

func TestMachinesAreKnown(t *testing.T) {
	plain, rows, clock := preset(t), preset(t, "array.rows=16"), preset(t, "clock=500MHz")
	s := &study.Set{Outcomes: []*study.Outcome{outcome(rows, study.Key{Name: "array.rows", Value: "16"}), outcome(plain), outcome(plain), outcome(clock)}}
	all, err := Known{}.Of(s)
	if len(err) > 0 || len(all) != 2 || all[0].Fingerprint != rows.Fingerprint() || all[1].Fingerprint != plain.Fingerprint() {
		t.Fatalf("%d machines; want the preset, and the one that axes changed", len(all))
	}
	m := all[1]
	if len(m.Roofs) != 2 || m.Roofs[0].Bits != 4 || m.Roofs[1].Bits != 8 || m.Roofs[0].MACsPerSecond <= m.Roofs[1].MACsPerSecond {
		t.Errorf("roofs %v; want those of 4 and of 8 bits", m.Roofs)
	}
	if m.Bandwidth != plain.PeakBandwidth() || m.Name != "edge-lpddr5" || len(m.Keys) < 20 {
		t.Errorf("%s, %v bytes/s, %d keys", m.Name, m.Bandwidth, len(m.Keys))
	}
	known := Known{}
	if err := known.Add(clock, s); err != nil {
		t.Error(err)
	}
	if all, err := known.Of(s); len(err) > 0 || len(all) != 3 {
		t.Errorf("%v; %d machines with the one that was said", err, len(all))
	}
	t.Run("results carry theirs", func(t *testing.T) {
		text, err := json.Marshal(clock)
		if err != nil {
			t.Fatal(err)
		}
		s.Outcomes[3].Inputs = &result.Inputs{NPU: text}
		defer func() { s.Outcomes[3].Inputs = nil }()
		if all, err := (Known{}).Of(s); len(err) > 0 || len(all) != 3 || all[2].Fingerprint != clock.Fingerprint() {
			t.Errorf("%v; %d machines", err, len(all))
		}
		s.Outcomes[3].Inputs.NPU = []byte(strings.Replace(string(text), `"clock":"500MHz"`, `"clock":"501MHz"`, 1))
		all, notes := (Known{}).Of(s)
		if len(notes) != 1 || !strings.HasPrefix(notes[0].Error(), "r:1: inputs.npu has the fingerprint ") || len(all) != 2 {
			t.Errorf("notes %v, %d machines; want the others, and a note", notes, len(all))
		}
	})
	if err := known.Add(preset(t, "clock=2GHz"), s); err == nil || !strings.HasPrefix(err.Error(), "no result was simulated on edge-lpddr5 with these changes (fingerprint ") {
		t.Errorf("error %v", err)
	}
	t.Run("one set of roofs is that of one machine", func(t *testing.T) {
		if err := Same(s); err == nil || !strings.HasPrefix(err.Error(), "r:1 and r:1 are from different NPUs; accepted: ") {
			t.Errorf("error %v", err)
		}
		if err := Check(clock, s.Outcomes[1]); err == nil || !strings.HasPrefix(err.Error(), "r:1: simulated on another NPU than edge-lpddr5 with these changes") {
			t.Errorf("error %v", err)
		}
		if err := Check(plain, s.Outcomes[1]); err != nil {
			t.Error(err)
		}
	})
}
