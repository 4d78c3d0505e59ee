package timeline_test

import (
	"bytes"
	"compress/zlib"
	"io"
	"math"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// trace is a file, decoded by the field numbers of perfetto_trace.proto. Whatever a field is that is not expected is an
// error.
type trace struct {
	t       *testing.T
	tracks  map[uint64]*track
	order   []*track
	packets int
	size    int                          // bytes before they were deflated
	names   map[uint64]map[uint64]string // by sequence
	keys    map[uint64]map[uint64]string
}

type track struct {
	id, parent, rank uint64
	name             string
	counter          bool
	spans            []*span // in the order in which they begin
	open             []*span
	samples          []sample
	last             uint64
}

type span struct {
	name     string
	from, to uint64
	depth    int
	args     map[string]int64
	texts    map[string]string
	in       *span
}

type sample struct {
	at    uint64
	value float64
}

// field is one field of a message.
type field struct {
	n     protowire.Number
	value uint64
	data  []byte
}

func (d *trace) fields(b []byte) []field {
	d.t.Helper()
	var all []field
	for len(b) > 0 {
		n, kind, size := protowire.ConsumeTag(b)
		if size < 0 {
			d.t.Fatal(protowire.ParseError(size))
		}
		b = b[size:]
		f := field{n: n}
		switch kind {
		case protowire.VarintType:
			f.value, size = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			f.data, size = protowire.ConsumeBytes(b)
		case protowire.Fixed64Type:
			f.value, size = protowire.ConsumeFixed64(b)
		default:
			d.t.Fatalf("field %d of type %d", n, kind)
		}
		if size < 0 {
			d.t.Fatal(protowire.ParseError(size))
		}
		b = b[size:]
		all = append(all, f)
	}
	return all
}

// decode reads a file and checks what must hold of any: see end.
func decode(t *testing.T, file []byte) *trace {
	t.Helper()
	d := &trace{t: t, tracks: map[uint64]*track{}, names: map[uint64]map[uint64]string{}, keys: map[uint64]map[uint64]string{}}
	d.file(file)
	d.end()
	return d
}

func (d *trace) file(b []byte) {
	for _, f := range d.fields(b) {
		if f.n != 1 {
			d.t.Fatalf("Trace has field %d", f.n)
		}
		d.size += len(f.data)
		d.packet(f.data)
	}
}

func (d *trace) packet(b []byte) {
	var at, sequence, flags uint64
	var event, described, interned []byte
	for _, f := range d.fields(b) {
		switch f.n {
		case 8:
			at = f.value
		case 10:
			sequence = f.value
		case 11:
			event = f.data
		case 12:
			interned = f.data
		case 13:
			flags = f.value
		case 50:
			if len(f.data) >= 512<<10 {
				d.t.Errorf("%d bytes of compressed packets, at most 512 kB are allowed", len(f.data))
			}
			z, err := zlib.NewReader(bytes.NewReader(f.data))
			if err != nil {
				d.t.Fatal(err)
			}
			inner, err := io.ReadAll(z)
			if err != nil {
				d.t.Fatal(err)
			}
			d.size -= len(f.data)
			d.file(inner)
			return
		case 60:
			described = f.data
		default:
			d.t.Fatalf("TracePacket has field %d", f.n)
		}
	}
	d.packets++
	if sequence == 0 {
		d.t.Fatal("a packet of no sequence")
	}
	if flags&1 != 0 {
		if d.names[sequence] != nil {
			d.t.Errorf("sequence %d begins twice", sequence)
		}
		d.names[sequence], d.keys[sequence] = map[uint64]string{}, map[uint64]string{}
	}
	d.intern(sequence, interned)
	if described != nil {
		d.describe(described)
	}
	if event != nil {
		d.event(event, sequence, at, flags&2 != 0)
	}
}

func (d *trace) intern(sequence uint64, b []byte) {
	for _, f := range d.fields(b) {
		to := d.names[sequence]
		if f.n == 3 {
			to = d.keys[sequence]
		} else if f.n != 2 {
			d.t.Fatalf("InternedData has field %d", f.n)
		}
		x := d.fields(f.data)
		if to[x[0].value] != "" {
			d.t.Errorf("name %d of sequence %d is said twice", x[0].value, sequence)
		}
		to[x[0].value] = string(x[1].data)
	}
}

func (d *trace) describe(b []byte) {
	k := &track{}
	for _, f := range d.fields(b) {
		switch f.n {
		case 1:
			k.id = f.value
		case 2:
			k.name = string(f.data)
		case 5:
			k.parent = f.value
		case 8:
			k.counter = true
		case 11:
		case 12:
			k.rank = f.value
		default:
			d.t.Fatalf("TrackDescriptor has field %d", f.n)
		}
	}
	if d.tracks[k.id] != nil || k.id == 0 || k.name == "" || k.parent != 0 && d.tracks[k.parent] == nil {
		d.t.Fatalf("track %+v is there already, or has no number, no name, or a parent that is not there", k)
	}
	d.tracks[k.id] = k
	d.order = append(d.order, k)
}

func (d *trace) event(b []byte, sequence, at uint64, named bool) {
	var kind uint64
	var k *track
	s := &span{from: at, args: map[string]int64{}, texts: map[string]string{}}
	value := math.NaN()
	for _, f := range d.fields(b) {
		switch f.n {
		case 4:
			if !named {
				d.t.Fatal("an event uses names and does not say so")
			}
			d.argument(f.data, sequence, s)
		case 9:
			kind = f.value
		case 10:
			if s.name = d.names[sequence][f.value]; s.name == "" || !named {
				d.t.Fatalf("name %d of sequence %d is not known", f.value, sequence)
			}
		case 11:
			k = d.tracks[f.value]
		case 30:
			value = float64(int64(f.value))
		case 44:
			value = math.Float64frombits(f.value)
		default:
			d.t.Fatalf("TrackEvent has field %d", f.n)
		}
	}
	switch {
	case k == nil:
		d.t.Fatal("an event on a track that is not described")
	case at < k.last:
		d.t.Fatalf("track %q goes back from %d to %d ns", k.name, k.last, at)
	case (kind == 4) != k.counter || (kind == 4) == math.IsNaN(value):
		d.t.Fatalf("an event of type %d with value %v on track %q", kind, value, k.name)
	}
	k.last = at
	d.put(k, kind, at, s, value)
}

func (d *trace) put(k *track, kind, at uint64, s *span, value float64) {
	switch kind {
	case 1:
		if n := len(k.open); n > 0 {
			s.in, s.depth = k.open[n-1], n
		}
		k.spans = append(k.spans, s)
		k.open = append(k.open, s)
	case 2:
		n := len(k.open) - 1
		if n < 0 {
			d.t.Fatalf("an end without a beginning on track %q at %d ns", k.name, at)
		}
		k.open[n].to = at
		for key, v := range s.args {
			k.open[n].args[key] = v
		}
		k.open = k.open[:n]
	case 4:
		k.samples = append(k.samples, sample{at, value})
	default:
		d.t.Fatalf("an event of type %d", kind)
	}
}

func (d *trace) argument(b []byte, sequence uint64, s *span) {
	key := ""
	for _, f := range d.fields(b) {
		switch f.n {
		case 1:
			if key = d.keys[sequence][f.value]; key == "" {
				d.t.Fatalf("argument %d of sequence %d is not known", f.value, sequence)
			}
		case 4:
			s.args[key] = int64(f.value)
		case 6:
			s.texts[key] = string(f.data)
		default:
			d.t.Fatalf("DebugAnnotation has field %d", f.n)
		}
	}
}

// end checks that every span has ended, and lies in the one around it; that it begins after the one before it has ended
// follows from the order of events on a track.
func (d *trace) end() {
	for _, k := range d.order {
		if len(k.open) > 0 {
			d.t.Errorf("%d spans on track %q do not end", len(k.open), k.name)
		}
		for _, s := range k.spans {
			if s.from > s.to || s.in != nil && (s.from < s.in.from || s.to > s.in.to) {
				d.t.Errorf("%s on track %q is from %d to %d ns", s.name, k.name, s.from, s.to)
			}
		}
	}
}

// run is the tracks below a root, by the names of the parts, those of all cores together.
func (d *trace) run(n int) map[string][]*track {
	var root *track
	for _, k := range d.order {
		if k.parent == 0 && k.rank == uint64(n) {
			root = k
		}
	}
	if root == nil {
		d.t.Fatalf("there is no run %d", n)
	}
	found := map[string][]*track{}
	for _, k := range d.order {
		for up := k; up != nil; up = d.tracks[up.parent] {
			if up == root {
				found[k.name] = append(found[k.name], k)
			}
		}
	}
	return found
}
