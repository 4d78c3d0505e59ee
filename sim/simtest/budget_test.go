package simtest

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// What goes beyond its budget ends the process, so each case is a process of its own.
func TestBudgetsEndWhatGoesBeyondThem(t *testing.T) {
	const asked = "SIMTEST_BUDGET"
	var kept []byte
	cases := map[string]struct {
		f    func()
		want string
	}{
		"nothing": {func() {}, ""},
		"a loop": {func() {
			for { //nolint:revive // without an end
				if kept != nil {
					return
				}
			}
		}, "simtest: an input takes more than 200ms of CPU time"},
		"much memory": {func() {
			kept = make([]byte, 64<<20)
			for i := range kept {
				kept[i] = 1
			}
			for len(kept) > 0 { //nolint:staticcheck // without an end
			}
		}, "simtest: an input takes more than 16 MiB of memory"},
	}
	if c, ok := cases[os.Getenv(asked)]; ok {
		most := 200 * time.Millisecond
		if strings.Contains(c.want, "memory") {
			most = time.Minute
		}
		within(t, most, 16<<20, c.f)
		return
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			self := exec.Command(os.Args[0], "-test.run=^TestBudgetsEndWhatGoesBeyondThem$") //nolint:gosec // this test
			self.Env = append(os.Environ(), asked+"="+name)
			out, err := self.CombinedOutput()
			if (err == nil) != (c.want == "") || !strings.Contains(string(out), c.want) {
				t.Errorf("%v, want %q in\n%.2000s", err, c.want, out)
			}
		})
	}
}
