package kernels

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// tools is the environment variable that names a folder with ptxas and nvdisasm, and perhaps nvcc. .ci/sass sets it.
const tools = "PMPDSIM_CUDA_TOOLS"

var updateSASS = flag.Bool("update-sass", false, "write testdata/sass.golden anew")

// capabilityOf is the number of a target: 90 of sm_90.
func capabilityOf(target string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(target, "sm_"))
	return n
}

// assembled makes the kernels' code for a target with the tools of a folder.
func assembled(folder, target, scratch string) (map[string]Code, error) {
	cubin, ptx := filepath.Join(scratch, target+".cubin"), filepath.Join(scratch, target+".ptx")
	if err := os.WriteFile(ptx, []byte(PTX(capabilityOf(target))), 0o644); err != nil {
		return nil, err
	}
	ptxas := exec.Command(filepath.Join(folder, "ptxas"), "-arch="+target, "-v", ptx, "-o", cubin)
	said, err := ptxas.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("ptxas for %s: %w\n%s", target, err, said)
	}
	codes, err := resources(string(said))
	if err != nil {
		return nil, err
	}
	text, err := exec.Command(filepath.Join(folder, "nvdisasm"), "-c", cubin).Output()
	if err != nil {
		return nil, fmt.Errorf("nvdisasm for %s: %w", target, err)
	}
	for name, listing := range listings(string(text)) {
		code := codes[name]
		code.Instructions = len(listing.instructions)
		code.Loops, code.Entry = listing.loops()
		codes[name] = code
	}
	return codes, nil
}

var used = regexp.MustCompile(`(\d+) (bytes stack frame|bytes spill stores|bytes spill loads|registers|bytes smem)`)

// resources reads what ptxas -v says about each kernel.
func resources(said string) (map[string]Code, error) {
	codes := map[string]Code{}
	var name string
	for line := range strings.Lines(said) {
		if _, after, ok := strings.Cut(line, "Compiling entry function '"); ok {
			name, _, _ = strings.Cut(after, "'")
		}
		code := codes[name]
		for _, m := range used.FindAllStringSubmatch(line, -1) {
			n, err := strconv.Atoi(m[1])
			if err != nil {
				return nil, fmt.Errorf("ptxas says %q: %w", line, err)
			}
			switch m[2] {
			case "bytes stack frame":
				code.Stack = n
			case "bytes spill stores", "bytes spill loads":
				code.Spilled += n
			case "registers":
				code.Registers = n
			case "bytes smem":
				code.Shared = n
			}
		}
		if name != "" {
			codes[name] = code
		}
	}
	return codes, nil
}

// listing is a kernel as nvdisasm shows it.
type listing struct {
	instructions []string
	labels       map[string]int // the instruction that follows each
}

var (
	labelled    = regexp.MustCompile(`^(\.L_x_\d+):`)
	instruction = regexp.MustCompile(`^/\*[0-9a-f]+\*/\s+(.*?)\s*;`)
	guard       = regexp.MustCompile(`^@!?U?P[T\d]+\s+`)
	jump        = regexp.MustCompile("^BRA.*`\\((\\.L_x_\\d+)\\)")
	leaves      = regexp.MustCompile(`^(EXIT|RET|BRA(\.U)? )`)
)

func listings(text string) map[string]listing {
	out := map[string]listing{}
	for i, section := range strings.Split(text, "\n.text.") {
		if i == 0 {
			continue
		}
		name, body, _ := strings.Cut(section, ":")
		l := listing{labels: map[string]int{}}
		for line := range strings.Lines(body) {
			line = strings.TrimSpace(line)
			if m := labelled.FindStringSubmatch(line); m != nil {
				l.labels[m[1]] = len(l.instructions)
			}
			if m := instruction.FindStringSubmatch(line); m != nil {
				l.instructions = append(l.instructions, m[1])
			}
		}
		for n := len(l.instructions); n > 0 && opcodeOf(l.instructions[n-1]) == "NOP"; n-- { // padding
			l.instructions = l.instructions[:n-1]
		}
		out[name] = l
	}
	return out
}

// opcodeOf returns the name of an instruction without its guard and its modifiers.
func opcodeOf(s string) string {
	name, _, _ := strings.Cut(guard.ReplaceAllString(s, ""), " ")
	name, _, _ = strings.Cut(name, ".")
	return name
}

// loops returns the smallest loop around each load from global memory. Code that is left on its way without a condition
// is no loop: it jumps back from behind the end, where the assembler puts what rarely runs.
func (l listing) loops() (out []Loop, entry []Phase) {
	type stretch struct{ from, to int }
	var all []stretch
	for i, s := range l.instructions {
		m := jump.FindStringSubmatch(guard.ReplaceAllString(s, ""))
		if m == nil {
			continue
		}
		from, ok := l.labels[m[1]]
		if !ok || from > i || slices.ContainsFunc(l.instructions[from:i], leaves.MatchString) {
			continue
		}
		all = append(all, stretch{from, i})
	}
	around := map[stretch]bool{}
	for i, s := range l.instructions {
		if op := opcodeOf(s); op != "LDG" && op != "LDGSTS" {
			continue
		}
		smallest := stretch{0, len(l.instructions)}
		for _, a := range all {
			if a.from <= i && i <= a.to && a.to-a.from < smallest.to-smallest.from {
				smallest = a
			}
		}
		around[smallest] = smallest.to < len(l.instructions)
	}
	for _, a := range all {
		if !around[a] {
			continue
		}
		delete(around, a) // two jumps may make the same
		body := l.instructions[a.from : a.to+1]
		loop := Loop{countsOf(body), schedule(body, 8, false)}
		out = append(out, loop)
		if entry == nil && loop.Streamed() > 0 && loop.Streamed() == (Code{Loops: out}).Main().Streamed() {
			entry = schedule(l.instructions[:a.from], 1, true)
		}
	}
	return out, entry
}

// units says what executes an instruction, by its name; it is remembered or guessed [A]: no manual says it of each.
var units = []struct {
	names string
	count func(*Counts) *int
}{
	{"LOP3 PRMT SHF SEL ISETP IADD3 IADD LEA VIADD VIMNMX VIADDMNMX VIMNMX3 SGXT PLOP3 FSETP FSEL FMNMX FMNMX3 IMNMX " +
		"IABS MOV BMSK F2FP P2R R2P CS2R FCHK", func(c *Counts) *int { return &c.ALU }},
	{"IMAD IDP", func(c *Counts) *int { return &c.IMAD }},
	{"FADD FMUL FFMA FADD2 FMUL2 FFMA2 HFMA2 HMUL2 HADD2", func(c *Counts) *int { return &c.FMA }},
	{"MUFU F2F F2I I2F I2FP", func(c *Counts) *int { return &c.MUFU }},
	{"SHFL", func(c *Counts) *int { return &c.SHFL }},
	{"LDG LDS LDSM LDC LDCU LDL S2R", func(c *Counts) *int { return &c.Load }},
	{"STG STS LDGSTS ATOM ATOMG STL RED", func(c *Counts) *int { return &c.Store }},
	{"HMMA", func(c *Counts) *int { return &c.Tensor }},
	{"BRA EXIT BAR BSSY BSYNC WARPSYNC DEPBAR LDGDEPBAR NOP VOTE VOTEU S2UR R2UR UMOV UIADD3 ULEA USHF ULOP3 UISETP " +
		"USEL UIMAD ULDC UPLOP3 MEMBAR ERRBAR CCTL BREAK UPRMT USGXT UVIADD UVIMNMX ACQBULK PREEXIT CALL RET", func(c *Counts) *int { return &c.Other }},
}

// unitOf finds what an instruction counts as, or panics: a new one needs a place in the list.
func unitOf(s string) func(*Counts) *int {
	op := opcodeOf(s)
	for _, unit := range units {
		if slices.Contains(strings.Fields(unit.names), op) {
			return unit.count
		}
	}
	panic("kernels: no unit for the instruction " + s)
}

// bytes returns how many bytes a lane loads or copies.
func bytes(s string) int {
	op, _, _ := strings.Cut(guard.ReplaceAllString(s, ""), " ")
	for part := range strings.SplitSeq(op, ".") {
		switch part {
		case "U8", "S8":
			return 1
		case "U16", "S16":
			return 2
		case "64":
			return 8
		case "128", "4":
			return 16
		}
	}
	return 4
}

func countsOf(body []string) (c Counts) {
	for _, s := range body {
		*unitOf(s)(&c)++
		switch opcodeOf(s) {
		case "LDG", "LDS", "LDSM":
			c.Bytes += max(128, 32*bytes(s)) // a clock at least
		}
	}
	return c
}

var register = regexp.MustCompile(`\bR(\d+)\b`)

// schedule follows instructions several times, with what each time leaves on its way, and returns the last. Where all
// loads count, one that is no stream counts as a byte: a table, which a warp must wait for, too.
func schedule(body []string, turns int, all bool) []Phase {
	f := follower{groups: []int{0}, all: all}
	for range turns {
		f.phases, f.now = nil, Phase{Outstanding: f.issued - f.arrived}
		for _, s := range body {
			f.step(s)
		}
	}
	return slices.DeleteFunc(append(f.phases, f.now), func(p Phase) bool { return p.Instructions == 0 })
}

// follower is a warp on its way through code.
type follower struct {
	issued, arrived int      // bytes
	comes           [256]int // bytes that must have come for a register to be there
	groups          []int    // bytes issued when each group of asynchronous copies was closed
	phases          []Phase  // of this turn
	now             Phase
	all             bool
}

func (f *follower) step(s string) {
	for _, m := range register.FindAllStringSubmatch(s, -1) {
		r, _ := strconv.Atoi(m[1])
		f.wait(f.comes[r])
	}
	f.now.Instructions++
	switch op := opcodeOf(s); {
	case op == "LDG" && (f.all || strings.Contains(s, ".NA")):
		n := 32 * bytes(s)
		if !strings.Contains(s, ".NA") {
			n = 1
		}
		f.issue(n)
		first, _ := strconv.Atoi(register.FindStringSubmatch(guard.ReplaceAllString(s, ""))[1])
		for r := range (bytes(s) + 3) / 4 {
			f.comes[first+r] = f.issued
		}
	case op == "LDGSTS":
		f.issue(32 * bytes(s))
	case op == "LDGDEPBAR":
		f.groups = append(f.groups, f.issued)
	case op == "DEPBAR":
		if left, ok := strings.CutPrefix(s[strings.LastIndex(s, ",")+1:], " 0x"); ok {
			n, _ := strconv.ParseInt(left, 16, 32)
			f.wait(f.groups[max(0, len(f.groups)-1-int(n))])
		}
	}
}

func (f *follower) issue(n int) {
	f.issued += n
	f.now.Bytes += n
}

func (f *follower) wait(until int) {
	if until <= f.arrived {
		return
	}
	f.arrived = until
	f.phases = append(f.phases, f.now)
	f.now = Phase{Outstanding: f.issued - until}
}

// A change of the kernels changes what the assembler makes of them, and what the documents say of it.
func TestSASSIsOfThisPTX(t *testing.T) {
	if want := "# PTX of sources with sha256 " + About(80).SourceSHA256 + " "; !strings.HasPrefix(sassText, want) {
		t.Error("testdata/sass.golden is of other sources than ptx/: run .ci/sass -update, then go test ./gpu/kernels/...")
	}
}

// A kernel of a decode step that spills waits for memory of its own. Prefill's attention spills: no step waits for it.
func TestSASSOfDecodeKernelsSpillsNothing(t *testing.T) {
	for _, target := range Targets() {
		for _, name := range Names() {
			code, err := Compiled(target, name)
			if err != nil {
				t.Fatal(err)
			}
			if code.Spilled > 0 && name != "attn_prefill" && !strings.HasPrefix(name, "gemm") {
				t.Errorf("%s spills %d bytes for %s", name, code.Spilled, target)
			}
		}
	}
}

// Where the assembler is, it takes the PTX for every target and makes what the file says.
func TestSASSIsWhatTheAssemblerMakes(t *testing.T) {
	folder := os.Getenv(tools)
	if folder == "" {
		t.Skipf("NOT CHECKED what ptxas makes of the PTX: %s names no folder with it; .ci/sass fetches one", tools)
	}
	var wg sync.WaitGroup
	all, mu, scratch := map[[2]string]Code{}, sync.Mutex{}, t.TempDir()
	for _, target := range Targets() {
		wg.Go(func() {
			codes, err := assembled(folder, target, scratch)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			for name, code := range codes {
				all[[2]string{target, name}] = code
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	got := formatSASS(sassHeader(t, folder), all)
	if *updateSASS {
		if err := os.WriteFile("testdata/sass.golden", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, want := strings.Split(got, "\n"), strings.Split(sassText, "\n")
	for i := range max(len(have), len(want)) {
		if i >= len(have) || i >= len(want) || have[i] != want[i] {
			t.Fatalf("line %d of testdata/sass.golden is not what the tools make (-update-sass writes it):\n%s", i+1,
				strings.Join(have[min(i, len(have)):min(i+1, len(have))], "\n"))
		}
	}
}

func sassHeader(t *testing.T, folder string) string {
	t.Helper()
	said, err := exec.Command(filepath.Join(folder, "ptxas"), "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`V[\d.]+`).FindString(string(said))
	return fmt.Sprintf(`# PTX of sources with sha256 %s by ptxas %s.
# Of every target and kernel: registers a thread, shared memory a block and stack a thread in bytes, bytes that are
# spilled, instructions. Below a kernel each loop around loads from global memory: a warp's instructions a turn by the unit
# that executes them, and bytes through L1; behind the bar the turn in order, <OUTSTANDING:INSTRUCTIONS+BYTES: a phase
# begins when all but the latest OUTSTANDING bytes of the warp's loads past L1 have come, and issues loads of BYTES more. So
# does what comes before the loop that streams most; there a load that is no stream is a byte.
# .ci/sass -update writes this file: go test ./gpu/kernels -run SASS -update-sass, where %s names the tools.
`, About(80).SourceSHA256, version, tools)
}

// What the sources say is what nvcc reads, too: names that CUDA's own headers have would be refused.
func TestSASSOfTheSourcesByNVCC(t *testing.T) {
	nvcc := filepath.Join(os.Getenv(tools), "nvcc")
	if _, err := os.Stat(nvcc); os.Getenv(tools) == "" || err != nil {
		t.Skipf("NOT CHECKED that nvcc takes the sources: %s names no folder with nvcc", tools)
	}
	out, err := exec.Command(nvcc, "-arch=sm_90", "-std=c++17", "-fmad=false", "-Werror", "all-warnings",
		"-Xcudafe", "--diag_suppress=177", "-cubin", "-o", filepath.Join(t.TempDir(), "nvcc.cubin"), "cuda/pmpd.cu").CombinedOutput()
	if err != nil {
		t.Errorf("nvcc: %v\n%s", err, out)
	}
}
