package kernels

import (
	"slices"
	"testing"
)

func TestTable(t *testing.T) {
	got, err := parseTable("# a comment\n\nscale  32x4  y x n:u by:f\nnothing 64\n")
	if err != nil {
		t.Fatal(err)
	}
	k := got["scale"]
	if len(got) != 2 || k.Block != [3]int{32, 4, 1} || k.Threads() != 128 || got["nothing"].Threads() != 64 ||
		!slices.Equal(k.Params, []Param{Pointer, Pointer, Int, Float}) || !slices.Equal(k.Names, []string{"y", "x", "n", "by"}) {
		t.Errorf("got %+v", got)
	}
	for text, want := range map[string]string{
		"scale":                `scale has no block; accepted: NAME THREADS[xTHREADS] PARAMETER…`,
		"scale y x":            `scale has blocks of "y"; accepted: THREADS or THREADSxTHREADS`,
		"scale 32x0 y":         `scale has blocks of "32x0"; accepted: THREADS or THREADSxTHREADS`,
		"scale 1x1x1x1 y":      `scale has blocks of "1x1x1x1"; accepted: THREADS or THREADSxTHREADS`,
		"scale 32 y n:int":     `scale has the parameter "n:int"; accepted: NAME, NAME:u, NAME:f`,
		"scale 32 y n:":        `scale has the parameter "n:"; accepted: NAME, NAME:u, NAME:f`,
		"copy 32 y\ncopy 32 y": `copy stands there twice; accepted: each kernel once`,
	} {
		if _, err := parseTable(text); err == nil || err.Error() != want {
			t.Errorf("%q: error %v\nwant %s", text, err, want)
		}
	}
}
