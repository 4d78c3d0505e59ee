// Package engine is how pmpdsim simulates: a serial event engine, clocks, components, links and a watchdog on top of akita.
//
// # What it models
//
// Time. Components think in integer cycles of their own Clock; the engine orders events by akita's floating-point
// seconds, which Clock derives from the cycles and turns back without loss. Nothing outside this package does
// arithmetic on akita.VTimeInSec.
//
//	component --WakeAt(cycle)--> Engine --Woken(kind, arg)--> the same component
//	component --Send--> Link --latency--> port buffer --Received(port)--> the other component
//
// # Contract
//
//   - Events run in order of (time, primary before secondary, order of scheduling). Akita's own engine leaves the last
//     one open, so that a result could depend on the shape of a heap.
//   - A component schedules only for itself. It acts on others by messages, and a Link takes at least one cycle, so no
//     call ever comes back into a component that is on the stack.
//   - The first error of a component ends Run, and says where and when it happened.
//   - A simulation that stops moving ends in an error that lists what everyone waits for (Watchdog), never in a hang.
//   - One Engine is used by one goroutine. Parallelism is across engines. Only Pause, Continue, CurrentTime and
//     the hooks' own code may cross goroutines.
//   - No IDs: akita's ID generator is global to the process, so nothing here draws or reads message IDs.
//
// # What it leaves out
//
// Bandwidth of a Link (a link delays; a component that models a bus limits), tracing, the web monitor (sim/monitor), parallel engines.
//
// # One more component
//
// Embed *Component, implement Behaviour (Woken, Received, Freed), make ports with NewPort, connect them with a Link,
// and register the component with the Watchdog by implementing Idle and Describe.
package engine
