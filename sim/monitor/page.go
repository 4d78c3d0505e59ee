package monitor

import (
	"bytes"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/sarchlab/akita/v3/monitoring/web"
)

// posts are the requests of akita's page that change the run. The page sends them as GET, which any page of any site can: its
// script is served with POST in their place.
var posts = strings.NewReplacer(
	`fetch("/api/pause")`, `fetch("/api/pause",{method:"POST"})`,
	`fetch("/api/continue")`, `fetch("/api/continue",{method:"POST"})`,
	`fetch("/api/run")`, `fetch("/api/run",{method:"POST"})`,
	"fetch(`/api/tick/${this.name}`)", "fetch(`/api/tick/${this.name}`,{method:\"POST\"})",
)

// page serves akita's page.
func page() http.Handler {
	assets := web.GetAssets()
	files := http.FileServer(assets)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			refuseMethod(w, "GET, HEAD")
			return
		}
		if path.Ext(r.URL.Path) != ".js" {
			files.ServeHTTP(w, r)
			return
		}
		f, err := assets.Open(r.URL.Path)
		if err != nil {
			files.ServeHTTP(w, r) // says it
			return
		}
		defer f.Close()
		var script bytes.Buffer
		if _, err := script.ReadFrom(f); err != nil {
			http.Error(w, "the page's script cannot be read", http.StatusInternalServerError)
			return
		}
		http.ServeContent(w, r, r.URL.Path, time.Time{}, bytes.NewReader([]byte(posts.Replace(script.String()))))
	})
}

// refuseMethod answers a request with a method that it does not take.
func refuseMethod(w http.ResponseWriter, allow string) {
	w.Header().Set("Allow", allow)
	http.Error(w, "accepted: "+allow, http.StatusMethodNotAllowed)
}
