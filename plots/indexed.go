package plots

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"maps"
	"slices"

	"gonum.org/v1/plot/vg/vgimg"
)

// indexedCanvas writes a PNG of at most 256 colours, a third as large as one of all: cells have few colours, and the edges
// of letters, which have the many, do not show which of them it was.
type indexedCanvas struct{ *vgimg.Canvas }

// WriteTo implements vg.CanvasWriterTo.
func (c indexedCanvas) WriteTo(w io.Writer) (int64, error) {
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestCompression}
	if err := e.Encode(&b, indexed(c.Image())); err != nil {
		return 0, err
	}
	return b.WriteTo(w)
}

// indexed keeps some of the colours and replaces every other by the nearest of them.
func indexed(from draw.Image) *image.Paletted {
	bounds := from.Bounds()
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(from.At(x, y)).(color.RGBA) }
	if plain, ok := from.(*image.RGBA); ok {
		at = plain.RGBAAt // the same without a detour for each pixel
	}
	count := map[color.RGBA]int{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[at(x, y)]++
		}
	}
	number := func(c color.RGBA) int { return int(c.R)<<16 | int(c.G)<<8 | int(c.B) }
	all := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(number(a), number(b)))
	})
	chosen := choose(all)
	index := map[color.RGBA]uint8{}
	for _, c := range all {
		index[c] = nearest(chosen, c)
	}
	var palette color.Palette
	for _, c := range chosen {
		palette = append(palette, c)
	}
	to := image.NewPaletted(bounds, palette)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			to.SetColorIndex(x, y, index[at(x, y)])
		}
	}
	return to
}

// choose takes the most frequent colours; then those that differ much from all taken so far, so that rare colours find a
// near one; then those that differ less.
func choose(byFrequency []color.RGBA) []color.RGBA {
	const most, frequent = 256, 64
	chosen := slices.Clone(byFrequency[:min(len(byFrequency), frequent)])
	for least := 32; least > 0; least /= 2 {
		for _, c := range byFrequency {
			if len(chosen) == most {
				return chosen
			}
			if apart(c, chosen[nearest(chosen, c)]) >= least {
				chosen = append(chosen, c)
			}
		}
	}
	return chosen
}

func nearest(to []color.RGBA, c color.RGBA) uint8 {
	best := 0
	for i := range to {
		if apart(c, to[i]) < apart(c, to[best]) {
			best = i
		}
	}
	return uint8(best)
}

func apart(a, b color.RGBA) int {
	d := func(x, y uint8) int { return max(int(x), int(y)) - min(int(x), int(y)) }
	return d(a.R, b.R) + d(a.G, b.G) + d(a.B, b.B)
}
