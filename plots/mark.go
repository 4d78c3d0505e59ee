package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// markRadius is that of the circle around a mark, in points.
const markRadius = 2.2

// outlines are the corners of the marks, in the order of the series, around 0 within a circle of radius 1. Each can be
// filled, or be left hollow.
func outlines() [][][2]float64 {
	const thin = 0.38 // half of the width of a bar of the cross
	cross := [][2]float64{{thin, 1}, {thin, thin}, {1, thin}, {1, -thin}, {thin, -thin}, {thin, -1}, {-thin, -1}, {-thin, -thin}, {-1, -thin},
		{-1, thin}, {-thin, thin}, {-thin, 1}}
	return [][][2]float64{regular(24, 0), {{1, 1}, {1, -1}, {-1, -1}, {-1, 1}}, regular(3, 0), cross, regular(4, 0), regular(3, math.Pi), regular(6, 0), star()}
}

// regular has its first corner at an angle from the top.
func regular(corners int, from float64) (all [][2]float64) {
	for i := range corners {
		sin, cos := math.Sincos(from + 2*math.Pi*float64(i)/float64(corners))
		all = append(all, [2]float64{1.15 * sin, 1.15 * cos})
	}
	return all
}

// star has five points.
func star() (all [][2]float64) {
	for i, p := range regular(10, 0) {
		r := 1.2
		if i%2 == 1 {
			r = 0.5
		}
		all = append(all, [2]float64{r * p[0], r * p[1]})
	}
	return all
}

// mark draws the mark of a series: shapes differ, too, for those who do not see the colours.
func (s *sheet) mark(i, n int, at vg.Point, hollow bool) {
	shapes := outlines()
	var corners []vg.Point
	for _, p := range shapes[i%len(shapes)] {
		corners = append(corners, vg.Point{X: at.X + markRadius*vg.Length(p[0]), Y: at.Y + markRadius*vg.Length(p[1])})
	}
	if !hollow {
		s.canvas.FillPolygon(seriesInk(i, n), corners)
		return
	}
	s.canvas.FillPolygon(color.White, corners)
	s.canvas.StrokeLines(draw.LineStyle{Color: seriesInk(i, n), Width: 0.7}, append(corners, corners[0]))
}
