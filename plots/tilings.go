package plots

import (
	"fmt"
	"io"
	"slices"

	"github.com/pmpdsim/pmpdsim/sim/result"
)

// Tilings writes how the operators of each schedule are cut: a table for each pass that differs, and below it what was
// searched. The results must have their tilings.
func Tilings(w io.Writer, rs []*result.Result) error {
	for _, r := range rs {
		for _, t := range r.Tilings {
			if _, err := fmt.Fprintf(w, "\ntiling of %s, %s at %d bits (tile: rows of weights x tokens; times by the cost model that chose it)\n",
				r.Schedule, t.Pass, t.Bits); err != nil {
				return err
			}
			if err := TilingTable(w, &t); err != nil {
				return err
			}
		}
	}
	return nil
}

// TilingTable writes how the operators of one pass are cut, and below it what was searched.
func TilingTable(w io.Writer, t *result.Tiling) error {
	if err := columns(tilingColumns(t)).Write(w); err != nil {
		return err
	}
	for _, line := range searches(t) {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

func tilingColumns(t *result.Tiling) []column {
	of := t.Operators
	words := func(name string, get func(int) string) column {
		c := column{name: name, texts: []string{}}
		for i := range of {
			c.texts = append(c.texts, get(i))
		}
		return c
	}
	pick := func(name string, u Unit, get func(int) float64) column {
		c := column{name: name, unit: u, fixed: -1}
		if u == Plain {
			c.fixed = 0
		}
		for i := range of {
			v := get(i)
			c.values = append(c.values, &v)
		}
		return c
	}
	var estimates []float64
	for _, c := range t.Operators {
		estimates = append(estimates, c.Estimate)
	}
	scale, decimals := Time.fit(estimates)
	time := func(name string, get func(int) float64) column {
		c := pick(name+" "+scale.name, Plain, func(i int) float64 { return get(i) / scale.one })
		c.fixed = decimals
		return c
	}
	columns := []column{
		words("operator", func(i int) string { return of[i].Operator }),
		words("M x N x K", func(i int) string { return fmt.Sprintf("%dx%dx%d", of[i].M, of[i].N, of[i].K) }),
		pick("bits", Plain, func(i int) float64 { return float64(of[i].Bits) }),
		words("on chip", func(i int) string { return of[i].Held }),
		pick("held", Memory, func(i int) float64 { return float64(of[i].HeldBytes) }),
		words("tile", func(i int) string { return fmt.Sprintf("%dx%d", of[i].TileRows, of[i].TileTokens) }),
		pick("tile", Memory, func(i int) float64 { return float64(of[i].TileBytes) }),
		pick("tiles", Plain, func(i int) float64 { return float64(of[i].Tiles) }),
		time("memory", func(i int) float64 { return of[i].Memory }),
		time("compute", func(i int) float64 { return of[i].Compute }),
		time("estimate", func(i int) float64 { return of[i].Estimate }),
	}
	for i := range of {
		if of[i].PassRows > 0 { // behind the tile
			return slices.Insert(columns, 6, words("pass", func(i int) string { return pass(of[i].PassRows) }))
		}
	}
	return columns
}

// pass tells how many outputs a pass of the array takes: those of a tile, or so many rows.
func pass(rows int) string {
	if rows == 0 {
		return "a tile"
	}
	return fmt.Sprintf("%d rows", rows)
}

// searches has a line for each search that found something to choose from: its operators, among how many tilings it chose, and
// the next best of them.
func searches(t *result.Tiling) []string {
	var names, found []string // by search
	for _, c := range t.Operators {
		if c.Next == "" {
			continue
		}
		text := fmt.Sprintf("best of %d, cores by %s; next: %s", c.Considered, c.Split, c.Next)
		if n := len(found); n > 0 && found[n-1] == text {
			names[n-1] += " " + c.Operator
			continue
		}
		names, found = append(names, c.Operator), append(found, text)
	}
	for i := range found {
		found[i] = names[i] + ": " + found[i]
	}
	return found
}
