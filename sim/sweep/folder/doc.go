// Package folder is the format of a sweep's folder, and how it is read. It is data: whoever reads results needs nothing
// of what simulates them, and a sweep that is under way can be read.
//
//	pmpdsim-sweep.json              the marker: a folder without it is not written to
//	spec.yaml       the spec as it was given
//	inputs/         what it names: NPUs, models, traces
//	plan.jsonl      all points                                 Plan
//	shards/*.jsonl  results as they come, a file for each worker  Line
//	results.jsonl   all results, once they are there           Row
//	lock            held by the sweep that works here
//	slurm/          script and output of the jobs
//
// A shard is appended to while it is read: what stands behind its last line feed is not there yet. Folder.Rows puts
// shards together: rows of other plans, and second rows of a point, do not count; speed-ups are set once all rows are
// there, because a row must not depend on which others exist.
//
// Package sweep writes what this package reads. To add a column: a field of Row, and its place in sweep's Point.row.
package folder
