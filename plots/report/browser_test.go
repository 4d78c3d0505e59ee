package report_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/pmpdsim/pmpdsim/plots/report"
)

var (
	screenshots = flag.String("screenshots", "", "write screenshots into `DIR`")
	shown       = flag.String("page", "", "take the screenshots of this page instead of the test's")
)

// browser is a page in a headless Chromium, and what it asked for and complained of.
type browser struct {
	t        *testing.T
	ctx      context.Context
	mu       sync.Mutex
	requests []string
	problems []string
}

// chromium is Debian's, under either name of the project.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("there is no chromium here: the page is not opened (.ci/browser installs Debian's)")
	return ""
}

// open starts a browser of its own on a page.
func open(t *testing.T, page string) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1300, 900))
	ctx, cancel := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // waits until it has let go of its folder
		stop()
	})
	ctx, late := context.WithTimeout(ctx, 8*time.Minute)
	t.Cleanup(late)
	b := &browser{t: t, ctx: ctx}
	b.must(chromedp.Listen(ctx, b.note))
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	b.must(err)
	_, err = chromedp.Call(ctx, cdplog.Enable, cdp.Empty{})
	b.must(err)
	b.media("light", 1300, 900)
	b.load(page)
	return b
}

func (b *browser) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, e.ExceptionDetails.Text+" "+e.ExceptionDetails.Exception.Description)
	case *runtime.EventConsoleAPICalled:
		b.problems = append(b.problems, fmt.Sprintf("console: %v", e.Args))
	case *cdplog.EventEntryAdded:
		b.problems = append(b.problems, e.Entry.Text)
	}
}

// run runs a part of a test, in which the browser's failures are its own.
func (b *browser) run(name string, f func(t *testing.T)) {
	whole := b.t
	defer func() { b.t = whole }()
	whole.Run(name, func(t *testing.T) {
		b.t = t
		f(t)
	})
}

func (b *browser) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	b.must(chromedp.Do(b.ctx, steps...))
}

func (b *browser) load(page string) {
	b.t.Helper()
	b.do(chromedp.Navigate("file://"+page), chromedp.WaitReady(chromedp.CSS("html[data-ready=true]")))
}

func (b *browser) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// media sets the theme of the system and the size of the window, and waits until the page has been told of both. Chromium tells
// a page of such changes at the beginning of a frame, before it runs that frame's callbacks.
func (b *browser) media(theme string, width, height int64) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme},
			{Name: "prefers-reduced-motion", Value: "reduce"}}}) // else a click would meet a page that still glides
	b.must(err)
	b.do(chromedp.EmulateViewport(width, height))
	_, err = chromedp.Run(b.ctx, chromedp.Evaluate[bool](fmt.Sprintf(`new Promise((told) => {
		const there = () => matchMedia('(prefers-color-scheme: %s)').matches && innerWidth === %d && innerHeight === %d;
		const look = () => requestAnimationFrame(there() ? () => told(true) : look);
		look();
	})`, theme, width, height), chromedp.EvalAwaitPromise))
	b.must(err)
}

// eval returns what an expression comes to in the page.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// written puts a report into a file.
func written(t *testing.T, r *report.Report) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Write(f, r); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

const series = `report.drawn.get(%q).getOption().series.map(s => s.name)`

func TestPageInBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes seconds to start")
	}
	chromium(t) // or skip
	b := open(t, written(t, sweep()))

	b.run("a legend's click hides its series, and a second one brings it back", func(t *testing.T) {
		names := func(chart string) string { return strings.Join(eval[[]string](b, fmt.Sprintf(series, chart)), "|") }
		for _, chart := range []string{"throughput", "operators", "roofline"} {
			before := names(chart)
			first := eval[string](b, fmt.Sprintf(`document.querySelector('[data-legend=%s] button').textContent`, chart))
			if !strings.Contains(before, first) {
				t.Fatalf("%s: no series is called %q: %s", chart, first, before)
			}
			b.click(fmt.Sprintf("[data-legend=%s] button", chart))
			if got := names(chart); strings.Contains("|"+got+"|", "|"+first+"|") {
				t.Errorf("%s: %q is still there: %s", chart, first, got)
			}
			b.click(fmt.Sprintf("[data-legend=%s] button", chart))
			if got := names(chart); got != before {
				t.Errorf("%s: %s, before it was %s", chart, got, before)
			}
		}
	})
	b.run("the table sorts by a column, one way and the other", func(t *testing.T) {
		column := eval[int](b, `[...document.querySelectorAll('#table th')].findIndex(h => h.textContent.startsWith('energy per token'))`)
		values := fmt.Sprintf(`[...document.querySelectorAll('#table tbody tr')].map(r => +r.cells[%d].textContent)`, column)
		sorted := func(name string, wrong string) {
			b.click(fmt.Sprintf("#table th:nth-child(%d) button", column+1))
			if n := eval[int](b, values+`.filter((v, i, all) => i > 0 && all[i - 1] `+wrong+` v).length`); n != 0 {
				t.Errorf("%s: %d rows are out of order", name, n)
			}
			if got := eval[string](b, fmt.Sprintf(`document.querySelectorAll('#table th')[%d].ariaSort`, column)); got != name {
				t.Errorf("said to be %q, not %q", got, name)
			}
		}
		sorted("descending", "<")
		first := eval[float64](b, values+`[0]`)
		sorted("ascending", ">")
		if last := eval[float64](b, values+`[0]`); last >= first {
			t.Errorf("the first row has %v one way and %v the other", first, last)
		}
	})
	b.run("the search leaves rows with all of its words", func(t *testing.T) {
		b.do(chromedp.SendKeys(chromedp.CSS("#search"), "phone static large"))
		if got := eval[string](b, `document.getElementById('found').textContent`); got != "100 of 1000" { // half of the NPUs and of the models, 2 of 5 schedules
			t.Errorf("%s rows", got)
		}
		if eval[bool](b, `[...document.querySelectorAll('#table tbody tr')].some(r => !/phone.*large.*static/.test(r.textContent))`) {
			t.Error("a row has not all of the words")
		}
		eval[bool](b, `document.getElementById('search').value = '', document.getElementById('search').dispatchEvent(new Event('input'))`)
	})
	b.run("a filter counts for charts, tables and what is computed, and can be taken back", func(t *testing.T) {
		count := `report.visible().length`
		b.click(`[data-key=batch] button[data-value="1"]`)
		b.click(`[data-key=schedule] button[data-value="fp16"]`)
		if got := eval[int](b, count); got != 400 {
			t.Errorf("%d results are left, want 400", got)
		}
		if got := eval[string](b, `document.getElementById('count').textContent`); got != "400 of 1000 results" {
			t.Errorf("the page says %q", got)
		}
		marks := `report.drawn.get('front_energy').getOption().series.filter(s => s.type === 'scatter').reduce((n, s) => n + s.data.length, 0)`
		if got := eval[int](b, marks); got != 400 {
			t.Errorf("%d marks are left, want 400", got)
		}
		if eval[bool](b, `[...document.querySelectorAll('#knobs td:first-child')].some(c => c.textContent === 'batch')`) {
			t.Error("a knob with one value is left")
		}
		b.click(`[data-key=npu] button[data-value="edge"]`)
		b.click(`[data-key=npu] button[data-value="phone"]`)
		if got := eval[bool](b, `document.getElementById('none').hidden`); got {
			t.Error("that nothing is left is not said")
		}
		b.click("#reset")
		if got := eval[int](b, count); got != 1000 {
			t.Errorf("%d results are back, want 1000", got)
		}
	})
	b.run("a click on a row shows the machine of its result", func(t *testing.T) {
		b.click("#table tbody tr:nth-child(3) td") // the middle of a row can be out of sight
		want := eval[string](b, `document.querySelector('#table tbody tr:nth-child(3)').lastChild.textContent`)
		if !eval[bool](b, fmt.Sprintf(`[...document.querySelectorAll('#parents code')].some(c => c.textContent === %q)`, want)) {
			t.Errorf("the parents do not have %s", want)
		}
	})
	b.run("keys go from mark to mark, and say what each is", func(t *testing.T) {
		b.do(chromedp.SendKeys(chromedp.CSS("[data-chart=throughput]"), "\u0303\u0303")) // arrow right
		if said := eval[string](b, `document.getElementById('live').textContent`); !strings.Contains(said, "throughput: ") {
			t.Errorf("%q", said)
		}
		if tip := eval[string](b, `document.querySelector('[data-chart=throughput] .tip').innerText`); !strings.Contains(tip, "results/: point") {
			t.Errorf("the tooltip has no parent: %q", tip)
		}
	})
	b.run("fronts and sensitivities of whatever is left are those that are computed here", func(t *testing.T) { compareWithPage(t, b) })
	b.run("nothing is wider than the page, on a phone and on a desk, light and dark", func(t *testing.T) {
		grounds := map[string]bool{}
		for _, theme := range []string{"light", "dark"} {
			for _, width := range []int64{390, 1300} {
				b.media(theme, width, 844)
				if got := eval[string](b, `document.documentElement.dataset.theme`); got != theme {
					t.Errorf("the theme is %s while the system's is %s", got, theme)
				}
				if got := eval[int64](b, `document.documentElement.scrollWidth`); got > width {
					t.Errorf("%s, %d pixels: the page has %d", theme, width, got)
				}
				if n := eval[int](b, `[...report.drawn.values()].filter(c => c.getWidth() > innerWidth).length`); n != 0 {
					t.Errorf("%s, %d pixels: %d charts are wider", theme, width, n)
				}
				grounds[theme+eval[string](b, `getComputedStyle(document.body).backgroundColor`)] = true
				b.picture(fmt.Sprintf("%s-%d", theme, width))
			}
		}
		if len(grounds) != 2 {
			t.Errorf("grounds %v", grounds)
		}
		was := eval[string](b, `getComputedStyle(document.body).backgroundColor`)
		b.click("#theme")
		if now := eval[string](b, `getComputedStyle(document.body).backgroundColor`); now == was {
			t.Errorf("the button leaves the ground %s", now)
		}
	})
	b.run("logarithmic axes have ticks, and can be had of results that say little", func(t *testing.T) {
		for _, page := range []string{eval[string](b, `location.pathname`), written(t, &report.Report{Points: []report.Point{
			point(20, 0.5, 0, key("batch", "1"), schedule("fp16")), point(30, 0.4, 0, key("batch", "2"), schedule("fp16"))}})} {
			b.load(page)
			b.click("#log")
			if got := eval[string](b, `report.drawn.get('front_energy').getOption().xAxis[0].type`); got != "log" {
				t.Errorf("the axis is a %s", got)
			}
			if n := eval[int](b, `report.drawn.get('front_energy').getOption().xAxis[0].axisLabel.customValues.length`); n < 1 || n > 8 {
				t.Errorf("%d ticks", n)
			}
		}
	})
	b.run("there was no request but for the page, and no complaint", func(t *testing.T) {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, url := range b.requests {
			if !strings.HasPrefix(url, "file://") || !strings.HasSuffix(url, "/report.html") {
				t.Errorf("request of %.200s", url)
			}
		}
		for _, p := range b.problems {
			t.Error(p)
		}
	})
	b.run("what would ask the network for something is stopped", func(t *testing.T) {
		stopped, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`new Promise((done) => {
			document.addEventListener('securitypolicyviolation', (e) => done(e.effectiveDirective + ' ' + e.blockedURI));
			fetch('http://127.0.0.1:9/x').then(() => done('fetched'), () => 0);
		})`, chromedp.EvalAwaitPromise))
		b.must(err)
		if !strings.HasPrefix(stopped, "connect-src http://127.0.0.1:9") {
			t.Error(stopped)
		}
	})
}

// compareWithPage takes some of the results at random: rows, and all of a value, as filters do.
func compareWithPage(t *testing.T, b *browser) {
	points := sweep().Points
	r := rand.New(rand.NewPCG(3, 5))
	metrics := report.Metrics()
	for trial := range 24 {
		keep, out := []float64{1, 0.9, 0.3, 0.02}[trial%4], map[string]bool{}
		for range trial % 3 {
			k := points[r.IntN(len(points))].Keys[r.IntN(len(points[0].Keys))]
			out[k.Name+k.Value] = true
		}
		var some []report.Point
		indices := []int{}
		for i, p := range points {
			if r.Float64() <= keep && !slices.ContainsFunc(p.Keys, func(k report.Key) bool { return out[k.Name+k.Value] }) {
				some, indices = append(some, p), append(indices, i)
			}
		}
		if len(some) == 0 {
			continue
		}
		rows, _ := json.Marshal(indices) // numbers
		m := metrics[[]int{0, 1, 3}[trial%3]]
		got := eval[[]pageKnob](b, fmt.Sprintf(`report.sensitivity(%s.map(i => report.rows[i]), %q)`, rows, m.Key))
		compareKnobs(t, fmt.Sprintf("trial %d: %d results, %s", trial, len(some), m.Name), got, report.Sensitivities(some, m))

		var best []string
		for _, p := range report.Front(some) {
			best = append(best, p.Place)
		}
		front := eval[[]string](b, fmt.Sprintf(`report.front(%s.map(i => report.rows[i])).map(r => r.p)`, rows))
		slices.Sort(best)
		slices.Sort(front)
		if !slices.Equal(front, best) {
			t.Errorf("trial %d: the page's front has %d results, ours %d", trial, len(front), len(best))
		}
	}
}

// pageKnob is a report.Knob as the page computes it.
type pageKnob struct {
	Names              []string
	Groups, Unused     int
	Swing, Least, Most float64
	Effects            []report.Effect
}

func compareKnobs(t *testing.T, what string, got []pageKnob, want []report.Knob) {
	t.Helper()
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-7*math.Abs(b) }
	if len(got) != len(want) {
		t.Errorf("%s: %d knobs in the page, %d here", what, len(got), len(want))
		return
	}
	for _, w := range want {
		i := slices.IndexFunc(got, func(g pageKnob) bool { return slices.Equal(g.Names, w.Names) })
		if i < 0 {
			t.Errorf("%s: the page has no %v", what, w.Names)
			continue
		}
		g := got[i]
		if g.Groups != w.Groups || g.Unused != w.Unused || !near(g.Swing, w.Swing) || !near(g.Least, w.Least) || !near(g.Most, w.Most) || len(g.Effects) != len(w.Effects) {
			t.Errorf("%s: %+v, here %+v", what, g, w)
		}
		for _, e := range w.Effects {
			j := slices.IndexFunc(g.Effects, func(x report.Effect) bool { return x.Value == e.Value })
			if j < 0 || !near(g.Effects[j].Median, e.Median) || !near(g.Effects[j].Least, e.Least) || !near(g.Effects[j].Most, e.Most) {
				t.Errorf("%s: %v: %+v, here %+v", what, w.Names, g.Effects, e)
			}
		}
	}
}

// picture keeps the whole page, where that was asked for.
func (b *browser) picture(name string) {
	b.t.Helper()
	if *screenshots == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	b.must(err)
	b.must(os.WriteFile(filepath.Join(*screenshots, name+".png"), png, 0o644))
}

// TestScreenshots takes the pictures of a page that docs/report.md shows.
func TestScreenshots(t *testing.T) {
	if *shown == "" || *screenshots == "" {
		t.Skip("a tool: -page FILE -screenshots DIR")
	}
	b := open(t, *shown)
	for _, p := range []struct {
		name, theme, from string
		width, height     int64
	}{{"report-desk", "light", "header", 1200, 1240}, {"report-machine", "dark", "#setting", 1200, 1240}, {"report-phone", "light", "#sensitivity", 390, 1000}} {
		b.media(p.theme, p.width, p.height)
		b.load(*shown)
		eval[bool](b, fmt.Sprintf(`document.querySelector(%q).scrollIntoView(), true`, p.from))
		if p.from == "header" {
			b.do(chromedp.SendKeys(chromedp.CSS("[data-chart=throughput]"), strings.Repeat("\u0303", 16))) // a tooltip
			eval[bool](b, `scrollTo(0, 0), true`)
		}
		b.do(chromedp.Sleep(500 * time.Millisecond)) // tooltips glide
		png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		b.must(err)
		b.must(os.WriteFile(filepath.Join(*screenshots, p.name+".png"), png, 0o644))
	}
}
