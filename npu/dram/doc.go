// Package dram models DRAM channels command by command, and fast.
//
// A System is the channels behind one address mapping. It takes Transfers (strided walks over global addresses) in
// order, splits each over the channels, and reports the DRAM clock at which the last datum of each has arrived. Inside,
// every ACT, PRE, RD, WR and REF of every channel is placed by an FR-FCFS controller that obeys the full timing table of
// the standard. No akita here, no payload, no wall clock: a System is a deterministic function of its transfers.
//
// # Exact and fast
//
// The controller is a deterministic function of its state, and its state is finite once it is told relative to now, to the
// positions of the walks being fed, and to the walks inside (frame.go). So what has once been stepped from a frame need
// not be stepped again: nodes are frames, edges are what happened from there (memo.go). An edge is a cell of a few dozen
// bursts, and does not depend on when the next refresh falls due unless one does on the way: it is learnt once, and holds
// wherever a walk comes by at that place of a row. A whole transfer that is met again in a known state costs two map
// look-ups. There is no steady-state heuristic and no tolerance; Options.Exact switches all of it off, and the tests hold
// both ways against each other. Channels in equal states are simulated once (system.go), and what one System has learnt may serve
// others (learnt.go).
//
//	Transfer ─ newWalk ─► walk per channel ─ group ─► memoLane: node ─edge─► node ─edge─► node    (known: hop)
//	                                                       └─ thaw ─► port.run ─ freeze ─┘        (new: step, learn)
//
// A port (port.go) feeds one controller: a few queues, each with one walk under way, take turns; a window bounds what a
// queue may have outstanding, and a consumer may take the data at its own pace. Both families of controllers, the single
// bus of LPDDR and DDR and HBM's two, are a core to it.
//
// # Contract
//
// A write is done when its WR has been issued. The controller serves reads first and drains writes in batches (more than 25
// of 32 waiting, down to fewer than 7, or when no read waits): as long as reads keep coming, the last few bursts of a write
// stay in the queue, and the write stays incomplete. Settle then predicts what happens if nothing else comes.
//
// Postponed refreshes wait until no request is inside, or until more are due than may be postponed; then all of them are
// made up for, one after another. Ranks share the command and the data bus; the latter is handed over in tCS.
//
// # Streams and goldens
//
// RunStream drives the channels with one in-order generator and a FIFO per channel, as other simulators' runs did
// (stream.go, golden/README.md). Where a stream falls on all channels alike it is replayed by a System of one channel
// (stream_share.go has the proof), else stepped (stream_inject.go). Goldens are those runs, with what each obliges us to.
//
// # What it leaves out
//
// Power-down states, temperature derating, ECC, the two- and four-clock commands of LPDDR4, per-bank refresh of HBM.
//
// # One more standard
//
// Write a constructor in presets.go with its sources and a table of energies, list it in standards(), and give it a golden
// or an analytic test; the gates are tested by themselves.
// A standard that needs another controller implements core.
//
// The controllers' behaviour was learnt from Ramulator 2.1 (MIT licence, CMU-SAFARI/ramulator2 at c5b1c3a).
package dram
