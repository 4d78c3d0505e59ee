package stats

import "math/bits"

// DRAM counts the commands of all channels, and the rows that column commands met.
type DRAM struct {
	Clocks       int64 // DRAM clocks simulated, of one channel
	Activates    int64
	Precharges   int64 // single-bank
	PrechargeAll int64 // of all banks of a rank, or of those of a same-bank refresh
	Reads        int64
	Writes       int64
	Refreshes    int64
	Syncs        int64 // WCK synchronisations (LPDDR5)
	RowHits      int64 // column commands whose row was already open for an earlier request
	RowMisses    int64 // ... whose bank was closed
	RowConflicts int64 // ... whose bank held another row
	Turnarounds  int64 // changes of direction of the data bus
	Masked       int64 // writes, of Writes, of part of a burst, if these are masked writes

	AutoPrecharges int64 // column commands that closed their row (RDA, WRA)
}

// Split returns the commands of d that requester a needed, and all others. Those of a are its bursts, and an activate for
// each that found no open row; of d's other commands nobody knows whose they are.
func (d *DRAM) Split(a *Requester) (of, others DRAM) {
	of = DRAM{Activates: min(a.RowMisses+a.RowConflicts, d.Activates), Reads: a.Reads, Writes: a.Writes}
	others = *d
	others.Activates -= of.Activates
	others.Reads -= of.Reads
	others.Writes -= of.Writes
	return of, others
}

// Requester counts the bursts of one requester, and what they met in DRAM.
type Requester struct {
	Reads        int64
	Writes       int64
	RowHits      int64
	RowMisses    int64
	RowConflicts int64
	Wait         int64                 // clocks from acceptance by the controller to the last datum, summed over reads
	Latency      [LatencyBuckets]int64 // reads by that time: LatencyBucket
}

// Scale multiplies all of r by n.
func (r *Requester) Scale(n int64) {
	for _, v := range []*int64{&r.Reads, &r.Writes, &r.RowHits, &r.RowMisses, &r.RowConflicts, &r.Wait} {
		*v *= n
	}
	for i := range r.Latency {
		r.Latency[i] *= n
	}
}

// Scale multiplies all of d but its clocks by n: that many channels did the same at the same time.
func (d *DRAM) Scale(n int64) {
	for _, v := range []*int64{&d.Activates, &d.Precharges, &d.PrechargeAll, &d.Reads, &d.Writes, &d.Refreshes,
		&d.Syncs, &d.RowHits, &d.RowMisses, &d.RowConflicts, &d.Turnarounds, &d.Masked, &d.AutoPrecharges} {
		*v *= n
	}
}

// LatencyBuckets is the number of buckets of read latencies: less than 32 clocks, less than 64, and so on; the last one
// has no upper bound.
const LatencyBuckets = 9

// LatencyBucket returns the bucket of a read that took so many clocks.
func LatencyBucket(clocks int64) int { return min(bits.Len64(uint64(clocks)>>5), LatencyBuckets-1) }

// Add adds o to r.
func (r *Requester) Add(o *Requester) {
	r.Reads += o.Reads
	r.Writes += o.Writes
	r.RowHits += o.RowHits
	r.RowMisses += o.RowMisses
	r.RowConflicts += o.RowConflicts
	r.Wait += o.Wait
	for i := range r.Latency {
		r.Latency[i] += o.Latency[i]
	}
}

// Add adds o to d.
func (d *DRAM) Add(o *DRAM) {
	d.Clocks += o.Clocks
	d.Activates += o.Activates
	d.Precharges += o.Precharges
	d.PrechargeAll += o.PrechargeAll
	d.Reads += o.Reads
	d.Writes += o.Writes
	d.Refreshes += o.Refreshes
	d.Syncs += o.Syncs
	d.RowHits += o.RowHits
	d.RowMisses += o.RowMisses
	d.RowConflicts += o.RowConflicts
	d.Turnarounds += o.Turnarounds
	d.Masked += o.Masked
	d.AutoPrecharges += o.AutoPrecharges
}
