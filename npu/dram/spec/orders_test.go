package spec

import "testing"

func TestOrders(t *testing.T) {
	for _, c := range []struct {
		standard                 string
		channels                 int
		linear, local, preferred string
	}{
		{"lpddr5-6400", 1, "co6,bg2,ba2,ro16", "co1,bg2,co5,ba2,ro16", "co2,bg2,ba2,co4,ro16"},
		{"lpddr5-6400", 4, "co3,ch2,co3,bg2,ba2,ro16", "co1,bg2,ch2,co5,ba2,ro16", "co2,bg1,ch2,bg1,ba2,co4,ro16"},
		{"lpddr4x-4266", 1, "co6,ba3,ro16", "co6,ba3,ro16", "co2,ba3,co4,ro16"},
		{"ddr4-3200", 1, "co7,bg2,ba2,ro16", "bg2,co7,ba2,ro16", "bg2,co2,ba2,co5,ro16"},
		{"hbm2-2000", 1, "co5,bg2,ba2,ra1,ro14", "co1,ra1,bg2,co4,ba2,ro14", "co1,ra1,co1,bg2,ba2,co3,ro14"},
		{"hbm3-6400", 1, "co5,bg2,ba2,ra1,si1,ro14", "co1,ra1,bg2,co4,ba2,si1,ro14", "co1,ra1,co1,bg2,ba2,co3,si1,ro14"},
	} {
		s, err := Lookup(c.standard)
		if err != nil {
			t.Fatal(err)
		}
		linear, local, preferred := RowLinearMapping(s, c.channels), RowLocalMapping(s, c.channels), DefaultMapping(s, c.channels)
		if linear != c.linear || local != c.local || preferred != c.preferred {
			t.Errorf("%d x %s: %s, %s, %s", c.channels, c.standard, linear, local, preferred)
		}
	}
	for _, s := range All() {
		for channels := 1; channels <= 64; channels *= 2 {
			for _, text := range []string{RowLinearMapping(s, channels), RowLocalMapping(s, channels), DefaultMapping(s, channels)} {
				if _, err := ParseMapping(text, s, channels, false); err != nil {
					t.Errorf("%d x %s: %v", channels, s.Name, err)
				}
			}
		}
	}
}
