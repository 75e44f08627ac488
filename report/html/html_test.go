package html

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/decode"
	"actionurl/decode/finding"
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
	on := capture.Interface{Capture: "busy.pcap"}
	for _, f := range change {
		f(&on)
	}
	p := New(&out, report.Options{Name: on.Capture})
	writeTo(t, p, build, change...)
	if *keep != "" {
		if err := os.WriteFile(filepath.Join(*keep, t.Name()+".html"), out.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes(), p.verdict.Verdict()
}

// writeTo writes a page of a capture.
func writeTo(t testing.TB, p *Page, build func(*capturetest.Capture), change ...func(*capture.Interface)) {
	t.Helper()
	phones := decoded(t, build, decode.Analysis{SlowResponse: time.Second, Found: p.Found, Call: p.Call, Live: true}, p.Record, change...)
	if _, err := p.Phones(phones); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

// A page bears the name of what was read, whatever that holds.
func TestName(t *testing.T) {
	for name, title := range map[string]string{"empty.pcap": "empty.pcap", "-": "standard input", "": "actionurl", "<b>\u202e": `&lt;b&gt;\u202e`} {
		var out bytes.Buffer
		if err := New(&out, report.Options{Name: name}).Close(); err != nil {
			t.Fatal(err)
		}
		if want := "<h1>" + title + "</h1>\n<p>no HTTP request and no phone in it</p>"; !strings.Contains(out.String(), want) {
			t.Errorf("the page of %q does not contain %q", name, want)
		}
	}
}

// What the verdict lacks, and what may say why nothing arrived, is seen at once.
func TestVerdictLacks(t *testing.T) {
	var out strings.Builder
	v := &verdict.Verdict{Crowded: true, Notes: []verdict.Cause{{Kind: finding.Encrypted, Severity: finding.Notice}}}
	New(nil, report.Options{}).causes(&out, v)
	for _, want := range []string{"the verdict lacks the others", "<details open>"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the page does not contain %q:\n%s", want, out.String())
		}
	}
}

// decoded decodes a capture, and returns its phones.
func decoded(t testing.TB, build func(*capturetest.Capture), config decode.Analysis, emit func(*decode.Record) error, change ...func(*capture.Interface)) []*decode.Phone {
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
	return d.Phones()
}
