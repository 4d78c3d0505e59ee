package traces

import (
	"bytes"
	"strconv"
	"testing"
)

// large is a trace of 1024 steps with a time for each of 196 ops, as a 24-layer model gives.
func large(b *testing.B) []byte {
	b.Helper()
	h := fullHeader()
	h.MaxNew, h.Scheduler.Params.SwitchAt, h.Scheduler.Spec = nil, []int{2000}, ""
	ops := &Ops{}
	ns := make([]int64, 196)
	for i := range ns {
		ops.Ops = append(ops.Ops, Op{ID: i, Name: "op" + strconv.Itoa(i), Kind: "gemv"})
		ns[i] = int64(2000 + i*37%911)
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, h)
	if err != nil {
		b.Fatal(err)
	}
	records := []Record{ops, &Prefill{Tokens: 3, WBits: 16}}
	for i := range 1024 {
		records = append(records, &Step{I: i, KVLen: 3 + i, WBits: 4, StepNS: ptr(int64(592000 + i)), OpNS: ns, PMax: ptr(0.5 + float64(i)/3000)})
	}
	for _, r := range append(records, &Footer{Stop: StopEOS}) {
		if err := w.Write(r); err != nil {
			b.Fatal(err)
		}
	}
	return out.Bytes()
}

func BenchmarkRead(b *testing.B) {
	data := large(b)
	for b.Loop() {
		if _, err := read(data); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1024, "µs/step")
}

func BenchmarkWrite(b *testing.B) {
	trace, err := read(large(b))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := trace.Write(new(bytes.Buffer)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1024, "µs/step")
}
