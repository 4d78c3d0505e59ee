package eval

import "math"

// RougeL is ROUGE-L of a continuation against a reference, both as tokens: the F-measure (precision and recall count alike)
// of their longest common subsequence (Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries"), by which PMPD
// labels the data of its learned scheduler (arXiv 2410.13461). 1: they are equal; 0: they have no token in common, or one is empty.
func RougeL(reference, continuation []int) float64 {
	common := subsequence(reference, continuation)
	if common == 0 {
		return 0
	}
	precision, recall := float64(common)/float64(len(continuation)), float64(common)/float64(len(reference))
	return 2 * precision * recall / (precision + recall)
}

// subsequence returns the length of the longest common subsequence.
func subsequence(a, b []int) int {
	row := make([]int, len(b)+1) // of a up to the token at work and b up to the index
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			above := row[j+1]
			if x == y {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}

// Prefix returns how many tokens two continuations have in common before the first that differs.
func Prefix(a, b []int) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// Bits turns nats into bits.
func Bits(nats float64) float64 { return nats / math.Ln2 }
