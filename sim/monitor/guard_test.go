package monitor

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestAForeignPageChangesNothing asks as browsers do for pages of other sites, and as other programs do.
func TestAForeignPageChangesNothing(t *testing.T) {
	m := watched(t)
	port := m.URL()[strings.LastIndex(m.URL(), ":") : len(m.URL())-1]
	header := func(pairs ...string) func(*http.Request) {
		return func(r *http.Request) {
			for i := 0; i < len(pairs); i += 2 {
				r.Header.Add(pairs[i], pairs[i+1])
			}
		}
	}
	host := func(name string, pairs ...string) func(*http.Request) {
		return func(r *http.Request) {
			r.Host = name
			header(pairs...)(r)
		}
	}
	own := "http://127.0.0.1" + port
	for name, c := range map[string]struct {
		change func(*http.Request)
		want   int
	}{
		"its own page":                     {header("Origin", own, "Sec-Fetch-Site", "same-origin"), 200},
		"its own page under localhost":     {host("localhost"+port, "Origin", "http://localhost"+port), 200},
		"curl":                             {nil, 200},
		"another site":                     {header("Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site"), 403},
		"another site, an older browser":   {header("Origin", "http://elsewhere.example"), 403},
		"a browser that names no origin":   {header("Sec-Fetch-Site", "cross-site"), 403},
		"another port":                     {header("Origin", "http://127.0.0.1:1", "Sec-Fetch-Site", "same-site"), 403},
		"another scheme":                   {header("Origin", "https://127.0.0.1"+port), 403},
		"localhost's page to 127.0.0.1":    {header("Origin", "http://localhost"+port), 403},
		"a sandboxed page or a file":       {header("Origin", "null"), 403},
		"an empty origin":                  {header("Origin", ""), 403},
		"two origins":                      {header("Origin", own, "Origin", "http://elsewhere.example"), 403},
		"an origin that starts like ours":  {header("Origin", own+".elsewhere.example"), 403},
		"an unknown Sec-Fetch-Site":        {header("Sec-Fetch-Site", "future"), 403},
		"a name that leads here":           {host("elsewhere.example"+port, "Origin", "http://elsewhere.example"+port, "Sec-Fetch-Site", "same-origin"), 403},
		"a name that leads here, no port":  {host("elsewhere.example"), 403},
		"no port":                          {host("127.0.0.1"), 403},
		"another port of ours in the name": {host("127.0.0.1:1"), 403},
		"a dot behind localhost":           {host("localhost." + port), 403},
		"IPv6":                             {host("[::1]" + port), 403},
		"another address that leads here":  {host("0.0.0.0" + port), 403},
	} {
		for _, ask := range []struct{ method, path string }{{"POST", "api/pause"}, {"POST", "api/continue"}, {"GET", "api/now"}, {"GET", ""}} {
			a, body := response(t, ask.method, m.URL()+ask.path, c.change)
			if a.StatusCode != c.want {
				t.Errorf("%s: %s %s: %d, want %d (%s)", name, ask.method, ask.path, a.StatusCode, c.want, body)
			}
			for key, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin",
				"Access-Control-Allow-Origin": ""} {
				if got := a.Header.Get(key); got != want {
					t.Errorf("%s: %s is %q", name, key, got)
				}
			}
			policy := strings.Split(a.Header.Get("Content-Security-Policy"), "; ")
			for _, want := range []string{"default-src 'self'", "frame-ancestors 'none'", "form-action 'none'"} {
				if !slices.Contains(policy, want) {
					t.Errorf("%s: the policy is %q", name, policy)
				}
			}
		}
	}
}

func TestOnlyAPostChangesTheRun(t *testing.T) {
	m := watched(t)
	var v struct{ Now float64 }
	for _, path := range []string{"api/pause", "api/continue", "api/run", "api/tick/Some.Walker[0]"} {
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"} {
			a, _ := response(t, method, m.URL()+path, nil)
			if a.StatusCode != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "POST" {
				t.Errorf("%s %s: %d, Allow %q", method, path, a.StatusCode, a.Header.Get("Allow"))
			}
		}
	}
	get(t, m, "api/now", &v)
	for at, tries := v.Now, 0; v.Now <= at; tries++ {
		if get(t, m, "api/now", &v); tries > 10_000 {
			t.Fatal("one of these paused it")
		}
	}
	for _, path := range []string{"api/now", "api/progress", "api/list_components", ""} {
		a, _ := response(t, "POST", m.URL()+path, nil)
		if a.StatusCode != http.StatusMethodNotAllowed || a.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: %d, Allow %q", path, a.StatusCode, a.Header.Get("Allow"))
		}
	}
	for path, want := range map[string]int{"api/run": 501, "api/tick/Some.Walker[0]": 501} {
		if a, body := response(t, "POST", m.URL()+path, nil); a.StatusCode != want {
			t.Errorf("POST %s: %d, %s", path, a.StatusCode, body)
		}
	}
	if a, _ := response(t, "GET", m.URL()+"api/now", nil); a.Header.Get("Content-Type") != "application/json" {
		t.Errorf("content type %q", a.Header.Get("Content-Type"))
	}
}

// TestThePagePosts reads the script that is served: nothing in it that changes the run is asked for by GET.
func TestThePagePosts(t *testing.T) {
	m := watched(t)
	_, body := fetch(t, m.URL(), nil)
	_, rest, _ := strings.Cut(body, `src="/`)
	script, _, _ := strings.Cut(rest, `"`)
	a, text := response(t, "GET", m.URL()+script, nil)
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/javascript") {
		t.Errorf("the script is %q", a.Header.Get("Content-Type"))
	}
	for _, path := range []string{`"/api/pause"`, `"/api/continue"`, `"/api/run"`, "`/api/tick/${this.name}`"} {
		if n, all := strings.Count(text, "fetch("+path+`,{method:"POST"})`), strings.Count(text, path); n != 1 || all != 1 {
			t.Errorf("%s: %d of %d requests are posts, want 1 of 1", path, n, all)
		}
	}
}
