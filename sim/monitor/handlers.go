package monitor

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	akita "github.com/sarchlab/akita/v3/sim"

	"github.com/pmpdsim/pmpdsim/sim/engine"
)

// routes handles everything that the page requests. What changes the run is a POST.
func (m *Monitor) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(method, path string, f func(r *http.Request) (any, error)) {
		mux.HandleFunc(method+" /api/"+path, func(w http.ResponseWriter, r *http.Request) {
			v, err := f(r)
			if err != nil {
				http.Error(w, err.Error(), statusOf(err))
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(v) // fails if the client has gone
		})
	}
	other := func(path, allow string) {
		mux.HandleFunc("/api/"+path, func(w http.ResponseWriter, _ *http.Request) { refuseMethod(w, allow) })
	}
	answer := func(path string, f func(r *http.Request) (any, error)) {
		handle(http.MethodGet, path, f)
		other(path, "GET, HEAD")
	}
	change := func(path string, f func(r *http.Request) (any, error)) {
		handle(http.MethodPost, path, f)
		other(path, "POST")
	}
	betweenEvents := func(f func(r *http.Request) (any, error)) func(*http.Request) (any, error) {
		return func(r *http.Request) (v any, err error) {
			err = m.ask(func() (err error) {
				v, err = f(r)
				return err
			})
			return v, err
		}
	}
	refuse := func(why string) func(*http.Request) (any, error) {
		return func(*http.Request) (any, error) { return nil, unsupported(why) }
	}
	answer("now", betweenEvents(func(*http.Request) (any, error) {
		return map[string]float64{"now": float64(m.engine.CurrentTime())}, nil
	}))
	change("pause", betweenEvents(m.pause(true)))
	change("continue", betweenEvents(m.pause(false)))
	answer("list_components", betweenEvents(m.names))
	answer("component/{name}", betweenEvents(m.component))
	answer("field/{json...}", betweenEvents(m.field))
	answer("hangdetector/buffers", betweenEvents(m.buffers))
	answer("progress", m.progress)
	answer("resource", func(*http.Request) (any, error) { return m.load(), nil })
	answer("traffic/{name}", func(*http.Request) (any, error) { return []string{}, nil }) // messages are not analysed
	change("run", refuse("the simulation runs by itself"))
	change("tick/{name}", refuse("components here do not tick"))
	answer("profile", refuse("there is no profile of a run under way"))
	mux.Handle("/", page())
	return mux
}

// unsupported is the error of a function that akita's monitor has and this one does not.
type unsupported string

func (r unsupported) Error() string { return string(r) }

// notFound is the error of a component or a field that does not exist.
type notFound string

func (a notFound) Error() string { return string(a) }

func statusOf(err error) int {
	switch err.(type) {
	case unsupported:
		return http.StatusNotImplemented
	case notFound:
		return http.StatusNotFound
	}
	if errors.Is(err, errBusy) || errors.Is(err, errEnded) {
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

func (m *Monitor) pause(wanted bool) func(*http.Request) (any, error) {
	return func(*http.Request) (any, error) {
		m.paused = wanted
		return map[string]bool{"paused": wanted}, nil
	}
}

func (m *Monitor) names(*http.Request) (any, error) {
	all := []string{}
	for _, p := range m.components {
		all = append(all, p.Name())
	}
	return all, nil
}

func (m *Monitor) lookup(name string) (akita.Component, error) {
	for _, p := range m.components {
		if p.Name() == name {
			return p, nil
		}
	}
	return nil, notFound(fmt.Sprintf("no component is called %q", name))
}

func (m *Monitor) component(r *http.Request) (any, error) {
	c, err := m.lookup(r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	return snapshotOf(c, nil)
}

func (m *Monitor) field(r *http.Request) (any, error) {
	var want struct {
		Component string `json:"comp_name"`
		Field     string `json:"field_name"`
	}
	if err := json.Unmarshal([]byte(r.PathValue("json")), &want); err != nil {
		return nil, fmt.Errorf("the field is not named: %w", err)
	}
	c, err := m.lookup(want.Component)
	if err != nil {
		return nil, err
	}
	return snapshotOf(c, strings.Split(want.Field, "."))
}

// buffer is a buffer's fill level, as the page reads it.
type buffer struct {
	Name     string `json:"buffer"`
	Level    int    `json:"level"`
	Capacity int    `json:"cap"`
}

// buffers lists all buffers, the fullest first.
func (m *Monitor) buffers(r *http.Request) (any, error) {
	all := []buffer{}
	for _, p := range m.components {
		if q, ok := p.(interface{ Queues() []engine.Level }); ok {
			for _, l := range q.Queues() {
				all = append(all, buffer{l.Name, l.Size, l.Capacity})
			}
		}
	}
	share := func(a, b buffer) int { return cmp.Compare(b.Level*a.Capacity, a.Level*b.Capacity) }
	level := func(a, b buffer) int { return cmp.Compare(b.Level, a.Level) }
	switch by := r.FormValue("sort"); by {
	case "", "percent":
		slices.SortStableFunc(all, func(a, b buffer) int { return cmp.Or(share(a, b), level(a, b)) })
	case "level":
		slices.SortStableFunc(all, func(a, b buffer) int { return cmp.Or(level(a, b), share(a, b)) })
	default:
		return nil, fmt.Errorf("sort=%s is not known; accepted: percent, level", by)
	}
	if text := r.FormValue("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("limit=%s is no number; accepted: 0 or more", text)
		}
		all = all[:min(n, len(all))]
	}
	return all, nil
}

func (m *Monitor) progress(*http.Request) (any, error) {
	m.bars.Lock()
	defer m.bars.Unlock()
	return m.bars.all, nil
}
