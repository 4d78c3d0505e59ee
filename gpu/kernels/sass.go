package kernels

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Code is what NVIDIA's assembler, ptxas, makes of a kernel for one target.
type Code struct {
	Registers    int // a thread
	Shared       int // bytes a block, static
	Stack        int // bytes of local memory a thread
	Spilled      int // bytes stored and loaded because registers ran out, in the text of the code
	Instructions int // in the text of the code
	Loops        []Loop
	Entry        []Phase // before the loop that streams most; a load that is no stream, of a table, counts as a byte
}

// Loop is a loop around loads from global memory, in the order of the code.
type Loop struct {
	Counts Counts // a turn of a warp
	// Schedule is a turn in order: what a warp issues, and where it waits for memory.
	Schedule []Phase
}

// Counts are instructions of a warp by the unit that executes them.
type Counts struct {
	ALU    int // 32-bit integers and bits, prmt, comparisons, packing of binary16
	IMAD   int // integer multiplications; the assembler also uses them to move and shift
	FMA    int // binary32 and pairs of binary16: products, sums, widening
	MUFU   int // exponentials, logarithms, reciprocals
	SHFL   int // shuffles
	Load   int // loads from global and shared memory
	Store  int // stores, and asynchronous copies
	Tensor int // matrix instructions
	Other  int // branches, barriers, the uniform data path
	Bytes  int // that loads of a warp take through L1 and from shared memory, 128 at least each
}

// All returns the number of instructions.
func (c Counts) All() int {
	return c.ALU + c.IMAD + c.FMA + c.MUFU + c.SHFL + c.Load + c.Store + c.Tensor + c.Other
}

// Phase is a stretch of a loop: a warp issues instructions, and with them loads that bypass L1, until it needs what has
// not come. Loads return in the order in which they were issued.
type Phase struct {
	Outstanding  int // bytes of the latest loads that need not have come for it to begin
	Instructions int
	Bytes        int // of the warp's loads that it issues
}

// Streamed returns the bytes of the loads past L1 that a warp issues a turn: the weights of a product.
func (l Loop) Streamed() (bytes int) {
	for _, p := range l.Schedule {
		bytes += p.Bytes
	}
	return bytes
}

// Main returns the loop that streams most a turn, the first of equals; a kernel without one has an empty loop.
func (c Code) Main() (most Loop) {
	for _, l := range c.Loops {
		if l.Streamed() > most.Streamed() {
			most = l
		}
	}
	return most
}

// Targets are the compute capabilities for which the PTX is assembled in testing.
func Targets() []string { return []string{"sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120"} }

//go:embed testdata/sass.golden
var sassText string

// Compiled returns what ptxas makes of a kernel for a target, or an error that says what there is.
func Compiled(target, kernel string) (Code, error) {
	all, err := parseSASS(sassText)
	if err != nil {
		return Code{}, fmt.Errorf("kernels: testdata/sass.golden: %w", err)
	}
	code, ok := all[[2]string{target, kernel}]
	if !ok {
		return Code{}, fmt.Errorf("kernels: no code of %q for %q; accepted: %v for %s", kernel, target, Names(),
			strings.Join(Targets(), ", "))
	}
	return code, nil
}

// fields names the counts as sass.golden writes them, in its order.
func (c *Counts) fields() []field {
	return []field{{"alu", &c.ALU}, {"imad", &c.IMAD}, {"fma", &c.FMA}, {"mufu", &c.MUFU}, {"shfl", &c.SHFL},
		{"load", &c.Load},
		{"store", &c.Store}, {"tensor", &c.Tensor}, {"other", &c.Other}, {"bytes", &c.Bytes}}
}

func (c *Code) fields() []field {
	return []field{{"registers", &c.Registers}, {"shared", &c.Shared}, {"stack", &c.Stack}, {"spilled", &c.Spilled},
		{"instructions", &c.Instructions}}
}

type field struct {
	name  string
	value *int
}

// write writes fields as "name value"; those that may be left out at 0 are.
func write(fields []field, zeros bool) string {
	var out []string
	for _, f := range fields {
		if *f.value != 0 || zeros {
			out = append(out, fmt.Sprintf("%s %d", f.name, *f.value))
		}
	}
	return strings.Join(out, " ")
}

func read(words []string, fields []field) error {
	if len(words)%2 != 0 {
		return fmt.Errorf("%q: names and numbers do not pair", words)
	}
	for i := 0; i < len(words); i += 2 {
		at := slices.IndexFunc(fields, func(f field) bool { return f.name == words[i] })
		n, err := strconv.Atoi(words[i+1])
		if at < 0 || err != nil {
			return fmt.Errorf("%q; accepted: %s, each with a number", words[i:i+2], write(fields, true))
		}
		*fields[at].value = n
	}
	return nil
}

// formatSASS writes code as testdata/sass.golden has it.
func formatSASS(header string, all map[[2]string]Code) string {
	var out strings.Builder
	out.WriteString(header)
	for _, target := range Targets() {
		for _, kernel := range slices.Sorted(maps.Keys(table)) {
			code, ok := all[[2]string{target, kernel}]
			if !ok {
				continue
			}
			fmt.Fprintf(&out, "%s %s %s\n", target, kernel, write(code.fields(), true))
			if code.Entry != nil {
				fmt.Fprintf(&out, "\tentry |%s\n", phases(code.Entry))
			}
			for _, l := range code.Loops {
				fmt.Fprintf(&out, "\tloop %s |%s\n", write(l.Counts.fields(), false), phases(l.Schedule))
			}
		}
	}
	return out.String()
}

func phases(schedule []Phase) string {
	var out strings.Builder
	for _, p := range schedule {
		fmt.Fprintf(&out, " <%d:%d+%d", p.Outstanding, p.Instructions, p.Bytes)
	}
	return out.String()
}

// parseSASS reads what formatSASS writes.
func parseSASS(text string) (map[[2]string]Code, error) {
	all := map[[2]string]Code{}
	var last [2]string
	for number, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		if len(words) < 2 || words[0][0] == '#' {
			continue
		}
		code := all[last]
		var err error
		switch words[0] {
		case "entry":
			_, schedule, _ := strings.Cut(line, "|")
			code.Entry, err = readPhases(schedule)
		case "loop":
			err = code.readLoop(line)
		default:
			last, code = [2]string{words[0], words[1]}, Code{}
			err = read(words[2:], code.fields())
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number+1, err)
		}
		all[last] = code
	}
	return all, nil
}

func (c *Code) readLoop(line string) error {
	var l Loop
	counts, schedule, _ := strings.Cut(line, "|")
	if err := read(strings.Fields(counts)[1:], l.Counts.fields()); err != nil {
		return err
	}
	var err error
	if l.Schedule, err = readPhases(schedule); err == nil {
		c.Loops = append(c.Loops, l)
	}
	return err
}

func readPhases(text string) (out []Phase, err error) {
	for word := range strings.FieldsSeq(text) {
		var p Phase
		if _, err := fmt.Sscanf(word, "<%d:%d+%d", &p.Outstanding, &p.Instructions, &p.Bytes); err != nil {
			return nil, fmt.Errorf("phase %q; accepted: <OUTSTANDING:INSTRUCTIONS+BYTES", word)
		}
		out = append(out, p)
	}
	return out, nil
}
