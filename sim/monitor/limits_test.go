package monitor

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/pmpdsim/pmpdsim/sim/simtest"
)

func TestRequestsHaveALimit(t *testing.T) {
	m := watched(t)
	long := strings.Repeat("a", 2*mostOfARequest)
	a, _ := response(t, http.MethodGet, m.URL()+"api/now", func(r *http.Request) { r.Header.Set("X-Long", long) })
	if a.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a long header: %d", a.StatusCode)
	}
	if a, _ := response(t, http.MethodGet, m.URL()+"api/field/"+long, nil); a.StatusCode < 400 || a.StatusCode >= 500 {
		t.Errorf("a long path: %d", a.StatusCode)
	}
	if m.server.ReadTimeout == 0 || m.server.ReadHeaderTimeout == 0 || m.server.IdleTimeout == 0 {
		t.Error("a request may take for ever")
	}
}

// FuzzField asks for fields, components and lists by any name.
func FuzzField(f *testing.F) {
	f.Add(`{"comp_name":"Some.Walker[0]","field_name":"inner.Deep"}`, "level", "3")
	f.Add(`{"comp_name":"Some.Walker[0]","field_name":"self.self.self.list.9"}`, "percent", "-1")
	f.Add(`{`, "", "99999999999999999999")
	f.Fuzz(func(t *testing.T, field, sort, limit string) {
		m := watched(t)
		simtest.Budget(t, func() {
			for _, path := range []string{"api/field/" + url.PathEscape(field), "api/component/" + url.PathEscape(field),
				"api/hangdetector/buffers?sort=" + url.QueryEscape(sort) + "&limit=" + url.QueryEscape(limit)} {
				if a, body := response(t, http.MethodGet, m.URL()+path, nil); a.StatusCode >= 500 {
					t.Errorf("%s: %d, %s", path, a.StatusCode, body)
				}
			}
		})
	})
}
