package filter_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"actionurl/capture"
	"actionurl/capture/capturetest"
)

// expressions are the test list.
func expressions(t testing.TB) []string {
	content, err := os.ReadFile("testdata/expressions.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			all = append(all, line)
		}
	}
	return all
}

// TestTcpdump compares the test list with tcpdump over frames of everything
// that filters look at, and over the captures of testdata.
func TestTcpdump(t *testing.T) {
	frames := append(made(t, capture.LinkEthernet), framesOf(t, testdata(t))[capture.LinkEthernet]...)
	for _, expr := range expressions(t) {
		compare(t, capture.LinkEthernet, expr, frames)
	}
}

// TestCorpus is TestTcpdump over captures of others: all of it over Ethernet, a
// part over other link types.
func TestCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	var files []string
	for file := range capturetest.Corpus(t) {
		files = append(files, file)
	}
	for link, frames := range framesOf(t, files) {
		for i, expr := range expressions(t) {
			if link == capture.LinkEthernet || i%8 == int(link)%8 {
				compare(t, link, expr, frames)
			}
		}
	}
}

// TestLinks is a part of TestTcpdump for each link type.
func TestLinks(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	read := framesOf(t, testdata(t))
	for link := range linkNames {
		frames := slices.Concat(made(t, link), read[link])
		for i, expr := range expressions(t) {
			if i%4 == int(link)%4 {
				compare(t, link, expr, frames)
			}
		}
	}
}
