// Package folder is the format of a sweep's folder, and how it is read. It is data: whoever reads results needs nothing
// of what simulates them, and a sweep that is under way can be read.
//
//	pmpdsim-sweep.json  the marker: a folder without it is not written to
//	spec.yaml           the spec as it was given
//	inputs/             what it names: NPUs, models, traces
//	plan.jsonl          all points                                      Plan, Planned
//	shards/*.jsonl      results as they come, a file for each worker    Line
//	results.jsonl       all results, once they are there                Row
//	old/N/              plans before: plan.jsonl, spec.yaml, results.jsonl
//	lock                held by the sweep that works here
//	slurm/              script and output of the jobs
//
// Each line ends with a checksum (Seal). One that is not as it was written does not count, and is in Folder.Damaged; in a
// plan it is an error. Version 0.1.0 wrote no checksums and no marker (FormatV0).
//
// A shard is appended to while it is read: what stands behind its last line feed is not there yet. Folder.Rows puts
// shards together: rows of other plans do not count, of a point's rows the best one does; speed-ups are set once all rows are
// there, because a row must not depend on which others exist.
//
// Package sweep writes what this package reads. To add a column: a field of Row, and its place in sweep's Point.row.
package folder
