// Package sheet writes CSV that a spreadsheet shows as it was written. It is the only writer of CSV.
//
// Names of NPUs, models and axes are the user's, or of someone who sent a file. A spreadsheet takes a cell that begins
// with = + - @ as a formula, and runs it. Such a text gets an apostrophe in front, which a spreadsheet does not show
// (OWASP, "CSV injection"); so does one that begins with a tab, a carriage return, a line feed, or one of the signs in
// full width. Numbers stay as they are. A text that has such an apostrophe itself gets another one, so that no two
// texts are written alike.
//
// Left out: reading of files; who reads cells that were written here takes the apostrophe off by Text. Parquet and JSON need
// no escapes.
package sheet

import (
	"encoding/csv"
	"io"
	"regexp"
	"strings"
)

// Write writes records, each of a number of cells, with line feeds between them.
func Write(w io.Writer, records [][]string) error {
	out := csv.NewWriter(w)
	for _, record := range records {
		cells := make([]string, len(record))
		for i, c := range record {
			cells[i] = Cell(c)
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// Cell is a text as it stands in a cell.
func Cell(text string) string {
	below := strings.TrimLeft(text, "'")
	if strings.IndexAny(below, "=+-@\t\r\n＝＋－＠") != 0 || isNumber(below) {
		return text
	}
	return "'" + text
}

// Text is the text that Cell wrote as a cell.
func Text(cell string) string {
	if text, ok := strings.CutPrefix(cell, "'"); ok && Cell(text) == cell {
		return text
	}
	return cell
}

// isNumber reports whether a spreadsheet takes a text as a number.
func isNumber(text string) bool { return number.MatchString(text) }

var number = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`)
