package pmpdsim

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"
)

// This file holds the one form of an error that a user can answer:
//
//	WHAT is wrong; accepted: a, b, c; did you mean "c"?
//
// with file, line and key before it where there are any. Names go through package sim/unit/suggest.

// wording lists phrases of other forms, and what stands there instead.
var wording = []struct{ phrase, instead string }{
	{"; want ", `"; accepted: "`},
	{"; must ", `"; accepted: "`},
	{"; expected ", `"; accepted: "`},
	{"; allowed", `"; accepted: "`},
	{"; supported", `"; accepted: "`},
	{"; valid ", `"; accepted: "`},
	{"; one of ", `"; accepted: "`},
	{"not supported", `"is not known", "is not modelled" or "is not read", and "; accepted: "`},
	{"unsupported", `"is not known", "is not modelled" or "is not read", and "; accepted: "`},
	{" is unknown", `" is not known; accepted: "`},
	{"nearest is", "suggest.Accepted or suggest.Question"},
	{"did you mean", "suggest.Accepted or suggest.Question"},
	{"perhaps you meant", "suggest.Accepted or suggest.Question"},
}

// checkWords refuses literals that word an error in another way. Test files are free: they may quote others.
func (t *tree) checkWords(s source) {
	if s.pkg == "sim/unit/suggest" {
		return
	}
	ast.Inspect(s.ast, func(n ast.Node) bool {
		l, ok := n.(*ast.BasicLit)
		if !ok || l.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(l.Value)
		if err != nil {
			return true // the parser has checked it
		}
		for _, w := range wording {
			if strings.Contains(text, w.phrase) {
				t.report(l.Pos(), "%q in an error: write %s", w.phrase, w.instead)
			}
		}
		return true
	})
}
