// Package sweep turns a spec into points, gets them simulated, and keeps what they come to.
//
// # What it does
//
// A Spec names NPUs, models, tasks or traces, schedules, batches and axes; Points are all their combinations, without those
// that a filter skips. Each has a fingerprint, a hash of everything that its result depends on, the code included. A Dir
// keeps the spec with copies of the files that it names, the plan, and the results in shards: JSON Lines, a file for each
// worker, a row for each point. An Executor gets what is left simulated: Local on processes of this machine, Slurm as tasks
// of a job array. Both run Workers.
//
// # What it promises
//
// The results of a sweep are a function of its spec and of the code: the same bytes whatever the executor, the number of
// workers, and however often any of them was killed. A row is a pure function of its point; what needs several, which is
// speed-ups, is computed when all rows are together. A line that a killed worker left half written is cut off, a point
// that two have simulated counts once, and one that cannot be simulated is a row that says why.
//
// # What it leaves out
//
// Scheduling over machines: that is Slurm's. Search: a sweep simulates what it is told to.
//
// # Adding one more
//
// A key of the spec: a case in Spec.read, and its place in Spec.Points and in the fingerprint. An executor: a type with
// Run that starts workers (Serve, or Hire and Do), and a value of --executor in cmd/pmpdsim.
package sweep
