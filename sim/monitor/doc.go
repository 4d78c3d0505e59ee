// Package monitor shows a machine while it is simulated: akita's monitoring page, served by a server of our own.
//
// # What it shows
//
// The tree of components and their fields, how full their buffers are, simulated time, progress, and the load of the
// process. The page can also pause and continue the simulation.
//
// # Contract
//
//   - It listens on 127.0.0.1 only. It refuses requests under any other host name (DNS rebinding), and those of pages of other
//     sites (Origin, Sec-Fetch-Site). What changes the run is a POST.
//   - The simulating goroutine reads the state between two events, so answers are consistent and never change a result.
//     Between two steps, while programs are compiled, requests wait.
//   - It shows one machine.
//
// # Why not akita's own server
//
// monitoring.Monitor listens on all interfaces, does not export its handlers, and reads state while it changes; one of
// its buttons runs the engine a second time, which ends the process. It also links SQLite in C and a MySQL driver into
// every program (docs/adr/0014-monitor.md). Its page is a package of its own, monitoring/web, which we serve;
// only its requests that change the run are made posts.
package monitor
