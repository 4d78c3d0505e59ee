// Package plots shows results: text tables here, figures and the report page later.
//
// It turns results and plain texts into pictures and decides nothing else: no number is computed here that a result does
// not hold, apart from its scale (ms, MB) and shares of a total. Every function is deterministic and writes plain text
// without escape codes, so what it writes can go to a file.
//
// A column of numbers has one unit, named in its head, and as many decimals as its largest value needs for four digits: its
// rows can be compared by eye.
//
// To add a table: a function that fills a Table. To add a kind of value: a Unit in units.go.
package plots
