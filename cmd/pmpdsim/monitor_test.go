package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"testing"
)

// addressee hears where the monitor is.
type addressee struct {
	bytes.Buffer
	at chan string
}

func (a *addressee) Write(p []byte) (int, error) {
	if m := regexp.MustCompile(`monitor: (\S+)`).FindSubmatch(p); m != nil {
		a.at <- string(m[1])
	}
	return a.Buffer.Write(p)
}

// TestAMonitoredRunCanBeWatchedAndIsTheSame pauses a run of some second, looks at every component, and lets it go on.
func TestAMonitoredRunCanBeWatchedAndIsTheSame(t *testing.T) {
	args := []string{"pmpdsim", "run", "--npu", "edge-lpddr5", "--cores", "2", "--model", "phi-1.5", "--prompt", "64", "--gen", "16", "--schedule", "static:4>2",
		"--schedule", "fp16", "--breakdown", "--format", "json"}
	var alone, out bytes.Buffer
	if code := run(args, &alone, io.Discard); code != exitOK {
		t.Fatalf("exit code %d", code)
	}
	errs := &addressee{at: make(chan string, 1)}
	ended := make(chan int, 1)
	go func() { ended <- run(append(args, "--monitor"), &out, errs) }()
	var at string
	select {
	case at = <-errs.at:
	case code := <-ended:
		t.Fatalf("exit code %d, %s", code, errs.String())
	}
	ask := func(method, path string, to any) {
		t.Helper()
		r, err := http.NewRequest(method, at+"api/"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		if err := json.NewDecoder(a.Body).Decode(to); a.StatusCode != http.StatusOK || err != nil {
			t.Fatalf("%s: %s, %v", path, a.Status, err)
		}
	}
	get := func(path string, to any) {
		t.Helper()
		ask(http.MethodGet, path, to)
	}
	var ignored any
	var names []string
	ask(http.MethodPost, "pause", &ignored)
	if get("list_components", &names); len(names) != 8 || names[2] != "NPU.Core[0].Array" {
		t.Errorf("components: %q", names)
	}
	for _, name := range names {
		var c struct {
			Dict map[string]struct {
				V any `json:"v"`
			} `json:"dict"`
		}
		if get("component/"+name, &c); len(c.Dict) < 5 {
			t.Errorf("%s has %d fields", name, len(c.Dict))
		}
	}
	var bars []struct{ Total, Finished int }
	if get("progress", &bars); len(bars) > 1 || len(bars) == 1 && (bars[0].Total != 32 || bars[0].Finished >= 32) {
		t.Errorf("progress: %+v", bars)
	}
	var load map[string]float64
	if get("resource", &load); load["memory_size"] < 1<<20 || load["cpu_percent"] <= 0 {
		t.Errorf("load: %v", load)
	}
	ask(http.MethodPost, "continue", &ignored)
	if code := <-ended; code != exitOK || !bytes.Equal(out.Bytes(), alone.Bytes()) {
		t.Errorf("exit code %d, %s; the results are the same: %v", code, errs.String(), bytes.Equal(out.Bytes(), alone.Bytes()))
	}
	if _, err := http.Get(at); err == nil {
		t.Error("the monitor answers after the run")
	}
}
