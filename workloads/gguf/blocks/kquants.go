package blocks

// K-quants: 256 weights in parts of 16 or 32, each with a scale, and in some a minimum, that are themselves quantised.

func q2k(b []byte, y []float32) {
	scales, qs, d, m := b[:16], b[16:80], f16(b[80:]), f16(b[82:])
	i := 0
	for half := 0; half < 64; half += 32 {
		for shift := 0; shift < 8; shift += 2 {
			for at := half; at < half+32; at += 16 {
				s := scales[i/16]
				ds, ms := d*float32(s&15), m*float32(s>>4)
				for _, q := range qs[at : at+16] {
					y[i] = float32(ds*float32(q>>shift&3)) - ms
					i++
				}
			}
		}
	}
}

// scales6 unpacks the sixteen 6-bit scales of Q3_K: eight bytes have the low four bits, four the high two.
func scales6(b []byte) (s [16]int) {
	for i := range s {
		low := b[i%8] >> (4 * (i / 8)) & 15
		high := b[8+i%4] >> (2 * (i / 4)) & 3
		s[i] = int(low | high<<4)
	}
	return s
}

func q3k(b []byte, y []float32) {
	mask, qs, scales, d := b[:32], b[32:96], scales6(b[96:108]), f16(b[108:])
	i := 0
	for half := 0; half < 2; half++ {
		for group := range 4 {
			for at := 0; at < 32; at += 16 {
				ds := d * float32(scales[i/16]-32)
				for l := at; l < at+16; l++ {
					code := int(qs[32*half+l] >> (2 * group) & 3)
					if mask[l]>>(4*half+group)&1 == 0 {
						code -= 4
					}
					y[i] = ds * float32(code)
					i++
				}
			}
		}
	}
}

// scaleMin unpacks 6-bit scale and minimum j of Q4_K's and Q5_K's twelve bytes.
func scaleMin(b []byte, j int) (scale, minimum float32) {
	if j < 4 {
		return float32(b[j] & 63), float32(b[j+4] & 63)
	}
	return float32(b[j+4]&15 | b[j-4]>>6<<4), float32(b[j+4]>>4 | b[j]>>6<<4)
}

// halves calls f for the 256 codes of 4 bits of Q4_K and Q5_K with their part of 32 and their place in it.
func halves(qs []byte, f func(i, part, at int, code byte)) {
	for part := range 8 {
		for at, q := range qs[part/2*32 : part/2*32+32] {
			f(32*part+at, part, at, q>>(4*(part%2))&15)
		}
	}
}

// parts are scales and minima of the eight parts, with those of the block in them.
func parts(b []byte) (d, m [8]float32) {
	for j := range d {
		scale, minimum := scaleMin(b[4:16], j)
		d[j], m[j] = f16(b)*scale, f16(b[2:])*minimum
	}
	return d, m
}

func q4k(b []byte, y []float32) {
	d, m := parts(b)
	halves(b[16:], func(i, part, _ int, code byte) { y[i] = float32(d[part]*float32(code)) - m[part] })
}

func q5k(b []byte, y []float32) {
	d, m := parts(b)
	high := b[16:48]
	halves(b[48:], func(i, part, at int, code byte) {
		y[i] = float32(d[part]*float32(code|high[at]>>part&1<<4)) - m[part]
	})
}

func q6k(b []byte, y []float32) {
	low, high, scales, d := b[:128], b[128:192], b[192:208], f16(b[208:])
	for i := range y[:256] {
		half, group, at := i/128, i/32%4, i%32
		code := low[64*half+32*(group%2)+at] >> (4 * (group / 2)) & 15
		code |= high[32*half+at] >> (2 * group) & 3 << 4
		y[i] = float32(d*float32(int8(scales[i/16]))) * float32(int(code)-32)
	}
}
