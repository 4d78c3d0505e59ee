// Package dram models DRAM channels command by command, and fast.
//
// A System is the channels behind one address mapping. It takes Transfers (strided walks over global addresses) in
// order, splits each over the channels, and reports the DRAM clock at which the last datum of each has arrived. Package
// dram/controller places every ACT, PRE, RD, WR and REF of every channel under the full timing table of a
// dram/spec.Standard. A System is a deterministic function of its transfers: no akita, no payload, no wall clock.
//
//	Memory.Submit(Transfer) ─ newWalk ─► walk per channel ─► group (channels in equal states: one is simulated)
//	                                                           │ channel
//	                         steppedChannel: the reference ◄───┴───► memoChannel: equal to it, and fast
//	                                       │                               │ only what is new to the memo
//	                                       └──────────► port ◄─────────────┘
//	                                                      └─► controller.Controller: one channel, clock by clock
//
// A port feeds one controller. Each of a few queues has one walk under way; the queues are served in turn. A window
// bounds the read data that a queue may have outstanding, and a consumer may take them at its own pace. Beside the queues
// may stand a Background: the traffic of other agents (background.go, memo_background.go).
//
// # The memo
//
// The controller is a deterministic function of its state. The state takes finitely many values if clocks count from
// now, rows from the position of the walk that visits them, and walks are named by rank: that is a snapshot. So what
// has been stepped once from a snapshot need not be stepped again. A memo is a graph of snapshots (state) and of what
// happened between them (transition). A transition covers a cell of a few dozen bursts, or a whole walk. It does not
// depend on when the next refresh falls due unless one does on the way. It is recorded once and reused whenever a walk
// reaches the same column offset. There is no steady-state heuristic and no tolerance.
//
//	                 ┌───┐ find, follow: the transition is known
//	                 │   ▼
//	         ┌───────┴─────────┐ ── not known, within budget: learn (load) ──► ┌───────────────────────┐
//	New ───► │     in memo     │                                               │       learning        │
//	         │ nothing stepped │ ◄── transitionTo (store), memo.add, follow ── │ port.run, memo's port │
//	         └─────────────────┘                                               └───────────────────────┘
//	             ▲           │
//	returnToMemo │           │ not known, overBudget:
//	(store): its │           │ leaveMemo (load)
//	state is in  │           ▼
//	the memo   ┌─┴─────────────────┐ ───┐
//	           │      running      │    │ runPort, beginOnPort;
//	           │ port.run, its own │    │ returnToMemo: its state was new
//	           └───────────────────┘ ◄──┘
//
// Without a walk under way a channel in the memo is settled or idle: predict tells what completes if no walk comes
// (System.Settle), isQuiescent whether nothing changes but refreshes, and idle then goes straight to the next one. To
// follow the code: memo.go (the graph), memo_channel.go (run, follow), memo_lookup.go (find), memo_learn.go (learn),
// memo_quiescent.go, memo_running.go (budget), memo_set.go (who shares a memo), port_snapshot.go (store, load).
//
// # Glossary
//
//	walk        what one channel sees of a Transfer: turns through planes, in bursts (walk.go)
//	turn        contiguous bytes of one plane, before the walk goes on to the next plane (isa.Pattern.Turn)
//	under way   of a walk: not all of its bursts have been accepted by the controller
//	inside      of a walk: under way, or with bursts in the controller
//	rank        index of a walk among those inside; in a standard, a set of devices with a chip select (JEDEC)
//	snapshot    a channel's state as bytes, without clock, rows and identities (controller/snapshot.go)
//	state       a snapshot in the memo, with the transitions that leave it
//	transition  what happens from one state to another: clocks, counts, completions
//	cell        cellBursts bursts of a walk, from one multiple of that to the next: the length of most transitions
//	unvisited   of a row: open or wanted in the snapshot, but outside the rows of all walks under way
//	quiescent   of a state: nothing changes any more, apart from refreshes that fall due
//	budget      what a channel may spend on learning transitions before it leaves the memo
//
// # Contract
//
// With Options.Exact every clock is stepped. Every completion, prediction and count is the same without it:
// equal_test.go holds the two against each other on random options and transfers. A System must be used from one
// goroutine, and so must all those that share a MemoSet.
//
// A write is complete when its WR has been issued. The controller serves reads first and drains writes in batches (see
// dram/controller). As long as reads keep coming, the last few bursts of a write stay in the queue, and the write stays
// incomplete. Settle then predicts what happens if nothing comes.
//
// # What it leaves out
//
// Power-down states, slower timings of hot LPDDR, ECC apart from the gap that it puts before writes of part of a burst, the two- and four-clock commands of LPDDR4.
// What other simulators do otherwise stands in docs/DEVIATIONS.md.
//
// # One more
//
// A DRAM standard is data: see package dram/spec. A controller for another command protocol implements
// controller.Controller: see package dram/controller. A way to feed a channel is an Option, a field of rules (port.go)
// and, if it changes what happens later, part of port.snapshot (port_snapshot.go).
package dram
