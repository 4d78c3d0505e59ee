// Package timings asks how much the timings of a DRAM matter to a decode: each is off by some percent, alone and in
// groups, and what becomes of tokens/s and of the time to the first token.
//
// It is data: a Study says what is simulated (Cells) and what comes of it (Rows). The caller runs the cells with
// sim/replay; drawing the rows (plots/views) needs no simulator.
//
// Timings are whole clocks, so a timing is off by the nearest number of them: 4 clocks by 20 % are 3 and 5. One that is
// too short to move (2 clocks), or that the standard's other timings hold (tRRD_S at tRRD_L), goes as far as it can.
// Those that follow others do: tRC goes with tRAS and tRP, tREFIpb with tREFI (spec.Standard.Change). The data clocks
// of a burst (tBL) are the bandwidth itself and are never off.
package timings

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/pmpdsim/pmpdsim/npu/config"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/workloads"
	"github.com/pmpdsim/pmpdsim/workloads/precision"
)

// Study is what is varied, and what is simulated with it.
type Study struct {
	Config    *config.Config
	By        int // percent
	Model     *workloads.Model
	Prompt    int // tokens
	Generated int // tokens; of the decode passes the middle one is simulated
	Schedules []precision.Schedule
	Subjects  []Subject
	Unmoved   []string // timings that are too short to be off, or are held by others

	configs []*config.Config // the first is Config
}

// Subject is a timing, or a group of them, that is off.
type Subject struct {
	Name       string
	Group      bool
	Members    []Member
	less, more int // its configurations; 0: the NPU's own
}

// Member is a timing of a subject, in clocks of the controller.
type Member struct {
	Name       string
	Own        int64
	Less, More int64 // equal to Own where it does not move
}

// group is a group of timings by what they are for.
type group struct {
	name    string
	brief   string // the members in a few words
	members []string
}

// interval is the timing that goes the other way in groups: refreshes that take longer come more often.
const interval = "tREFI"

// groups are all groups: of each, less is faster and more is slower. The last has all that the others have.
func groups() []group {
	all := []group{
		{"rows", "tRCD, tRP, tRAS", []string{"tRCD", "tRCDWR", "tRP", "tRPab", "tRAS"}},
		{"activates", "tRRD, tFAW", []string{"tRRD_S", "tRRD_L", "tFAW"}},
		{"bursts", "tCCD", []string{"tCCD_S", "tCCD_L", "tCCD_R", "tCCD_S_WR", "tCCD_L_WR"}},
		{"latencies", "tCL, tCWL", []string{"tCL", "tDQSCK", "tCWL"}},
		{"turnarounds", "tWTR, tWR, tRTP", []string{"tWTR_S", "tWTR_L", "tRTRS", "tWR", "tRTP"}},
		{"refresh", "tRFC, tREFI", []string{"tRFC", "tRFCpb", "tpbR2pbR", "tpbR2act", interval}},
	}
	every := group{name: "all of these"}
	for _, g := range all {
		every.members = append(every.members, g.members...)
	}
	return append(all, every)
}

// Brief says in a few words what a group holds; empty for a timing.
func (r *Row) Brief() string {
	for _, g := range groups() {
		if r.Group && g.name == r.Timing {
			return g.brief
		}
	}
	return ""
}

// Describe says what a group holds, as far as a standard has it: "rows (tRCD, tRP, tRPab, tRAS)".
func (s *Subject) Describe() string {
	if !s.Group || s.Name == "all of these" {
		return s.Name
	}
	text := s.Name + " ("
	for i, m := range s.Members {
		if i > 0 {
			text += ", "
		}
		if text += m.Name; m.Name == interval {
			text += " the other way"
		}
	}
	return text + ")"
}

// Vary fills in the subjects: the timings that the memory of the NPU has and its refresh uses, and their groups. It
// fails if the memory is ideal.
func (s *Study) Vary() error {
	standard := s.Config.Standard()
	if standard == nil {
		return fmt.Errorf("the DRAM of %s is ideal and has no timings; accepted: an NPU with another dram.standard (list dram)", s.Config.Name)
	}
	s.configs = []*config.Config{s.Config}
	clocks := standard.Timing.Clocks()
	own := map[string]int64{}
	for i, name := range spec.TimingNames() {
		if s.varies(name) && clocks[i] > 0 {
			own[name] = clocks[i]
		}
	}
	for _, g := range groups() {
		members := slices.DeleteFunc(slices.Clone(g.members), func(name string) bool { return own[name] == 0 })
		if subject := s.subject(g.name, true, members, own); len(members) > 1 && subject.moves() {
			s.Subjects = append(s.Subjects, subject)
		}
	}
	for _, name := range spec.TimingNames() {
		if own[name] == 0 {
			continue
		}
		if subject := s.subject(name, false, []string{name}, own); subject.moves() {
			s.Subjects = append(s.Subjects, subject)
		} else {
			s.Unmoved = append(s.Unmoved, name)
		}
	}
	return nil
}

// varies reports whether a timing can matter to the memory of the NPU: not the data of a burst, nor what follows
// another, nor what belongs to another way of refresh, or to several ranks.
func (s *Study) varies(name string) bool {
	d := &s.Config.DRAM
	switch name {
	case "tBL", "tREFIpb", "tRFC2", "tRFC4":
		return false
	case "tRFCpb", "tpbR2pbR", "tpbR2act":
		return d.ByBank()
	case "tREFI":
		return d.Refresh != spec.NoRefresh.String()
	case "tRFC":
		return d.Refresh == spec.AllBank.String()
	case "tCS":
		return d.Ranks > 1
	}
	return true
}

// subject is one of the timings with these names.
func (s *Study) subject(name string, isGroup bool, members []string, own map[string]int64) Subject {
	x := Subject{Name: name, Group: isGroup}
	for _, m := range members {
		n := own[m]
		x.Members = append(x.Members, Member{Name: m, Own: n, Less: n, More: n})
	}
	x.less = s.off(x.Members, -s.By, func(m *Member) *int64 { return &m.Less })
	x.more = s.off(x.Members, s.By, func(m *Member) *int64 { return &m.More })
	return x
}

// off moves timings by a percentage, or as far towards it as they go together, and returns the place of the
// configuration.
func (s *Study) off(members []Member, percent int, at func(*Member) *int64) int {
	for share := percent; share != 0; share -= percent / max(percent, -percent) {
		c := *s.Config
		var set []string
		for i := range members {
			m := &members[i]
			own := share
			if m.Name == interval && len(members) > 1 {
				own = -share
			}
			*at(m) = s.scaled(m.Own, own)
			if *at(m) != m.Own {
				set = append(set, "dram.timing."+m.Name+"="+strconv.FormatInt(*at(m), 10))
			}
		}
		if len(set) == 0 {
			return 0
		}
		if c.Set(set) == nil {
			return s.place(&c)
		}
	}
	for i := range members {
		*at(&members[i]) = members[i].Own
	}
	return 0
}

// place is that of a configuration; those that differ in their names alone are one.
func (s *Study) place(c *config.Config) int {
	same := func(o *config.Config) bool { return o.Standard().Timing == c.Standard().Timing }
	if i := slices.IndexFunc(s.configs, same); i >= 0 {
		return i
	}
	s.configs = append(s.configs, c)
	return len(s.configs) - 1
}

// scaled moves a number of clocks by a percentage, to the nearest number that the clock of the standard has.
func (s *Study) scaled(clocks int64, percent int) int64 {
	grain := int64(1)
	if s.Config.Standard().HBM.HalfClock {
		grain = 2 // half clocks
	}
	n := (clocks*int64(100+percent) + 50*grain) / (100 * grain) * grain
	return max(n, grain)
}

func (x *Subject) moves() bool { return x.less != 0 || x.more != 0 }

// Cell is what is simulated: the prefill and the middle decode pass of a schedule, with timings.
type Cell struct {
	Config   *config.Config
	Schedule precision.Schedule
}

// Cells are all cells, each configuration with each schedule.
func (s *Study) Cells() (all []Cell) {
	for _, c := range s.configs {
		for _, p := range s.Schedules {
			all = append(all, Cell{c, p})
		}
	}
	return all
}

// Pass is the decode pass that is simulated: the middle one.
func (s *Study) Pass() int { return max(s.Generated/2, 1) }

// Point is what a cell came to.
type Point struct {
	TokensPerSecond float64 // 1 over the time of the decode pass
	TTFT            float64 // seconds
}

// Row is a subject with a schedule: a line of JSON. Changes are percent of what the own timings give.
type Row struct {
	NPU       string  `json:"npu"`
	Config    string  `json:"config_fingerprint"`
	Standard  string  `json:"standard"`
	Model     string  `json:"model"`
	Schedule  string  `json:"schedule"`
	Prompt    int     `json:"prompt_tokens"`
	Context   int     `json:"context_tokens"` // of the decode pass
	By        int     `json:"off_percent"`
	Timing    string  `json:"timing"` // or the name of a group
	Group     bool    `json:"group"`
	Members   []Clock `json:"clocks"`
	Tokens    Change  `json:"tokens_per_second"`
	TTFT      Change  `json:"ttft_seconds"`
	OverFirst Change  `json:"speedup_over_first"` // of tokens/s over those of the first schedule
}

// Clock is a timing of a row: what it is, and what it is off to.
type Clock struct {
	Timing string `json:"timing"`
	Own    int64  `json:"own"`
	Less   int64  `json:"less"`
	More   int64  `json:"more"`
}

// Change is a value with the own timings, and with those that are off.
type Change struct {
	Own  float64 `json:"own"`
	Less float64 `json:"less"`
	More float64 `json:"more"`
}

// Percent returns by how much a value changes when the timings are less, and more.
func (c Change) Percent() (less, more float64) {
	return 100 * (c.Less/c.Own - 1), 100 * (c.More/c.Own - 1)
}

// Rows are those of the points of all cells: each subject with each schedule.
func (s *Study) Rows(points []Point) (all []Row) {
	at := func(place, schedule int) Point { return points[place*len(s.Schedules)+schedule] }
	for _, x := range s.Subjects {
		var members []Clock
		for _, m := range x.Members {
			members = append(members, Clock{m.Name, m.Own, m.Less, m.More})
		}
		for i, p := range s.Schedules {
			change := func(of func(place int) float64) Change { return Change{of(0), of(x.less), of(x.more)} }
			all = append(all, Row{NPU: s.Config.Name, Config: s.Config.Fingerprint(), Standard: s.Config.DRAM.Standard, Model: s.Model.Name,
				Schedule: p.String(), Prompt: s.Prompt, Context: s.Prompt + s.Pass() - 1, By: s.By, Timing: x.Name, Group: x.Group, Members: members,
				Tokens:    change(func(place int) float64 { return at(place, i).TokensPerSecond }),
				TTFT:      change(func(place int) float64 { return at(place, i).TTFT }),
				OverFirst: change(func(place int) float64 { return at(place, i).TokensPerSecond / at(place, 0).TokensPerSecond })})
		}
	}
	return all
}
