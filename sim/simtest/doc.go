// Package simtest is for tests only: golden files, a check that the same input gives the same bytes, and a test bench
// that puts one component between scripted neighbours.
//
//	b := simtest.NewBench(t, 1_000_000_000)
//	host := b.Neighbour("Host", 4)
//	dut := mem.NewMemory("DUT", b.Engine, b.Clock, channels, mem.NewNetwork(cfg))
//	b.Connect(1, host.Port, dut.Port)
//	host.SendAt(10, dut.Port, &msg.Transfer{…})
//	b.Run()
//	// host.Arrivals: what came back, and at which cycle
//
// Packages whose tests use golden files accept the flag -update, which rewrites them.
package simtest
