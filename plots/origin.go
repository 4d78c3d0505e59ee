package plots

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"html"
	"regexp"
	"strings"
)

// intoPNG adds text chunks, and the resolution, behind the header (PNG specification 11.3.4).
func (o Origin) intoPNG(data []byte) []byte {
	const header = 8 + 12 + 13 // signature, frame of a chunk, IHDR
	var b bytes.Buffer
	chunk := func(kind string, content []byte) {
		body := append([]byte(kind), content...)
		_ = binary.Write(&b, binary.BigEndian, uint32(len(content))) // a buffer takes everything
		b.Write(body)
		_ = binary.Write(&b, binary.BigEndian, crc32.ChecksumIEEE(body))
	}
	b.Write(data[:header])
	perMetre := binary.BigEndian.AppendUint32(nil, dpi*10000/254)
	chunk("pHYs", append(append(perMetre, perMetre...), 1))
	for _, t := range [][2]string{{"Title", o.Title}, {"Software", o.Program}, {"Comment", o.Command}} {
		chunk("tEXt", []byte(t[0]+"\x00"+latin1(t[1])))
	}
	b.Write(data[header:])
	return b.Bytes()
}

// latin1 is what text chunks of PNG and plain strings of PDF hold.
func latin1(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r > 0xff || r < ' ' {
			r = '?'
		}
		b.WriteByte(byte(r))
	}
	return b.String()
}

// intoSVG adds a title and a description (a comment could not hold the two dashes of a flag), and names fonts of the same
// widths for where ours is not installed.
func (o Origin) intoSVG(data []byte) []byte {
	const head = `xlink">` + "\n"
	if !bytes.Contains(data, []byte(head)) {
		panic("plots: the SVG writer begins its files in another way")
	}
	text := fmt.Sprintf("%s<title>%s</title>\n<desc>%s: %s</desc>\n", head, html.EscapeString(o.Title), html.EscapeString(o.Program),
		html.EscapeString(o.Command))
	data = bytes.Replace(data, []byte(head), []byte(text), 1)
	return bytes.ReplaceAll(data, []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
}

// What intoPDF looks for. A file ends in trailer << ... >> startxref N %%EOF.
const (
	pdfDate    = `\(D:\d{14}\)`
	pdfTrailer = `/Size (\d+)\s+/Root (\d+ 0 R)\s+/Info (\d+) 0 R\s+>>\s+startxref\s+(\d+)`
)

// intoPDF replaces the document information by an incremental update (ISO 32000-1, 7.5.6), and the dates that it had by
// a fixed one: the same figure is the same bytes.
func (o Origin) intoPDF(data []byte) []byte {
	data = regexp.MustCompile(pdfDate).ReplaceAll(data, []byte("(D:20000101000000)"))
	m := regexp.MustCompile(pdfTrailer).FindSubmatch(data)
	if m == nil {
		panic("plots: the PDF writer ends its files in another way")
	}
	quote := func(s string) string {
		return "(" + strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(latin1(s)) + ")"
	}
	at := len(data)
	data = fmt.Appendf(data, "%s 0 obj\n<< /Title %s /Creator %s /Subject %s >>\nendobj\n", m[3], quote(o.Title), quote(o.Program), quote(o.Command))
	return fmt.Appendf(data, "xref\n%s 1\n%010d 00000 n \ntrailer\n<< /Size %s /Root %s /Info %s 0 R /Prev %s >>\nstartxref\n%d\n%%%%EOF\n",
		m[3], at, m[1], m[2], m[3], m[4], len(data))
}
