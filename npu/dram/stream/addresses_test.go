package stream

import (
	"context"
	"fmt"
	"math/rand"
	"reflect"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/commands"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
	"github.com/pmpdsim/pmpdsim/sim/unit/files"
)

func mustReadAddresses(t *testing.T, text string, s *spec.Standard, channels int) *Addresses {
	t.Helper()
	a, err := ReadAddresses("a.trace", files.NewLines("a.trace", strings.NewReader(text), files.Addresses), s, channels)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// recorded runs something with a recorder and returns its commands.
func recorded(t *testing.T, o dram.Options, run func(o dram.Options) (*Result, error)) (*Result, []commands.Command) {
	t.Helper()
	var all []commands.Command
	o.Recorder = commands.NewRecorder(o.Standard, o.Refresh, 0, func(c *commands.Command) error {
		all = append(all, *c)
		return nil
	})
	r, err := run(o)
	if err != nil {
		t.Fatal(err)
	}
	return r, all
}

// TestTheAddressesOfAStreamAreTheStream: its bursts as an address trace, in either form, take the stream's own clocks and
// issue its commands, whether every clock is stepped or not, and recording changes nothing.
func TestTheAddressesOfAStreamAreTheStream(t *testing.T) {
	simtest.OneGoroutine(t)
	r := rand.New(rand.NewSource(11))
	cases := 60
	if testing.Short() {
		cases = 15
	}
	for n := range cases {
		o, m := randomStreamOptions(t, r)
		s := randomStream(r, m, o.Standard)
		s.Bytes, s.Masked = min(s.Bytes, s.Unit*4000/s.Unit*s.Unit), 0 // a trace of addresses has no masks
		if s.check(nil) != nil {
			continue
		}
		o.Exact = n%2 == 0
		want, err := Run(context.Background(), o, s, nil)
		if err != nil {
			t.Fatal(err)
		}
		stepped, commandsOfStream := recorded(t, o, func(o dram.Options) (*Result, error) { return Run(context.Background(), o, s, nil) })
		if !reflect.DeepEqual(stepped, want) {
			t.Fatalf("%+v, %v: recorded %+v, else %+v", o, s, stepped, want)
		}
		var text strings.Builder
		ramulator := n%3 > 0
		for _, a := range accesses(s, int64(o.Standard.Burst)) {
			words := map[bool]string{false: "LD", true: "ST"}
			if !ramulator {
				words = map[bool]string{false: "0:\tread", true: "0:\twrite"}
			}
			fmt.Fprintf(&text, "%s %#x\n", words[a.write], a.address)
		}
		a := mustReadAddresses(t, text.String(), o.Standard, 1024)
		for _, o.Exact = range []bool{false, true} {
			got, commandsOfTrace := recorded(t, o, func(o dram.Options) (*Result, error) { return RunAddresses(context.Background(), o, a, nil) })
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%+v, %v: %+v as a trace of addresses, %+v as a stream", o, s, got, want)
			}
			if !reflect.DeepEqual(commandsOfTrace, commandsOfStream) {
				t.Fatalf("%+v, %v: other commands as a trace of addresses", o, s)
			}
		}
		if counted := count(commandsOfStream); counted != counts(want) {
			t.Fatalf("%+v, %v: commands %v, counts %v", o, s, counted, counts(want))
		}
	}
}

// count counts commands by name.
func count(all []commands.Command) string {
	n := map[string]int64{}
	for _, c := range all {
		n[c.Command.String()]++
	}
	return fmt.Sprint(n["ACT"], n["PRE"], n["PREA"]+n["PREsb"], n["RD"], n["WR"], n["REF"], n["CAS"])
}

func counts(r *Result) string {
	n := &r.Counts
	return fmt.Sprint(n.Activates, n.Precharges, n.PrechargeAll, n.Reads, n.Writes, n.Refreshes, n.Syncs)
}

// TestTimesOfAddressesAreKept: with random times, skipping idle clocks changes nothing, commands come by clock, and no
// burst is served before its time.
func TestTimesOfAddressesAreKept(t *testing.T) {
	simtest.OneGoroutine(t)
	r := rand.New(rand.NewSource(12))
	cases := 20
	if testing.Short() {
		cases = 10
	}
	if simtest.Long() {
		cases = 200
	}
	for range cases {
		o, _ := randomStreamOptions(t, r)
		if r.Intn(2) == 0 {
			o.Background = randomBackground(r, &o)
		}
		var text strings.Builder
		clock, first := int64(0), map[int64]int64{} // by address
		for n := range 200 {
			clock += []int64{0, 0, 1, 7, 60, 900, 9000}[r.Intn(7)]
			address := int64(n) * int64(o.Standard.Burst) * int64(1+r.Intn(40))
			if _, twice := first[address]; !twice {
				first[address] = clock
			}
			fmt.Fprintf(&text, "%d: %s %x\n", clock, []string{"read", "write"}[r.Intn(2)], address)
		}
		a := mustReadAddresses(t, text.String(), o.Standard, o.Channels)
		run := func(exact bool) (*Result, []commands.Command) {
			o.Exact = exact
			return recorded(t, o, func(o dram.Options) (*Result, error) { return RunAddresses(context.Background(), o, a, nil) })
		}
		fast, fastCommands := run(false)
		exact, exactCommands := run(true)
		if !reflect.DeepEqual(fast, exact) || !reflect.DeepEqual(fastCommands, exactCommands) {
			t.Fatalf("%+v: %+v, with every clock stepped %+v", o, fast, exact)
		}
		if fast.Cycles < clock {
			t.Fatalf("%+v: ended at clock %d, before the last access comes at %d", o, fast.Cycles, clock)
		}
		served := served(t, o, exactCommands)
		for address, at := range first {
			if got, ok := served[address]; !ok || got <= at {
				t.Fatalf("%+v: address %#x comes at clock %d, and is served at %d", o, address, at, got)
			}
		}
	}
}

// served returns the clock of the first RD or WR of each address, found by the address that the command carries.
func served(t *testing.T, o dram.Options, all []commands.Command) map[int64]int64 {
	t.Helper()
	m, err := spec.ParseMapping(o.Mapping, o.Standard, o.Channels, o.BankHash)
	if err != nil {
		t.Fatal(err)
	}
	type place struct {
		channel int
		at      spec.Place
	}
	s := o.Standard
	first := map[place]int64{}
	for _, c := range all {
		if !c.Command.MovesData() {
			continue
		}
		group := (c.Rank*max(s.Stacks, 1)+max(c.Stack, 0))*s.Groups + c.Group
		p := place{c.Channel, spec.Place{Row: c.Row, Column: uint32(c.Column), Group: uint8(group), Bank: uint8(group*s.Banks + c.Bank)}}
		if _, twice := first[p]; !twice {
			first[p] = c.Clock
		}
	}
	clocks := map[int64]int64{}
	for address := int64(0); address < 200*40*int64(s.Burst); address += int64(s.Burst) {
		channel, local := m.Split(address)
		if clock, ok := first[place{channel, m.Locate(local)}]; ok {
			clocks[address] = clock
		}
	}
	return clocks
}

func TestReadAddresses(t *testing.T) {
	s := spec.MustLookup("lpddr5-6400")
	a := mustReadAddresses(t, "# a comment\n\nLD 4096\r\nST 0x1041\nW 0xFF\n7: (100) read 3F\t\n 9:\twrite 0x40 0xdeadbeef", s, 1)
	want := []entry{{4096, 0, 1, false}, {0x1040, 0, 1, true}, {0xE0, 0, 1, true}, {0x20, 7, 5, false}, {0x40, 9, 1, true}}
	if !reflect.DeepEqual(a.chunks, [][]entry{want}) || a.bursts != 9 || a.Reads != 2 || a.Writes != 3 || a.Last != 9 {
		t.Errorf("%+v", a)
	}
	for text, want := range map[string]string{
		"":                    "a.trace: holds no access; accepted: lines such as " + acceptedLine,
		"LD 0\nLD":            `a.trace:2: "LD" is not an access; accepted: ` + acceptedLine,
		"LD 0 5":              `a.trace:1: "LD 0 5" is not an access; accepted: ` + acceptedLine,
		"ld 0":                `a.trace:1: "ld" is neither a read nor a write; accepted: ` + acceptedLine,
		"R 0,1,2,3":           `a.trace:1: "0,1,2,3" is a list of channel, rank, … as Ramulator's read-write trace has it; accepted: a byte address, such as 0x1040`,
		"LD 0x":               `a.trace:1: "0x" is not a byte address; accepted: one such as 0x1040`,
		"LD -1":               `a.trace:1: "-1" is not a byte address; accepted: one such as 0x1040`,
		"LD 0x400000000":      `a.trace:1: "0x400000000": beyond what the channels can hold; accepted: byte addresses below 16GiB`,
		"-1: read 0":          `a.trace:1: "-1" is not a cycle; accepted: 0 to 1099511627776`,
		"1: (0) read 0":       `a.trace:1: "0" is not a length in bytes; accepted: 1 to 65536`,
		"1099511627777: read": `a.trace:1: "1099511627777" is not a cycle; accepted: 0 to 1099511627776`,
	} {
		_, err := ReadAddresses("a.trace", files.NewLines("a.trace", strings.NewReader(text), files.Addresses), s, 1)
		simtest.WantError(t, err, want)
	}
}
