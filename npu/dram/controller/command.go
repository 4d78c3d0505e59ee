package controller

// Command is a command on the bus.
type Command uint8

// The commands. What a standard calls them is for those who write them down.
const (
	cmdACT Command = iota // ACT, or ACT-1 where the activate is split
	cmdACT2
	cmdPRE
	cmdPREA
	cmdRD
	cmdWR
	cmdREF
	cmdCAS
	cmdPREsb
	cmdRDA // RD that closes the row behind it: auto-precharge
	cmdWRA
)

// commandNames are JEDEC's names, without what a command is of: banks, a rank, a pseudo channel.
var commandNames = []string{cmdACT: "ACT", cmdACT2: "ACT2", cmdPRE: "PRE", cmdPREA: "PREA", cmdRD: "RD", cmdWR: "WR",
	cmdREF: "REF", cmdCAS: "CAS", cmdPREsb: "PREsb", cmdRDA: "RDA", cmdWRA: "WRA"}

// String returns JEDEC's name: ACT, ACT2, PRE, PREA, RD, WR, REF, CAS, PREsb, RDA, WRA.
func (c Command) String() string { return commandNames[c] }

// MovesData reports whether the command reads or writes a burst.
func (c Command) MovesData() bool { return c == cmdRD || c == cmdWR || c == cmdRDA || c == cmdWRA }

// Commands returns all commands.
func Commands() []Command {
	var all []Command
	for c := range commandNames {
		all = append(all, Command(c))
	}
	return all
}
