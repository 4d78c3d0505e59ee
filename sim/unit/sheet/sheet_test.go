package sheet

import (
	"encoding/csv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCellsAreNoFormulas(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "",
		"fp16":                    "fp16",
		"static:4>3@2":            "static:4>3@2",
		"a=b":                     "a=b",
		"-1.5":                    "-1.5",
		"+1e-9":                   "+1e-9",
		"-0.5e":                   "'-0.5e",
		"-":                       "'-",
		"-2+3":                    "'-2+3",
		"=1+1":                    "'=1+1",
		"@SUM(1+1)":               "'@SUM(1+1)",
		"+cmd|' /C calc'!A0":      "'+cmd|' /C calc'!A0",
		"\t=1+1":                  "'\t=1+1",
		"\r=1+1":                  "'\r=1+1",
		"\n=1+1":                  "'\n=1+1",
		"＝1":                      "'＝1",
		"'=1":                     "''=1",
		"''=1":                    "'''=1",
		"'a":                      "'a",
		" =1":                     " =1",
		`=HYPERLINK("http://x/")`: `'=HYPERLINK("http://x/")`,
	} {
		if got := Cell(text); got != want {
			t.Errorf("%q is written as %q, want %q", text, got, want)
		}
	}
}

// TestNoTableHasAFormula reads back what is written of any texts: all that is there is the text, or the text and an apostrophe.
func TestNoTableHasAFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[-=+@\t\n＠a'0-9.e",]{0,5}`)
		record := rapid.SliceOfN(text, 2, 4).Draw(t, "record")
		var b strings.Builder
		if err := Write(&b, [][]string{record}); err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
		if err != nil || len(lines) != 1 || len(lines[0]) != len(record) {
			t.Fatalf("%q: %q, %v", b.String(), lines, err)
		}
		if record[0] != record[1] && lines[0][0] == lines[0][1] {
			t.Errorf("%q and %q are written alike: %q", record[0], record[1], lines[0][0])
		}
		for i, got := range lines[0] {
			if Text(got) != record[i] {
				t.Errorf("%q is written as %q, and taken for %q", record[i], got, Text(got))
			}
			if got != record[i] && got != "'"+record[i] {
				t.Errorf("%q is read as %q", record[i], got)
			}
			if strings.IndexAny(got, "=+-@\t\r\n＝＋－＠") == 0 && !isNumber(got) {
				t.Errorf("%q is a formula", got)
			}
		}
	})
}
