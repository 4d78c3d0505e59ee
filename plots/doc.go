// Package plots shows results: text tables and figures here, the report page in plots/report.
//
// It turns results, plain numbers and plain texts into pictures and decides nothing else: no number is computed here
// that a result does not hold, apart from its scale (ms, MB) and shares of a total. Every function is deterministic:
// tables are plain text without escape codes, and the same figure is the same bytes.
//
// A column of numbers has one unit, named in its head, and as many decimals as its largest value needs for four digits:
// its rows can be compared by eye.
//
// Figures are drawn on the canvases of gonum/plot (PNG, SVG, PDF), at the width of a column in print, 85 mm, or wider
// if there is more to show. Colours can be told apart without seeing hues, and every cell and bar bears its number. A
// file says what it shows and which command made it (Origin).
//
// To add a figure: a struct of what is shown with the methods of Figure. To add a table: a function that fills a Table.
// To add a kind of value: a Unit in units.go.
package plots
