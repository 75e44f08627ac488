package html

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/decode"
	"actionurl/decode/verdict"
	"actionurl/report"
)

var keep = flag.String("keep", "", "`FOLDER` to write the pages and screenshots of the tests to")

// pageOf returns the page of a capture.
func pageOf(t testing.TB, build func(*capturetest.Capture), change ...func(*capture.Interface)) []byte {
	t.Helper()
	html, _ := written(t, build, change...)
	return html
}

// written returns the page of a capture and its verdict.
func written(t testing.TB, build func(*capturetest.Capture), change ...func(*capture.Interface)) ([]byte, *verdict.Verdict) {
	t.Helper()
	var out bytes.Buffer
	p := New(&out, report.Options{})
	decoded(t, build, decode.Analysis{SlowResponse: time.Second, Found: p.Found, Call: p.Call, Live: true}, p.Record, change...)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if *keep != "" {
		if err := os.WriteFile(filepath.Join(*keep, t.Name()+".html"), out.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes(), p.verdict.Verdict()
}

// decoded decodes a capture.
func decoded(t testing.TB, build func(*capturetest.Capture), config decode.Analysis, emit func(*decode.Record) error, change ...func(*capture.Interface)) {
	t.Helper()
	c := capturetest.New()
	build(c)
	d := decode.New(decode.Config{Wire: decode.Wire{ResponseTimeout: 10 * time.Second}, Analysis: config}, emit)
	b := capturetest.Batch("busy.pcap", c.Frames)
	for _, f := range change {
		f(b.Frames[0].Interface)
	}
	if err := errors.Join(d.Batch(b), d.Flush()); err != nil {
		t.Fatal(err)
	}
}
