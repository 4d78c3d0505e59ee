package precision

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pmpdsim/pmpdsim/workloads"
)

// Assignment is the weight bits of each matrix of a model's blocks in one pass. It is a value: assignments that give the same
// bits are ==, and may be keys of maps. The zero Assignment gives none.
type Assignment struct {
	bits  uint8  // of all matrices, if they are alike
	names string // of the matrices, in the order of execution, with commas between; empty: all are alike
	cells string // a cell for each layer and name, layer by layer: the bits, or noMatrix
}

// noMatrix is the cell of a matrix that a layer does not have.
const noMatrix = 0

// Uniform gives all matrices the same bits.
func Uniform(bits int) Assignment {
	if bits < 1 || bits > 255 {
		panic(fmt.Sprintf("precision: weights of %d bits", bits))
	}
	return Assignment{bits: uint8(bits)}
}

// Uniforms are uniform assignments, such as those of the passes of a run.
func Uniforms(bits ...int) []Assignment {
	all := make([]Assignment, len(bits))
	for i, b := range bits {
		all[i] = Uniform(b)
	}
	return all
}

// Assign gives each matrix of a model's blocks the bits that a function says.
func Assign(m *workloads.Model, bits func(layer int, matrix string) int) Assignment {
	g := gridOf(m)
	for _, l := range g.matrices {
		g.cells[g.at(l.layer, l.name)] = Uniform(bits(l.layer, l.name)).bits
	}
	return g.assignment()
}

// grid is the cells of a model.
type grid struct {
	names    []string
	cells    []byte
	matrices []matrix
}

// matrix is a matrix whose bits are assigned.
type matrix struct {
	layer    int
	name     string
	elements int64 // of all copies, where it is one of several experts
}

// gridOf lists the matrices of a model's blocks: what a precision schedule changes.
func gridOf(m *workloads.Model) *grid {
	g := &grid{}
	for l := range m.Layers {
		for _, x := range m.Matrices(l) {
			if x.Fixed {
				continue
			}
			if !slices.Contains(g.names, x.Name) {
				g.names = append(g.names, x.Name)
			}
			g.matrices = append(g.matrices, matrix{l, x.Name, int64(x.Count()) * int64(x.Out) * int64(x.In)})
		}
	}
	g.cells = make([]byte, m.Layers*len(g.names))
	return g
}

// at is where the cell of a matrix stands.
func (g *grid) at(layer int, name string) int {
	return layer*len(g.names) + slices.Index(g.names, name)
}

// assignment is the value of the cells.
func (g *grid) assignment() Assignment {
	given := slices.DeleteFunc(slices.Clone(g.cells), func(bits byte) bool { return bits == noMatrix })
	if alike := slices.Compact(given); len(alike) == 1 {
		return Assignment{bits: alike[0]}
	}
	return Assignment{names: strings.Join(g.names, ","), cells: string(g.cells)}
}

// At returns the bits of a matrix of a layer, and of one that the assignment does not name the most that any has.
func (a Assignment) At(layer int, matrix string) int {
	if a.names == "" {
		return int(a.bits)
	}
	place, count := -1, 0
	for name := range strings.SplitSeq(a.names, ",") {
		if name == matrix {
			place = count
		}
		count++
	}
	if at := layer*count + place; place >= 0 && layer >= 0 && at < len(a.cells) && a.cells[at] != noMatrix {
		return int(a.cells[at])
	}
	return a.Max()
}

// Layer returns what the bits of a layer are: equal texts for layers whose matrices have the same bits.
func (a Assignment) Layer(layer int) string {
	if a.IsUniform() {
		return ""
	}
	width := strings.Count(a.names, ",") + 1
	return a.cells[layer*width : (layer+1)*width]
}

// IsUniform reports whether all matrices have the same bits.
func (a Assignment) IsUniform() bool { return a.names == "" }

// Max returns the most bits that any matrix has.
func (a Assignment) Max() int {
	most := a.bits
	for i := range len(a.cells) {
		most = max(most, a.cells[i])
	}
	return int(most)
}

// Widths returns the bits that occur, from the most to the fewest.
func (a Assignment) Widths() []int {
	if a.IsUniform() {
		return []int{int(a.bits)}
	}
	var all []int
	for i := range len(a.cells) {
		if bits := int(a.cells[i]); bits != noMatrix && !slices.Contains(all, bits) {
			all = append(all, bits)
		}
	}
	slices.SortFunc(all, func(x, y int) int { return y - x })
	return all
}

// Average returns the mean bits of a weight of the blocks: each matrix counts by its elements.
func (a Assignment) Average(m *workloads.Model) float64 {
	if a.IsUniform() {
		return float64(a.bits)
	}
	var bits, elements int64
	for _, l := range gridOf(m).matrices {
		bits += l.elements * int64(a.At(l.layer, l.name))
		elements += l.elements
	}
	return float64(bits) / float64(elements)
}

// Fits returns an error if the assignment is of other layers or matrices than a model has.
func (a Assignment) Fits(m *workloads.Model) error {
	if a.IsUniform() {
		return nil
	}
	g := gridOf(m)
	if names := strings.Join(g.names, ","); names != a.names {
		return fmt.Errorf("precisions of the matrices %s; accepted: of %s, those of %s", a.names, names, m.Name)
	}
	if len(a.cells) != len(g.cells) {
		return fmt.Errorf("precisions of %d layers; accepted: of %d, those of %s", len(a.cells)/len(g.names), m.Layers, m.Name)
	}
	there := make([]byte, len(g.cells))
	for _, l := range g.matrices {
		there[g.at(l.layer, l.name)] = 1
	}
	for i := range there {
		if (there[i] == 0) != (a.cells[i] == noMatrix) {
			return fmt.Errorf("layer %d has no %s, or is given none for it; accepted: bits for each matrix of %s and for no other", i/len(g.names),
				g.names[i%len(g.names)], m.Name)
		}
	}
	return nil
}

// String returns the canonical text: the bits, or the names of the matrices and their bits layer by layer. Layers that are
// alike stand together, and a matrix that a layer does not have is -.
//
//	4
//	q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj=8,8,8,8,8,8,8*2;4,4,4,4,4,4,5*30
func (a Assignment) String() string {
	if a.IsUniform() {
		return strconv.Itoa(int(a.bits))
	}
	text := a.names + "="
	width := strings.Count(a.names, ",") + 1
	for at := 0; at < len(a.cells); {
		row := a.cells[at : at+width]
		times := 1
		for at += width; at < len(a.cells) && a.cells[at:at+width] == row; at += width {
			times++
		}
		for i := range width {
			if i > 0 {
				text += ","
			}
			if row[i] == noMatrix {
				text += "-"
			} else {
				text += strconv.Itoa(int(row[i]))
			}
		}
		if times > 1 {
			text += "*" + strconv.Itoa(times)
		}
		if at < len(a.cells) {
			text += ";"
		}
	}
	return text
}

// mostCells is how many matrices an assignment may have: more than any model of today.
const mostCells = 1 << 17

// ParseAssignment reads what String writes.
func ParseAssignment(text string) (Assignment, error) {
	names, rows, found := strings.Cut(text, "=")
	if !found {
		bits, err := width(text)
		if err != nil {
			return Assignment{}, err
		}
		return Uniform(bits), nil
	}
	g := &grid{names: strings.Split(names, ",")}
	for i, name := range g.names {
		if name == "" || slices.Contains(g.names[:i], name) {
			return Assignment{}, fmt.Errorf("precisions %.60q: the matrix %q is empty or stands there twice; accepted: each once", text, name)
		}
	}
	for row := range strings.SplitSeq(rows, ";") {
		if err := g.parseRow(row); err != nil {
			return Assignment{}, fmt.Errorf("precisions %.60q: %w", text, err)
		}
	}
	a := g.assignment()
	if a.Max() == noMatrix {
		return Assignment{}, fmt.Errorf("precisions %.60q: no matrix has bits; accepted: %s", text, acceptedBits())
	}
	if a.String() != text {
		return Assignment{}, fmt.Errorf("precisions %.60q: not as they are written; accepted: %.60s", text, a)
	}
	return a, nil
}

// parseRow reads a layer, or several that are alike.
func (g *grid) parseRow(text string) error {
	row, repeat, repeated := strings.Cut(text, "*")
	times := 1
	if repeated {
		n, err := strconv.Atoi(repeat)
		if err != nil || n < 2 || n > mostCells {
			return fmt.Errorf("%q is no number of layers; accepted: 2 or more", repeat)
		}
		times = n
	}
	fields := strings.Split(row, ",")
	if len(fields) != len(g.names) || len(g.cells)+times*len(fields) > mostCells {
		return fmt.Errorf("a layer of %d matrices; accepted: %d, and %d in all", len(fields), len(g.names), mostCells)
	}
	cells := make([]byte, len(fields))
	for i, f := range fields {
		if f == "-" {
			continue
		}
		bits, err := width(f)
		if err != nil {
			return err
		}
		cells[i] = byte(bits)
	}
	g.cells = append(g.cells, slices.Repeat(cells, times)...)
	return nil
}

// width reads the bits of a weight.
func width(text string) (int, error) {
	bits, err := strconv.Atoi(text)
	if err != nil || !slices.Contains(WeightBits(), bits) || strconv.Itoa(bits) != text {
		return 0, fmt.Errorf("%q is no width of weights; accepted: %s", text, acceptedBits())
	}
	return bits, nil
}

// MarshalText writes the canonical text.
func (a Assignment) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText parses.
func (a *Assignment) UnmarshalText(text []byte) error {
	parsed, err := ParseAssignment(string(text))
	if err == nil {
		*a = parsed
	}
	return err
}
