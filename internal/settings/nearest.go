package settings

import "strings"

// nearest returns the full name of the known key, or at the top level the table, that
// word in table most likely means, or "". On a tie the word's own table wins.
func nearest(table, word string) string {
	best, least := "", slips(word)+1
	for _, r := range rows() {
		of, key, _ := strings.Cut(r.name, ".")
		if n := distance(word, key); n < least || n == least && best != "" && of == table {
			best, least = r.name, n
		}
		if n := distance(word, of); table == "" && n < least {
			best, least = of, n
		}
	}
	return best
}

// Nearest returns that of the known words which word most likely means, or "".
func Nearest(word string, known []string) string {
	best, least := "", slips(word)+1
	for _, k := range known {
		if n := distance(word, k); n < least {
			best, least = k, n
		}
	}
	return best
}

// slips is in how many letters a word may differ from the one that is meant.
func slips(word string) int { return min(max(1, len(word)/3), 3) }

// distance counts the letters to add, drop, replace or swap with their neighbour
// that turn a into b, whatever their case.
func distance(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	var before []int // the row before last
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := []int{i + 1}
		for j := range len(b) {
			replace := last[j]
			if a[i] != b[j] {
				replace++
			}
			n := min(replace, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				n = min(n, before[j-1]+1)
			}
			row = append(row, n)
		}
		before, last = last, row
	}
	return last[len(b)]
}
