// Package suggest words what would have been right in an error about a name, for every package of the project:
//
//	NPU "edge-lpdr5" is not known; accepted: edge-lpddr4x, edge-lpddr5, laptop-lpddr5x; did you mean "edge-lpddr5"?
//
// Contract: what is wrong comes first and is the caller's; then "accepted: " with everything that would have been
// right, separated by commas; then a question, only where one of the candidates is spelt much like the word. An error
// without names to choose from ends after "accepted: …". The same word and candidates always make the same text. File
// does the same for a file that cannot be opened.
//
// It leaves out what is wrong with a name, and the file, line and key that it stands in: the caller knows them.
package suggest

import (
	"cmp"
	"fmt"
	"strings"
)

// Accepted returns the end of an error about word: `accepted: a, b, c; did you mean "c"?`. others follow the names in
// the list, such as "or the path of a YAML file", and are no candidates of the question.
func Accepted[S ~string](word string, names []S, others ...string) string {
	var texts []string
	for _, n := range names {
		texts = append(texts, string(n))
	}
	return "accepted: " + strings.Join(append(texts, others...), ", ") + Question(Nearest(word, names))
}

// Question returns `; did you mean "name"?`, and nothing for an empty name.
func Question(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", name)
}

// Nearest returns the candidate that word may have meant, or "": the one the fewest edits away, or else the first that
// begins with word. Edits count up to a third of the word, or up to two if that is more; in a word of four letters or
// fewer, one. Case does not count.
func Nearest[S ~string](word string, candidates []S) string {
	least := max(2, len(word)/3) + 1
	if len(word) <= 4 {
		least = min(2, len(word)) // one letter replaced by another is another word
	}
	word = strings.ToLower(word)
	best, begun := "", ""
	for _, name := range candidates {
		c := strings.ToLower(string(name))
		if d := Edits(word, c); d < least {
			best, least = string(name), d
		}
		if begun == "" && len(word) >= 3 && strings.HasPrefix(c, word) {
			begun = string(name)
		}
	}
	return cmp.Or(best, begun)
}

// Edits returns how many bytes to insert, delete, replace or swap with their neighbour turn a into b.
func Edits(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			differ := 1
			if a[i-1] == b[j-1] {
				differ = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+differ)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
