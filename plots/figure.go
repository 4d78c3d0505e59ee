package plots

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
)

// Figure is a picture that knows its size.
type Figure interface {
	size() (w, h vg.Length)
	draw(s *sheet)
}

// Origin says where a picture comes from. It is written into its file.
type Origin struct {
	Title   string
	Command string
	Program string // with its version
}

// FormatOf returns the format that the name of a picture's file stands for.
func FormatOf(path string) (string, error) {
	format := strings.ToLower(strings.TrimPrefix(filepath.Ext(path), "."))
	if !slices.Contains([]string{"png", "svg", "pdf"}, format) {
		return "", fmt.Errorf("%s: the name tells no kind of picture; accepted: a name that ends in .png, .svg or .pdf", path)
	}
	return format, nil
}

// dpi makes a column of 85 mm 1004 pixels wide: sharp in print, and as wide as a web page shows it.
const dpi = 300

// Write draws a figure into a file of a format that FormatOf returns.
func Write(w io.Writer, f Figure, format string, o Origin) error {
	o = Origin{visible.Line(o.Title), visible.Line(o.Command), visible.Line(o.Program)}
	width, height := f.size()
	var canvas vg.CanvasWriterTo
	var sign func([]byte) []byte
	switch format {
	case "png":
		canvas, sign = indexedCanvas{vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dpi))}, o.intoPNG
	case "svg":
		canvas, sign = vgsvg.New(width, height), o.intoSVG
	case "pdf":
		canvas, sign = vgpdf.New(width, height), o.intoPDF
	default:
		return fmt.Errorf("plots: format %q is not known", format)
	}
	f.draw(&sheet{draw.New(canvas), fonts()})
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return err
	}
	_, err := w.Write(sign(b.Bytes()))
	return err
}

// Sizes of text: 85 mm is the width of a column in print, where less than 5 points cannot be read.
const (
	columnWidth = 85 * vg.Millimeter
	titleSize   = 7.5
	textSize    = 6.5
	smallSize   = 5.5
)

// sheet is what figures draw on. Lengths are points, from the lower left.
type sheet struct {
	canvas draw.Canvas
	fonts  text.Plain
}

// words are a line of text at a point.
type words struct {
	text string
	x, y vg.Length
	size vg.Length
	left bool // the text starts at x, else it is centred there
	end  bool // the text ends at x
	turn bool // it runs upwards
	ink  color.Color
}

// write draws text, its middle at height y.
func (s *sheet) write(w words) {
	style := draw.TextStyle{Color: color.Black, Font: font.From(letters, w.size),
		XAlign: text.XCenter, YAlign: text.YCenter, Handler: s.fonts}
	if w.ink != nil {
		style.Color = w.ink
	}
	switch {
	case w.left:
		style.XAlign = text.XLeft
	case w.end:
		style.XAlign = text.XRight
	}
	if w.turn {
		style.Rotation = quarter
	}
	s.canvas.FillText(style, vg.Point{X: w.x, Y: w.y}, visible.Text(w.text))
}

// letters is the one font of all figures. gonum's own collection has eleven more, of 4 MB.
var letters = font.Font{Typeface: "Liberation", Variant: "Sans"}

// fonts are what text is set in.
var fonts = sync.OnceValue(func() text.Plain {
	face, err := opentype.Parse(liberationsansregular.TTF)
	if err != nil {
		panic("plots: embedded font: " + err.Error())
	}
	return text.Plain{Fonts: font.NewCache(font.Collection{{Font: letters, Face: face}})}
})

// width is how much room a text takes.
func (s *sheet) width(t string, size vg.Length) vg.Length {
	w, _, _ := s.fonts.Box(visible.Text(t), font.From(letters, size))
	return w
}

// fit is a size of text, or a smaller one with which a line takes no more than the room there is.
func (s *sheet) fit(line string, size, room vg.Length) vg.Length {
	return min(size, size*room/s.width(line, size))
}

// title writes the two lines above a figure.
func (s *sheet) title(title, subtitle string, width, height vg.Length) {
	const margin = 2
	s.write(words{text: title, x: margin, y: height - 7, size: s.fit(title, titleSize, width-2*margin), left: true})
	s.write(words{text: subtitle, x: margin, y: height - 17, size: s.fit(subtitle, textSize, width-2*margin), left: true})
}

const noteLine = 9

func noteHeight(note string) vg.Length {
	if note == "" {
		return 0
	}
	return noteLine
}

// note writes a line below those of the title.
func (s *sheet) note(text string, width, height vg.Length) {
	if text != "" {
		s.write(words{text: text, x: 2, y: height - 26, size: s.fit(text, smallSize, width-4), left: true})
	}
}

// whiskerCap is half of the line at the end of a whisker.
const whiskerCap = 1.6

// whiskerInk can be seen on a bar and beside it.
func whiskerInk() color.Color { return color.RGBA{0xd5, 0x5e, 0x00, 0xff} }

// whisker draws a range, level or upright, with a short line across each end.
func (s *sheet) whisker(from, to vg.Point, c color.Color) {
	style := draw.LineStyle{Color: c, Width: 0.7}
	s.canvas.StrokeLine2(style, from.X, from.Y, to.X, to.Y)
	dx, dy := vg.Length(0), vg.Length(whiskerCap)
	if from.X == to.X {
		dx, dy = dy, dx
	}
	for _, end := range []vg.Point{from, to} {
		s.canvas.StrokeLine2(style, end.X-dx, end.Y-dy, end.X+dx, end.Y+dy)
	}
}

// heads writes the lines above a panel, from the top: the first is what it is called.
func (s *sheet) heads(lines []string, x, y, room vg.Length) {
	size := vg.Length(textSize)
	for i, line := range lines {
		s.write(words{text: line, x: x, y: y - vg.Length(i)*8, size: s.fit(line, size, room)})
		size = smallSize
	}
}

const quarter = math.Pi / 2

// fill paints the rectangle with its lower left corner at x, y.
func (s *sheet) fill(x, y, w, h vg.Length, c color.Color) {
	s.canvas.FillPolygon(c, []vg.Point{{X: x, Y: y}, {X: x + w, Y: y}, {X: x + w, Y: y + h}, {X: x, Y: y + h}})
}

// line draws a hairline.
func (s *sheet) line(x0, y0, x1, y1 vg.Length, c color.Color) {
	s.canvas.StrokeLine2(draw.LineStyle{Color: c, Width: 0.4}, x0, y0, x1, y1)
}
