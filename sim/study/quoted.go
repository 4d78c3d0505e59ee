package study

import (
	"regexp"
	"strings"
)

// Quoted writes a word of a command as a shell takes it.
func Quoted(word string) string {
	if regexp.MustCompile(`^[\w@%+=:,./-]+$`).MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
