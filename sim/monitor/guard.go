package monitor

import (
	"net"
	"net/http"
)

// ownPage accepts requests of the monitor's own page, and of programs of this computer that are no browser. It refuses other
// host names, which a foreign DNS server may resolve to this address, and requests from pages of other sites: browsers name
// the site of the page in Origin or Sec-Fetch-Site, and no script of a page can change these.
func (m *Monitor) ownPage(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		_, port, _ := net.SplitHostPort(m.listener.Addr().String())
		if r.Host != net.JoinHostPort("127.0.0.1", port) && r.Host != net.JoinHostPort("localhost", port) {
			http.Error(w, "the monitor is at "+m.URL(), http.StatusForbidden)
			return
		}
		if foreign(r) {
			http.Error(w, "the monitor answers its own page only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// foreign reports whether a browser says that a page of another site asks. What is no browser says nothing.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none": // none: the address was typed in
	default:
		return true
	}
	for _, origin := range r.Header.Values("Origin") {
		if origin != "http://"+r.Host {
			return true
		}
	}
	return false
}
