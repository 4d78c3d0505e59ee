// Package sweep expands a spec to points, simulates them, and stores the results.
//
// # What it does
//
// A Spec names NPUs, models, tasks or traces, schedules, batches and axes; its Points are all combinations, except
// those that a filter skips. Each point has a fingerprint, a hash of everything that its result depends on, including
// the version of the program. A Dir holds the spec with copies of the files that it names, the plan, and the results in
// shards: JSON Lines, a file per worker, a row per point. An Executor simulates the remaining points: Local on
// processes of this machine, Slurm as tasks of a job array. Both run Workers.
//
// # What it promises
//
// The results of a sweep depend only on its spec and the code: the same bytes for every executor and number of workers,
// however often workers were killed. A row is a pure function of its point; speed-ups, which compare points, are
// computed when all rows are there. An incomplete line of a killed worker is cut off, a line that is not as it was written
// does not count. A point that was simulated twice counts once. A point that cannot be simulated has a row with the reason.
// Nothing is written into a folder that is not a sweep's, and results of one plan do not make room for another without the
// user's word (docs/adr/0022-sweep-folders.md).
//
// # What it leaves out
//
// Scheduling over machines, which is Slurm's job. Search: a sweep simulates exactly the points of its spec.
//
// # Adding one more
//
// A key of the spec: a case in Spec.read, a level of Spec.Points and a field of fingerprint. An executor: a type with
// Run that starts workers (Serve, or NewWorker and Do), and a value of --executor in cmd/pmpdsim.
package sweep
