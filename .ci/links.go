// Command links checks that the relative links of the project's Markdown files lead somewhere.
//
//	go run .ci/links.go README.md docs/*.md
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	link   = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	fenced = regexp.MustCompile("(?ms)^```.*?^```")
)

func main() {
	broken := 0
	for _, file := range os.Args[1:] {
		text, err := os.ReadFile(file)
		if err != nil {
			fmt.Fprintln(os.Stderr, "links:", err)
			os.Exit(1)
		}
		for _, m := range link.FindAllStringSubmatch(fenced.ReplaceAllString(string(text), ""), -1) {
			to, _, _ := strings.Cut(m[1], "#")
			if to == "" || strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), to)); err != nil {
				fmt.Printf("%s: no %s\n", file, m[1])
				broken++
			}
		}
	}
	fmt.Printf("%d files, %d broken links\n", len(os.Args)-1, broken)
	if broken > 0 {
		os.Exit(1)
	}
}
