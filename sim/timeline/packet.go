package timeline

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of perfetto_trace.proto.
const (
	tracePacket protowire.Number = 1 // Trace.packet

	packetTime       protowire.Number = 8 // TracePacket
	packetSequence   protowire.Number = 10
	packetEvent      protowire.Number = 11
	packetInterned   protowire.Number = 12
	packetFlags      protowire.Number = 13
	packetCompressed protowire.Number = 50
	packetTrack      protowire.Number = 60

	eventArgument     protowire.Number = 4 // TrackEvent
	eventType         protowire.Number = 9
	eventName         protowire.Number = 10
	eventTrack        protowire.Number = 11
	eventInt          protowire.Number = 30
	eventDouble       protowire.Number = 44
	argumentName      protowire.Number = 1 // DebugAnnotation
	argumentInt       protowire.Number = 4
	argumentText      protowire.Number = 6
	internedEvents    protowire.Number = 2 // InternedData
	internedArguments protowire.Number = 3
	internedID        protowire.Number = 1 // EventName, DebugAnnotationName
	internedText      protowire.Number = 2

	trackID      protowire.Number = 1 // TrackDescriptor
	trackName    protowire.Number = 2
	trackParent  protowire.Number = 5
	trackCounter protowire.Number = 8
	trackOrder   protowire.Number = 11
	trackRank    protowire.Number = 12
)

// Values of those fields.
const (
	stateCleared, needsState          = 1, 2    // packetFlags
	sliceBegin, sliceEnd, counterType = 1, 2, 4 // eventType
	explicitOrder                     = 3       // trackOrder: by trackRank
)

// chunk is how many bytes of packets are deflated together; compressed_packets should stay below 512 kB.
const chunk = 256 << 10

// packets writes the packets of one sequence. Names are interned: a name is written with its first use, then only its
// number.
type packets struct {
	out      io.Writer
	sequence uint64
	names    map[string]uint64
	keys     map[string]uint64
	buffer   []byte // packets to be deflated
	deflated bytes.Buffer
	z        *zlib.Writer

	packet, event, interned, small []byte // under construction; small is scratch
	err                            error
}

func newPackets(out io.Writer, sequence uint64) (*packets, error) {
	p := &packets{out: out, sequence: sequence, names: map[string]uint64{}, keys: map[string]uint64{}}
	var err error
	if p.z, err = zlib.NewWriterLevel(&p.deflated, zlib.BestSpeed); err != nil {
		return nil, fmt.Errorf("timeline: %w", err)
	}
	p.packet = number(p.packet, packetFlags, stateCleared)
	p.finish()
	return p, nil
}

func number(b []byte, n protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
}

func message(b []byte, n protowire.Number, m []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), m)
}

func text(b []byte, n protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, n, protowire.BytesType), s)
}

// finish ends the current packet.
func (p *packets) finish() {
	p.packet = number(p.packet, packetSequence, p.sequence)
	p.buffer = message(p.buffer, tracePacket, p.packet)
	p.packet = p.packet[:0]
	if len(p.buffer) >= chunk {
		p.flush()
	}
}

// flush deflates and writes the buffered packets. After an error it does nothing; err keeps the first one.
func (p *packets) flush() {
	if p.err != nil || len(p.buffer) == 0 {
		return
	}
	p.deflated.Reset()
	p.z.Reset(&p.deflated)
	_, err := p.z.Write(p.buffer)
	if err == nil {
		err = p.z.Close()
	}
	p.buffer = p.buffer[:0]
	if err == nil {
		_, err = p.out.Write(message(nil, tracePacket, message(nil, packetCompressed, p.deflated.Bytes())))
	}
	p.err = err
}

// descriptor describes a track.
type descriptor struct {
	id, parent uint64
	name       string
	rank       int
	counter    bool
}

func (p *packets) track(d descriptor) {
	b := text(number(p.event[:0], trackID, d.id), trackName, d.name)
	if d.parent > 0 {
		b = number(b, trackParent, d.parent)
	}
	if d.counter {
		b = message(b, trackCounter, nil)
	}
	b = number(b, trackOrder, explicitOrder)
	b = number(b, trackRank, uint64(d.rank))
	p.event = b
	p.packet = message(p.packet, packetTrack, b)
	p.finish()
}

// Argument is a named value of a span.
type Argument struct {
	Name  string
	Value int64
	Text  string // replaces Value, unless it is empty
}

// begin starts an event of a type on a track.
func (p *packets) begin(ns, kind, track uint64) {
	p.packet = number(p.packet, packetTime, ns)
	p.event = number(number(p.event[:0], eventType, kind), eventTrack, track)
	p.interned = p.interned[:0]
}

// end ends the event. Events that use interned names need the state of the packets before.
func (p *packets) end(named bool) {
	if len(p.interned) > 0 {
		p.packet = message(p.packet, packetInterned, p.interned)
	}
	if named {
		p.packet = number(p.packet, packetFlags, needsState)
	}
	p.packet = message(p.packet, packetEvent, p.event)
	p.finish()
}

// intern returns the number of a name, and adds the name to the packet if it is new.
func (p *packets) intern(known map[string]uint64, kind protowire.Number, name string) uint64 {
	id, ok := known[name]
	if !ok {
		id = uint64(len(known) + 1)
		known[name] = id
		p.small = text(number(p.small[:0], internedID, id), internedText, name)
		p.interned = message(p.interned, kind, p.small)
	}
	return id
}

// open begins a span.
func (p *packets) open(ns, track uint64, name string, arguments []Argument) {
	p.begin(ns, sliceBegin, track)
	p.event = number(p.event, eventName, p.intern(p.names, internedEvents, name))
	p.arguments(arguments)
	p.end(true)
}

func (p *packets) arguments(all []Argument) {
	for i := range all {
		a := &all[i]
		id := p.intern(p.keys, internedArguments, a.Name)
		b := number(p.small[:0], argumentName, id)
		if a.Text != "" {
			b = text(b, argumentText, a.Text)
		} else {
			b = number(b, argumentInt, uint64(a.Value))
		}
		p.small = b
		p.event = message(p.event, eventArgument, b)
	}
}

// close ends the innermost span of a track.
func (p *packets) close(ns, track uint64, arguments ...Argument) {
	p.begin(ns, sliceEnd, track)
	p.arguments(arguments)
	p.end(len(arguments) > 0)
}

// count sets a counter to a whole number.
func (p *packets) count(ns, track uint64, value int64) {
	p.begin(ns, counterType, track)
	p.event = number(p.event, eventInt, uint64(value))
	p.end(false)
}

// measure sets a counter to any number.
func (p *packets) measure(ns, track uint64, value float64) {
	p.begin(ns, counterType, track)
	p.event = protowire.AppendTag(p.event, eventDouble, protowire.Fixed64Type)
	p.event = protowire.AppendFixed64(p.event, math.Float64bits(value))
	p.end(false)
}
