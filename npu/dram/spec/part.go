package spec

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/pmpdsim/pmpdsim/sim/unit"
	"github.com/pmpdsim/pmpdsim/sim/unit/strict"
)

// Part is a DRAM part as data: the texts of its keys, durations as they were given, and a table of densities. It is the
// same for the same content, whatever file that came from. It does not change after it was read.
type Part struct {
	Name     string
	values   map[string]string // by path, without those of the density
	comments []string
	rows     []densityRow     // by density
	own      func() *Standard // at its own density, made when it is first asked for
}

// densityRow is what a part has at a density.
type densityRow struct {
	density  Density
	values   map[string]string
	standard func() *Standard // of the part at that density; nil as long as there is no part
}

// Standard returns a fresh copy of the part's data at a density; 0 is its own. The part must know the density, and what
// comes of another one than its own may be impossible.
func (p *Part) Standard(d Density) *Standard {
	made := p.own
	for _, r := range p.rows {
		if r.density == d {
			made = r.standard
		}
	}
	s := *made()
	s.Comments, s.Hot, s.BankModes = slices.Clone(s.Comments), slices.Clone(s.Hot), slices.Clone(s.BankModes)
	return &s
}

// finish makes p ready for use: its values do not change any more.
func (p *Part) finish() *Part {
	p.own = sync.OnceValue(func() *Standard { return p.build(0) })
	p.rows = slices.Clone(p.rows)
	for i := range p.rows {
		d := p.rows[i].density
		p.rows[i].standard = sync.OnceValue(func() *Standard { return p.build(d) })
		if d == p.Density() {
			p.rows[i].standard = p.own
		}
	}
	return p
}

// Density returns the part's own density; 0: it does not say.
func (p *Part) Density() (d Density) {
	set(&d, p.values[keyDensity])
	return d
}

// Densities returns the densities that the part knows.
func (p *Part) Densities() []Density {
	var all []Density
	for _, r := range p.rows {
		all = append(all, r.density)
	}
	return all
}

// DataRate returns the transfers of a data pin in a second.
func (p *Part) DataRate() DataRate {
	var r DataRate
	if set(&r, p.values[keyRate]); r != 0 {
		return r
	}
	s := p.own()
	q, _ := unit.MulDivDown(uint64(s.Burst)*8/uint64(s.BusWidth()), 1_000_000_000_000_000, uint64(s.Timing.TBL)*uint64(s.TCK))
	return DataRate(q)
}

// Values returns the texts of the keys that are given, in the order of the files.
func (p *Part) Values() (all [][2]string) {
	for _, k := range partKeys() {
		if text := p.values[k.path]; text != "" {
			all = append(all, [2]string{k.path, text})
		}
	}
	return all
}

// Evidence says how well the values of a preset are founded: "verified", "estimated", "derived"; "" of a part that does
// not say.
func (p *Part) Evidence() string { return p.values[keyEvidence] }

// set sets a value to a text that was read before.
func set[T any](to *T, text string) {
	if text == "" {
		return
	}
	if err := strict.SetText(reflect.ValueOf(to).Elem(), text); err != nil {
		panic("spec: a value of a part that was read: " + err.Error())
	}
}

// at returns all values at a density, those that the part gives itself before those of the density's row.
func (p *Part) at(d Density) map[string]string {
	all := map[string]string{}
	for _, r := range p.rows {
		if r.density == d {
			maps.Copy(all, r.values)
		}
	}
	maps.Copy(all, p.values)
	return all
}

// build makes the Standard of a density out of the values. Whether it is possible, Validate knows.
func (p *Part) build(d Density) *Standard {
	own := p.Density()
	if d == 0 {
		d = own
	}
	values := p.at(d)
	s := &Standard{Name: p.Name, Comments: slices.Clone(p.comments)}
	v := reflect.ValueOf(s).Elem()
	var page unit.Bytes
	var rate DataRate
	times := make([]Time, len(timingNames()))
	for _, k := range partKeys() {
		text, given := values[k.path]
		name, timing := strings.CutPrefix(k.path, "timing.")
		switch {
		case !given:
		case timing:
			set(&times[slices.Index(timingNames(), name)], text)
		case k.at != nil:
			if err := strict.SetText(v.FieldByIndex(k.at), text); err != nil {
				panic("spec: a value of a part that was read: " + err.Error())
			}
		case k.path == keyPage:
			set(&page, text)
		case k.path == keyRate:
			set(&rate, text)
		}
	}
	if s.Burst > 0 && page%s.Burst == 0 {
		s.Columns = int(page / s.Burst)
	}
	if bus := s.BusWidth(); rate != 0 && bus > 0 && times[0] < 0 { // tBL in clocks
		s.TCK = rate.tck(int64(s.Burst)*8/int64(bus), times[0].Clocks(1, 1, false))
	}
	s.time(times)
	if own != 0 && d != own { // as many cells more are refreshed
		scale := func(e *unit.Picojoules) { *e = unit.Picojoules(int64(*e) * int64(d) / int64(own)) }
		scale(&s.Energy.Refresh)
		scale(&s.Energy.RefreshBank)
	}
	return s
}

// time sets the timings. A tRC that is not given is what JEDEC makes it, tRAS + tRP.
func (s *Standard) time(times []Time) {
	if s.TCK <= 0 {
		return
	}
	for i, name := range timingNames() {
		s.Timing.set(i, times[i].Clocks(s.TCK, s.grain(), down(name)))
	}
	if s.Timing.TRC == 0 {
		s.Timing.TRC = s.Timing.TRAS + s.Timing.TRP
	}
}

// grain returns the clocks that durations are whole numbers of: a CK.
func (s *Standard) grain() int64 {
	if s.HBM.HalfClock {
		return 2
	}
	return 1
}

// over returns the part that a layer makes of a base, or of nothing.
func (l *layer) over(base *Part) *Part {
	p := &Part{Name: l.name, values: map[string]string{}}
	if base != nil {
		p.values, p.comments, p.rows = maps.Clone(base.values), base.comments, slices.Clone(base.rows)
		if p.Name == "" {
			p.Name = base.Name
		}
	}
	if l.values["tCK"] != "" {
		delete(p.values, keyRate)
	}
	if l.values[keyRate] != "" {
		delete(p.values, "tCK")
	}
	maps.Copy(p.values, l.values)
	if l.comments != nil {
		if p.comments = l.comments; len(l.comments) == 0 {
			p.comments = nil
		}
	}
	for _, r := range l.rows {
		i := slices.IndexFunc(p.rows, func(o densityRow) bool { return o.density == r.density })
		if i < 0 {
			p.rows = append(p.rows, r)
		} else {
			p.rows[i] = r
		}
	}
	slices.SortFunc(p.rows, func(a, b densityRow) int { return int(a.density - b.density) })
	return p.finish()
}

// partOf returns a Standard as a part: all in clocks, of one density.
func partOf(s *Standard) *Part {
	p := &Part{Name: s.Name, values: map[string]string{}, comments: s.Comments, own: func() *Standard { return s }}
	v := reflect.ValueOf(s).Elem()
	for _, k := range partKeys() {
		if k.at == nil {
			continue
		}
		field := v.FieldByIndex(k.at)
		switch {
		case field.IsZero() && k.path != "controller":
		case k.of == reflect.TypeFor[Time]():
			p.values[k.path] = InClocks(field.Int()).String()
		default:
			p.values[k.path] = strict.TextOf(field)
		}
	}
	p.values[keyPage] = s.RowBytes().String()
	return p
}
