package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/pmpdsim/pmpdsim/sim/unit/packed"
	"github.com/pmpdsim/pmpdsim/sim/unit/visible"
)

//go:embed page.html page.css data.js charts.js table.js page.js echarts/echarts.min.js.gz echarts/NOTICE echarts/LICENSE-*
var files embed.FS

// scripts are the parts of the page's own, in their order.
func scripts() []string { return []string{"data.js", "charts.js", "table.js", "page.js"} }

// licences of what the library is made of, which go wherever it goes.
func licences() []string {
	return []string{"NOTICE", "LICENSE-echarts", "LICENSE-zrender", "LICENSE-d3", "LICENSE-tslib"}
}

// file reads one that is part of the program.
func file(name string) string {
	text, err := fs.ReadFile(packed.FS(files), name)
	if err != nil {
		panic("report: " + err.Error())
	}
	return string(text)
}

// own is the script of the page, in a scope of its own.
func own() string {
	var b strings.Builder
	b.WriteString("'use strict';\n(() => {\n")
	for _, name := range scripts() {
		b.WriteString(file(name))
	}
	b.WriteString("})();\n")
	return b.String()
}

// hash is how a content security policy names a script.
func hash(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// frame is what page.html is filled with.
type frame struct {
	*Report
	Policy          string
	Style           template.CSS
	Library, Own    template.JS
	Data            template.JS
	Licences        []licence
	Failed, Missing int
}

type licence struct{ Name, Text string }

// Write writes the page.
func Write(w io.Writer, r *Report) error {
	if err := r.check(); err != nil {
		return err
	}
	r = r.visible()
	library, script := file("echarts/echarts.min.js"), own()
	encoded, err := json.Marshal(newData(r)) // which escapes what could end a script
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	f := frame{Report: r, Style: template.CSS(file("page.css")), Library: template.JS(library), Own: template.JS(script), Data: template.JS(visible.Text(string(encoded))),
		Policy: fmt.Sprintf("default-src 'none'; script-src %s %s; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'",
			hash(library), hash(script))}
	for _, name := range licences() {
		f.Licences = append(f.Licences, licence{name, file("echarts/" + name)})
	}
	for _, in := range r.Inputs {
		f.Failed, f.Missing = f.Failed+in.Failed, f.Missing+in.Missing
	}
	page, err := template.New("page").Parse(file("page.html"))
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	var b bytes.Buffer
	if err := page.Execute(&b, f); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, err = b.WriteTo(w)
	return err
}

// visible returns a report without signs in its texts that a reader would not see.
func (r *Report) visible() *Report {
	shown := *r
	shown.Command, shown.Program, shown.Common = visible.Line(r.Command), visible.Line(r.Program), visible.Line(r.Common)
	shown.Inputs = slices.Clone(r.Inputs)
	for i := range shown.Inputs {
		shown.Inputs[i].Path = visible.Line(shown.Inputs[i].Path)
	}
	return &shown
}
