// Package monitor shows a machine while it is simulated: akita's monitoring page, with answers of our own behind it.
//
// # What it shows
//
// The tree of components and their fields, how full their buffers are, simulated time, progress, and the load of the process. The
// page can also pause the simulation and let it go on.
//
// # Contract
//
//   - It listens on 127.0.0.1 only, and answers nobody who calls it by another name: a page from elsewhere that the same
//     browser has open cannot reach it under a name that leads here.
//   - State is read by the goroutine that simulates, between two events: no answer is torn, and none changes a result.
//     Between two steps, while programs are compiled, answers wait.
//   - It looks at one machine.
//
// # Why not akita's own server
//
// monitoring.Monitor can only be started on all interfaces, keeps its handlers to itself, and reads state while it changes; one of
// its buttons runs the engine a second time, which ends the process. It also brings SQLite in C and a MySQL driver into every
// program (docs/adr/0014-monitor.md). Its page is a package of its own, monitoring/web, and the same as there.
package monitor
