package plots

import (
	"fmt"
	"image/color"
)

// viridis are nine of the colours of the map of that name (S. van der Walt and N. Smith, matplotlib 1.5, CC0): its
// lightness grows evenly, so it can be read without seeing hues, and on a print in grey.
func viridis() []color.RGBA {
	return []color.RGBA{{0x44, 0x01, 0x54, 0xff}, {0x47, 0x2d, 0x7b, 0xff}, {0x3b, 0x52, 0x8b, 0xff}, {0x2c, 0x72, 0x8e, 0xff},
		{0x21, 0x90, 0x8c, 0xff}, {0x27, 0xad, 0x81, 0xff}, {0x5d, 0xc8, 0x63, 0xff}, {0xaa, 0xdc, 0x32, 0xff}, {0xfd, 0xe7, 0x25, 0xff}}
}

// shade is the colour of a share between 0 and 1.
func shade(v float64) color.RGBA {
	all := viridis()
	at := min(max(v, 0), 1) * float64(len(all)-1)
	i := min(int(at), len(all)-2)
	mix := func(a, b uint8) uint8 { return uint8(float64(a) + (at-float64(i))*(float64(b)-float64(a)) + 0.5) }
	a, b := all[i], all[i+1]
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xff}
}

// inkOn is black or white, whichever can be read on a colour (luma of ITU-R BT.601).
func inkOn(c color.RGBA) color.Color {
	if 299*int(c.R)+587*int(c.G)+114*int(c.B) > 128_000 {
		return color.Black
	}
	return color.White
}

// Palette are the colours of figures as pages write them, from the darkest.
func Palette() (colours []string) {
	for _, c := range viridis() {
		colours = append(colours, fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B))
	}
	return colours
}
