// Package dram models DRAM channels command by command, and fast.
//
// A System is the channels behind one address mapping. It takes Transfers (strided walks over global addresses) in
// order, splits each over the channels, and reports the DRAM clock at which the last datum of each has arrived. Inside,
// every ACT, PRE, RD, WR and REF of every channel is placed by an FR-FCFS controller that obeys the full timing table of
// the standard. No akita here, no payload, no wall clock: a System is a deterministic function of its transfers.
//
// What it leaves out: postponed refresh, power-down states, temperature derating, ECC.
//
// The controller's behaviour was learnt from Ramulator 2.1 (MIT licence, CMU-SAFARI/ramulator2 at c5b1c3a).
package dram
