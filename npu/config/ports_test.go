package config

import "testing"

func TestLinksThatCarryLessThanDRAMSaySo(t *testing.T) {
	for _, c := range []struct {
		what string
		set  []string
		want string
	}{
		{"a preset", nil, ""},
		{"more channels than the link carries", []string{"dram.channels=8"},
			"the one link of edge-lpddr5 to memory: 76.8 GB/s (noc.bandwidth); DRAM: 102.4 GB/s"},
		{"a link for each core", []string{"dram.channels=8", "cores=2"}, ""},
		{"still less", []string{"dram.channels=16", "cores=2"},
			"the 2 links of edge-lpddr5 to memory: 153.6 GB/s (noc.bandwidth); DRAM: 204.8 GB/s"},
		{"a bus for all cores", []string{"dram.channels=8", "cores=2", "noc.topology=bus"},
			"the one link of edge-lpddr5 to memory: 76.8 GB/s (noc.bandwidth); DRAM: 102.4 GB/s"},
		{"as much as DRAM's peak", []string{"noc.bandwidth=51.2GB/s"}, ""},
		{"no limit", []string{"dram.channels=16", "noc.bandwidth=0B/s"}, ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			n := preset(t, "edge-lpddr5")
			if err := n.Set(c.set); err != nil {
				t.Fatal(err)
			}
			if got := n.NarrowLinks(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestLinksOfThePresetsCarryWhatTheirDRAMGives(t *testing.T) {
	for _, c := range Presets(Imagined()) {
		if narrow := c.NarrowLinks(); narrow != "" {
			t.Error(narrow)
		}
	}
}
