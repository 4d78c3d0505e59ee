package spec

import (
	"fmt"
	"strings"
)

// energyProblem names what is wrong with the energy table. A write may cost nothing at the device's own pins: the host
// drives them.
func (s *Standard) energyProblem() string {
	e := &s.Energy
	if strings.TrimSpace(e.Source) == "" {
		return "its energy table has no source"
	}
	need := []named{{"Activate", int64(e.Activate)}, {"Read", int64(e.Read)}, {"Write", int64(e.Write)},
		{"ReadIO", int64(e.ReadIO)}, {"Refresh", int64(e.Refresh)}, {"Active", int64(e.Active)}, {"Standby", int64(e.Standby)}}
	if s.HasPerBankRefresh() {
		need = append(need, named{"RefreshBank", int64(e.RefreshBank)})
	}
	for _, n := range need {
		if n.n <= 0 {
			return fmt.Sprintf("energy %s is %d; accepted: 1 or more", n.name, n.n)
		}
	}
	switch {
	case e.WriteIO < 0:
		return fmt.Sprintf("energy WriteIO is %d; accepted: 0 or more", e.WriteIO)
	case e.Active < e.Standby:
		return fmt.Sprintf("background power Active %v is less than Standby %v", e.Active, e.Standby)
	case !s.HasPerBankRefresh() && e.RefreshBank != 0:
		return fmt.Sprintf("energy RefreshBank is %d; accepted: 0, as the standard has no per-bank refresh", e.RefreshBank)
	case s.HasPerBankRefresh() && e.RefreshBank > e.Refresh:
		return fmt.Sprintf("energy RefreshBank %v is more than Refresh %v, of all banks", e.RefreshBank, e.Refresh)
	}
	return ""
}
