package blocks

import (
	"encoding/binary"
	"math"

	"github.com/x448/float16"

	"github.com/pmpdsim/pmpdsim/workloads/gguf"
)

// table has what one block of a type stands for, by the type's name.
var table = map[string]func(b []byte, y []float32){
	"F32":    func(b []byte, y []float32) { y[0] = math.Float32frombits(binary.LittleEndian.Uint32(b)) },
	"F16":    func(b []byte, y []float32) { y[0] = f16(b) },
	"BF16":   func(b []byte, y []float32) { y[0] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) },
	"Q4_0":   q40,
	"Q4_1":   q41,
	"Q5_0":   q50,
	"Q5_1":   q51,
	"Q8_0":   q80,
	"Q2_K":   q2k,
	"Q3_K":   q3k,
	"Q4_K":   q4k,
	"Q5_K":   q5k,
	"Q6_K":   q6k,
	"IQ4_NL": iq4nl,
	"IQ4_XS": iq4xs,
	"TQ1_0":  tq10,
	"TQ2_0":  tq20,
	"MXFP4":  mxfp4,
}

// Reads reports whether the values of a type are known.
func Reads(t gguf.Type) bool { return table[t.String()] != nil }

// Names returns the types that are read, in the order of their numbers.
func Names() []string {
	var names []string
	for _, name := range gguf.Names() {
		if table[name] != nil {
			names = append(names, name)
		}
	}
	return names
}

// Values fills out with what whole blocks of a type that is read stand for.
func Values(t gguf.Type, raw []byte, out []float32) {
	weights, bytes := t.Block()
	of := table[t.String()]
	for len(out) >= weights && len(raw) >= bytes {
		of(raw[:bytes], out[:weights])
		raw, out = raw[bytes:], out[weights:]
	}
}

// f16 is the binary16 at the start of b.
func f16(b []byte) float32 { return float16.Frombits(binary.LittleEndian.Uint16(b)).Float32() }

// nibbles calls f with the 32 codes of 16 bytes: the low halves first.
func nibbles(qs []byte, f func(i int, code byte)) {
	for j, q := range qs[:16] {
		f(j, q&15)
		f(j+16, q>>4)
	}
}

func q40(b []byte, y []float32) {
	d := f16(b)
	nibbles(b[2:], func(i int, code byte) { y[i] = d * float32(int(code)-8) })
}

func q41(b []byte, y []float32) {
	d, m := f16(b), f16(b[2:])
	nibbles(b[4:], func(i int, code byte) { y[i] = float32(d*float32(code)) + m })
}

func q50(b []byte, y []float32) {
	d, high := f16(b), binary.LittleEndian.Uint32(b[2:])
	nibbles(b[6:], func(i int, code byte) { y[i] = d * float32(int(code)+int(high>>i&1)<<4-16) })
}

func q51(b []byte, y []float32) {
	d, m, high := f16(b), f16(b[2:]), binary.LittleEndian.Uint32(b[4:])
	nibbles(b[8:], func(i int, code byte) { y[i] = float32(d*float32(int(code)+int(high>>i&1)<<4)) + m })
}

func q80(b []byte, y []float32) {
	d := f16(b)
	for i, q := range b[2:34] {
		y[i] = d * float32(int8(q))
	}
}

// nonlinear are the values of the codes of IQ4 (kvalues_iq4nl).
var nonlinear = [16]float32{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}

func iq4nl(b []byte, y []float32) {
	d := f16(b)
	nibbles(b[2:], func(i int, code byte) { y[i] = d * nonlinear[code] })
}

func iq4xs(b []byte, y []float32) {
	d, high, low, qs := f16(b), binary.LittleEndian.Uint16(b[2:]), b[4:8], b[8:]
	for s := range 8 {
		scale := int(low[s/2]>>(4*(s%2))&15) | int(high>>(2*s)&3)<<4
		ds := d * float32(scale-32)
		nibbles(qs[16*s:], func(i int, code byte) { y[32*s+i] = ds * nonlinear[code] })
	}
}

// e2m1 are twice the values of the codes of MXFP4 (kvalues_mxfp4; OCP Microscaling Formats 1.0).
var e2m1 = [16]float32{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}

func mxfp4(b []byte, y []float32) {
	d := float32(math.Ldexp(1, int(b[0])-128)) // half of the block's power of two
	nibbles(b[1:], func(i int, code byte) { y[i] = d * e2m1[code] })
}

// trits are the powers of three that move one of five digits of a byte to the front.
var trits = [5]byte{1, 3, 9, 27, 81}

// tq10 has five ternary digits a byte, as a fraction of 256: the front one is read by multiplying by 3.
func tq10(b []byte, y []float32) {
	d, i := f16(b[52:]), 0
	for _, part := range []struct{ from, to, digits int }{{0, 32, 5}, {32, 48, 5}, {48, 52, 4}} {
		for n := range part.digits {
			for _, q := range b[part.from:part.to] {
				y[i] = d * float32(int(uint16(q*trits[n])*3>>8)-1)
				i++
			}
		}
	}
}

func tq20(b []byte, y []float32) {
	d, i := f16(b[64:]), 0
	for half := 0; half < 64; half += 32 {
		for shift := 0; shift < 8; shift += 2 {
			for _, q := range b[half : half+32] {
				y[i] = d * float32(int(q>>shift&3)-1)
				i++
			}
		}
	}
}
