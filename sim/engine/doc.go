// Package engine is the simulation kernel: a serial event engine, clocks, components, links and a watchdog behind
// akita's interfaces.
//
// # What it models
//
// Time. Components count integer cycles of their own Clock. The engine orders events by akita's floating-point seconds,
// which Clock computes from the cycles and converts back without loss. Nothing outside this package does arithmetic on
// akita.VTimeInSec.
//
//	component --WakeAt(cycle)--> Engine --Woken(kind, arg)--> the same component
//	component --Send--> Link --latency--> port buffer --Received(port)--> the other component
//
// # Contract
//
//   - Events run in order of (time, primary before secondary, order of scheduling). Akita's own engine leaves the last
//     criterion open, so a result could depend on the shape of a heap.
//   - A component schedules events for itself only. It acts on others by messages, and a Link takes at least one cycle,
//     so calls of one component never nest.
//   - The first error of a component ends Run, which names the component and the time.
//   - A simulation that makes no progress ends with an error that lists what every component waits for (Watchdog). It
//     never hangs.
//   - One goroutine uses an Engine; engines run in parallel. Only Pause, Continue, CurrentTime and the hooks' own code
//     may be called from other goroutines.
//   - No IDs: akita's ID generator is global to the process, so nothing here draws or reads message IDs.
//
// # What it leaves out
//
// Bandwidth of a Link (a link only delays; a component that models a bus limits bandwidth), tracing, the web monitor
// (sim/monitor), events of one simulation in parallel.
//
// # Adding one more
//
// Embed *Component, implement Behaviour (Woken, Received, Freed), make ports with NewPort, connect them with a Link,
// and register the component with the Watchdog by implementing Idle and Describe.
package engine
