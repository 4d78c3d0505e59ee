// Package qualify asks a GPU everything that is to be known of it in minutes, and keeps the answers.
//
// # What it does
//
// [Run] takes the steps of [Plan] in the order of their value. Each is a process of its own with a limit: one that hangs is
// ended, and those that do not need it go on. A step starts only if its limit fits what is left of the budget. When a step ends, a
// line says so in summary.jsonl; rows are in the bundle as soon as they are known, so that nothing is lost with a process that is
// killed, a disk that is full, or Ctrl-C. The driver's compiler works once: what it made is kept in a folder for the time of the run.
//
// # The bundle
//
// At most eight files, none above [MaxFile]:
//
//	summary.jsonl   a Head, an Outcome for each step, an End
//	info.json       the GPU, its kernels' registers and spills, copy bandwidth, gap, event (gpu info)
//	check.jsonl     kernels alone, then passes of models, against the CPU (gpu check)
//	bench.jsonl     products, cuBLAS beside them, passes (gpu bench)
//	clocks.csv      what nvidia-smi says of clocks and power, twice a second
//	traces.tar.zst  recorded traces, a folder for each model (record)
//	kernels.log     what the steps said: the log of the driver's compiler, ptxas, Nsight, the sanitizer
//	sass.tar.zst    machine code by ptxas, where there is one
//
// [Read] reads a bundle and says what is missing in it.
//
// # What it leaves out
//
// Judging: whether a figure is plausible is for who reads it. Settings of the device: clocks are left as they are.
//
// # Adding one more
//
// A Step in Plan, at its place by value, with a limit and the time that is expected, and a row in docs/gpu.md.
package qualify
