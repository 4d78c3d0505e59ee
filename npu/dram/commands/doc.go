// Package commands records the commands that DRAM channels issue, and writes them as text.
//
//	controller.Controller ─► tap, one a channel ─► Recorder: by clock, then channel ─► Writer ─► text
//
// A Recorder is given to those who make controllers (dram.Options.Recorder): each controller is made through Tap, which
// notes what it issues. The commands of several channels, which are simulated one after the other, are put in order by
// Flush.
//
// The forms are those of Ramulator 2.1 and of DRAMSys (Format). What they have that we do not, and the other way round,
// stands at each form.
//
// # Contract
//
// A tap changes nothing: the controller is offered what it would be, and issues what it would. Clones of a tapped
// controller, which predict, are not recorded. Commands are those of every clock, so whoever taps must step its
// controllers, not remember them.
package commands
