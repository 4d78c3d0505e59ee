// Package study looks at results: it reads them, chooses and arranges them, and says what is best.
//
// # What it does
//
// Read takes lines of run --format json, rows of a sweep, and folders of sweeps that need not have ended, and returns a
// Set. Only chooses among its outcomes. Arrange finds out what all have in common and by what they differ, sorts them,
// and bundles those that differ in nothing but the seed of a schedule, a trace, or another key that is averaged over.
// Grid puts an arranged set over two keys; Compare sets two sets side by side.
//
// Metrics is the one list of numbers that figures, the report page and comparisons show: a key as in the JSON of
// results, titles, unit, which way is better. Front is the one Pareto front, over any of them.
//
// # What it promises
//
// What comes out depends on the results alone, not on the order of files or of a sweep's rows. A Set is never changed:
// each method returns another one. Two results that nothing tells apart are an error, because a figure would hide one.
// Errors name the flags of pmpdsim plot that ask for the same.
//
// # What it leaves out
//
// It simulates nothing, and neither does anything it imports, so that what draws results needs no simulator. Studies
// that simulate stand beside it, one package each, above sim/replay (docs/adr/0017-studies-are-data-first.md). It draws
// nothing either: plots/views and plots/report do.
//
// # Adding one more
//
// A metric: a line in Metrics, and its key in the list of whoever shows it (plots/report/metrics.go, compared in
// compare.go). A key that results differ in: keysOf in read.go, and WorkloadKeys if it is a question and no answer.
package study
