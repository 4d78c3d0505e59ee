package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/sim/engine"
	"github.com/pmpdsim/pmpdsim/sim/unit"
)

// walker wakes itself up until it is told to stop. Its fields are of all kinds.
type walker struct {
	*engine.Component
	in      akita.Port
	steps   int
	cycles  unit.Cycles
	done    chan struct{}
	list    []int
	grid    [2]float64
	price   func(int) int
	byName  map[string]int
	nothing *walker
	self    *walker
	broken  float64
	text    string
	inner   struct{ Deep struct{ Value uint8 } }
}

func newWalker(e *engine.Engine) *walker {
	w := &walker{done: make(chan struct{}), list: make([]int, maxElements+1), price: func(i int) int { return i },
		byName: map[string]int{"b": 2, "a": 1}, grid: [2]float64{}, nothing: nil, broken: math.NaN(), text: `a "quoted" text`}
	w.self = w
	w.inner.Deep.Value = 7
	w.Component = engine.NewComponent("Some.Walker[0]", e, engine.NewClock(1e9), w)
	w.in = w.NewPort("In", 4)
	w.WakeAt(0, 0, 0)
	return w
}

func (w *walker) Woken(int, int64) error {
	select {
	case <-w.done:
		return nil
	default:
	}
	w.steps++
	w.cycles = w.Now()
	w.WakeIn(1, 0, 0)
	return nil
}

func (w *walker) Received(akita.Port) error { return nil }
func (w *walker) Freed(akita.Port) error    { return nil }

// watched runs a walker under a monitor until the test ends.
func watched(t *testing.T) *Monitor {
	t.Helper()
	m, err := Listen(context.Background(), 0, func() Load { return Load{CPU: 50, Memory: 1 << 20} })
	if err != nil {
		t.Fatal(err)
	}
	e := engine.NewEngine()
	w := newWalker(e)
	m.Watch(e, []akita.Component{w})
	ended := make(chan error)
	go func() { ended <- e.Run() }()
	t.Cleanup(func() {
		close(w.done)
		m.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return m
}

// get asks, and reads JSON.
func get(t *testing.T, m *Monitor, path string, to any) {
	t.Helper()
	code, body := fetch(t, m.URL()+path, nil)
	if code != http.StatusOK {
		t.Fatalf("%s: %d, %s", path, code, body)
	}
	if err := json.Unmarshal([]byte(body), to); err != nil {
		t.Fatalf("%s: %v in %s", path, err, body)
	}
}

func fetch(t *testing.T, url string, change func(*http.Request)) (code int, body string) {
	t.Helper()
	a, body := response(t, http.MethodGet, url, change)
	return a.StatusCode, body
}

func response(t *testing.T, method, url string, change func(*http.Request)) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	data, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a, string(data)
}

// post changes the run.
func post(t *testing.T, m *Monitor, path string) {
	t.Helper()
	if a, body := response(t, http.MethodPost, m.URL()+path, nil); a.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %s", path, a.StatusCode, body)
	}
}

func TestAPausedSimulationStandsStillAndGoesOn(t *testing.T) {
	m := watched(t)
	now := func() float64 {
		var v struct{ Now float64 }
		get(t, m, "api/now", &v)
		return v.Now
	}
	steps := func() float64 {
		var a snapshot
		get(t, m, "api/field/"+url.PathEscape(`{"comp_name":"Some.Walker[0]","field_name":"steps"}`), &a)
		return a.Values[a.Root].Value.(float64)
	}
	post(t, m, "api/pause")
	at, done := now(), steps()
	for range 3 {
		if now() != at || steps() != done {
			t.Fatalf("paused at %v, now %v", at, now())
		}
	}
	// The two are read in one pause, so they fit: step n is at cycle n-1.
	if got := math.Round(at*1e9) + 1; got != done {
		t.Errorf("%v s are %v steps, want %v", at, got, done)
	}
	post(t, m, "api/continue")
	for range 1000 {
		if now() > at {
			return
		}
	}
	t.Error("it does not go on")
}

func TestThePageHasWhatItAsksFor(t *testing.T) {
	m := watched(t)
	code, body := fetch(t, m.URL(), nil)
	if code != http.StatusOK || !strings.Contains(body, "<title>Akita Monitoring Tool</title>") {
		t.Fatalf("%d, %s", code, body)
	}
	_, rest, _ := strings.Cut(body, `src="/`)
	script, _, _ := strings.Cut(rest, `"`)
	if code, body := fetch(t, m.URL()+script, nil); code != http.StatusOK || !strings.Contains(body, "/api/list_components") {
		t.Errorf("%s: %d, %d bytes", script, code, len(body))
	}
	var names []string
	if get(t, m, "api/list_components", &names); len(names) != 1 || names[0] != "Some.Walker[0]" {
		t.Errorf("components: %v", names)
	}
	var full []buffer
	if get(t, m, "api/hangdetector/buffers?sort=percent&limit=40", &full); len(full) != 1 || full[0] != (buffer{"Some.Walker[0].In.Buf", 0, 4}) {
		t.Errorf("buffers: %v", full) // and there are fewer than the limit
	}
	m.Show(Bar{ID: "1", Name: "passes", Total: 9, Finished: 4, InProgress: 1})
	var bars []Bar
	if get(t, m, "api/progress", &bars); len(bars) != 1 || bars[0].Finished != 4 {
		t.Errorf("progress: %v", bars)
	}
	var load Load
	if get(t, m, "api/resource", &load); load != (Load{50, 1 << 20}) {
		t.Errorf("load: %v", load)
	}
	for path, want := range map[string]int{"api/run": 405, "api/tick/Some.Walker[0]": 405, "api/pause": 405, "api/profile": 501, "api/component/Nobody": 404, "api/nothing": 404,
		"api/field/" + url.PathEscape(`{"comp_name":"Some.Walker[0]","field_name":"list.9999"}`): 404, "api/field/steps": 400,
		"api/hangdetector/buffers?sort=name": 400, "api/hangdetector/buffers?limit=-1": 400} {
		if code, body := fetch(t, m.URL()+path, nil); code != want {
			t.Errorf("%s: %d, want %d (%s)", path, code, want, body)
		}
	}
}

func TestNobodyElseReachesIt(t *testing.T) {
	m := watched(t)
	address := m.listener.Addr().(*net.TCPAddr)
	if !address.IP.Equal(net.IPv4(127, 0, 0, 1)) {
		t.Fatalf("listens on %v", address)
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	others := []string{"::1", "127.0.0.2"}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && n.IP.To4() != nil {
			others = append(others, n.IP.String())
		}
	}
	for _, host := range others {
		if c, err := net.Dial("tcp", net.JoinHostPort(host, strconv.Itoa(address.Port))); err == nil {
			_ = c.Close()
			t.Errorf("it answers on %s", host)
		}
	}
}

func TestAnEndedMonitorLetsThePausedGoOn(t *testing.T) {
	m := watched(t)
	post(t, m, "api/pause")
	m.Close() // watched waits for the engine
	if err := m.ask(func() error { return nil }); !errors.Is(err, errEnded) && err != nil {
		t.Error(err)
	}
	second, err := Listen(context.Background(), m.listener.Addr().(*net.TCPAddr).Port, nil)
	if err != nil {
		t.Fatalf("the port is not free again: %v", err)
	}
	second.Close()
}

func TestPicturesHoldAllKinds(t *testing.T) {
	w := newWalker(engine.NewEngine())
	a, err := snapshotOf(w, nil)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := json.Marshal(a); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	fields := a.Values[a.Root].Value.(map[string]string)
	for name, want := range map[string]string{"steps": "int 0", "text": "string a &#34;quoted&#34; text", "broken": "string NaN", "price": "string func(int) int",
		"list": "slice <nil> 501", "grid": "slice <nil> 2", "byName": "map <nil> 2", "nothing": "invalid null", "self": "struct <nil>", "cycles": "int64 0"} {
		v := a.Values[fields[name]]
		got := fmt.Sprint(v.Kind, " ", v.Value)
		if raw, ok := v.Value.(json.RawMessage); ok {
			got = fmt.Sprint(v.Kind, " ", string(raw))
		}
		if v.Length != nil {
			got += fmt.Sprint(" ", *v.Length)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for path, want := range map[string]string{"inner.Deep.Value": "uint8 7", "byName.b": "int 2", "grid.1": "float64 0", "self.self.text": "string a &#34;quoted&#34; text"} {
		a, err := snapshotOf(w, strings.Split(path, "."))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if v := a.Values[a.Root]; fmt.Sprint(v.Kind, " ", v.Value) != want {
			t.Errorf("%s: %v %v, want %s", path, v.Kind, v.Value, want)
		}
	}
	if a, _ := snapshotOf(w, []string{"list"}); len(a.Values) != maxElements+1 {
		t.Errorf("%d of %d elements", len(a.Values)-1, maxElements)
	}
	for _, path := range []string{"none", "grid.2", "byName.c", "steps.x", "nothing.text"} {
		if _, err := snapshotOf(w, strings.Split(path, ".")); err == nil {
			t.Errorf("%s is there", path)
		}
	}
}
