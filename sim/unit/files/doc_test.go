package files

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// row is a line of the table in docs/limits.md.
func (l Limit) row() string {
	cells := []string{l.What}
	for _, n := range []int64{l.Bytes, l.Total, int64(l.Line)} {
		if n == 0 {
			cells = append(cells, "")
		} else {
			cells = append(cells, size(n))
		}
	}
	for _, n := range []int{l.Lines, l.Values, l.Depth} {
		if n == 0 {
			cells = append(cells, "")
		} else {
			cells = append(cells, fmt.Sprint(n))
		}
	}
	return "| " + strings.Join(cells, " | ") + " |"
}

func TestTheDocumentHasTheTable(t *testing.T) {
	text, err := os.ReadFile("../../../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range Kinds() {
		if row := k.Limits().row(); !strings.Contains(string(text), row+"\n") {
			t.Errorf("docs/limits.md lacks\n%s", row)
		}
	}
}
