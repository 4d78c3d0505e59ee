package controller_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"testing"

	"github.com/pmpdsim/pmpdsim/npu/dram"
	"github.com/pmpdsim/pmpdsim/npu/dram/commands"
	"github.com/pmpdsim/pmpdsim/npu/dram/controller"
	"github.com/pmpdsim/pmpdsim/npu/dram/spec"
	"github.com/pmpdsim/pmpdsim/npu/dram/stream"
	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

// TestWrittenCommandsKeepTheGates writes the commands of streams as Ramulator does, reads the text back, and holds each
// channel's against the gates and the law.
func TestWrittenCommandsKeepTheGates(t *testing.T) {
	simtest.OneGoroutine(t)
	for _, s := range spec.All() {
		for _, refresh := range controller.Policies(s) {
			for _, text := range []string{"bytes=512KiB,unit=128,pattern=random,write=30%", "bytes=1MiB,planes=4,chunk=256,unit=128"} {
				t.Run(fmt.Sprintf("%s %s %s", s.Name, refresh, text), func(t *testing.T) {
					const channels = 2
					traffic, err := stream.Parse(text)
					if err != nil {
						t.Fatal(err)
					}
					var b bytes.Buffer
					w := commands.NewWriter(&b, commands.Ramulator, s)
					o := dram.Options{Standard: s, Channels: channels, Control: dram.Control{Refresh: refresh},
						Recorder: commands.NewRecorder(s, refresh, 0, w.Write)}
					r, err := stream.Run(t.Context(), o, traffic, nil)
					if err != nil {
						t.Fatal(err)
					}
					if err := w.End(r.Cycles); err != nil {
						t.Fatal(err)
					}
					issued := readBack(t, s, b.String(), channels)
					for c := range issued {
						if len(issued[c]) < 1000 {
							t.Errorf("channel %d has %d commands: the traffic proves nothing", c, len(issued[c]))
						}
						for _, problem := range controller.BreachesOf(s, refresh, issued[c]) {
							t.Errorf("channel %d: %s", c, problem)
						}
					}
				})
			}
		}
	}
}

// readBack reads a command trace by channel.
func readBack(t *testing.T, s *spec.Standard, text string, channels int) [][]controller.Issued {
	t.Helper()
	records, err := csv.NewReader(bytes.NewBufferString(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{"ACT1": "ACT", "PREpb": "PRE", "PREab": "PREA", "REFab": "REF", "REFpb": "REF", "REFsb": "REF", "CAS_RD": "CAS", "CAS_WR": "CAS"}
	by := make([][]controller.Issued, channels)
	for _, rec := range records[1:] {
		cell := map[string]int{}
		for i, key := range records[0] {
			if key != "command" {
				if cell[key], err = strconv.Atoi(rec[i]); err != nil {
					t.Fatal(err)
				}
			}
		}
		name := rec[1]
		if n, ok := names[name]; ok {
			name = n
		}
		rank := cell["Rank"] + cell["PseudoChannel"]
		group := (rank*max(s.Stacks, 1)+cell["Sid"])*s.Groups + max(cell["BankGroup"], 0)
		if cell["BankGroup"] < 0 {
			group = rank * max(s.Stacks, 1) * s.Groups
		}
		c := cell["Channel"]
		by[c] = append(by[c], controller.Issued{Name: name, Bank: group*s.Banks + max(cell["Bank"], 0), Clock: int64(cell["clock"])})
	}
	return by
}
