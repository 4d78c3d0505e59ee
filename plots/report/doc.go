// Package report writes results as one HTML page, which needs no network, no server and no other file.
//
// It turns results into data, and puts them into a page between a style sheet, a library of charts and a script. The
// script draws what its reader chooses: what is filtered out counts for nothing, neither for a front nor for a
// sensitivity. Both are therefore computed twice, here for who reads no page, and in the page; a test in a browser
// holds that they agree.
//
// The page forbids itself every request (its content security policy names nothing but the hashes of its own scripts).
// Equal results give equal bytes: no time, no host, no order of a map.
//
//	page.html   the frame        data.js      decoding, filters, fronts, sensitivities: numbers only
//	page.css    both themes      charts.js    one function for each chart
//	echarts/    the library      table.js     the table of all results
//	                             page.js      choices of the reader, who draws when
//
// To add a metric: its key in metrics.go (a new one: a line in study.Metrics, too); table, tooltips and sensitivities
// have it. To add a chart: a section in page.html and a function of its name in charts.js.
package report
