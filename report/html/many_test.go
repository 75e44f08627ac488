package html

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"

	"actionurl/report"
)

// many makes a page of so many events of 400 phones in an hour: calls of three
// events each, of 2,000 numbers, with call ids that say the phone and the call, or
// that are random.
func many(t testing.TB, n int, randomIDs bool) []byte {
	t.Helper()
	page, add := synthetic(t, report.Options{})
	r := rand.New(rand.NewPCG(1, 2))
	type state struct{ number, id, stage int }
	phones := make([]state, 400)
	at := int64(0)
	for range n {
		at += r.Int64N(2*3600e9/int64(n)) / 1000 * 1000
		i := r.IntN(len(phones))
		p := &phones[i]
		if p.stage == 0 {
			p.number, p.id = r.IntN(2000), p.id+1
		}
		id := fmt.Sprintf("%d-5060-%d@10.0.%d.%d", 523072316+i, p.id, i>>8, i&255)
		if randomIDs {
			id = fmt.Sprintf("%016x%016x", rand.New(rand.NewPCG(uint64(i), uint64(p.id))).Uint64(), rand.New(rand.NewPCG(uint64(p.id), uint64(i))).Uint64())
		}
		event := [...]string{"incoming", "established", "terminated"}[p.stage]
		add(at, i, fmt.Sprintf("/cti?e=%s&mac=000b8212%04x&local=%d&remote=+4930%05d&display_remote=Caller %d&call-id=%s", event, i, 5000+i, 30000+p.number, p.number, id))
		p.stage = (p.stage + 1) % 3
	}
	return page()
}

// spent returns the CPU time of the page's main thread, in milliseconds: it grows
// only while the page works, however busy the machine is.
func (b *browser) spent() float64 {
	b.t.Helper()
	result, err := chromedp.Call(b.Context, performance.GetMetrics, cdp.Empty{})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, m := range result.Metrics {
		if m.Name == "ThreadTime" {
			return m.Value * 1e3
		}
	}
	b.t.Fatal("the browser does not say the time of the thread")
	return 0
}

// A page of a busy day loads, finds and redraws without a pause. The times are those
// of the main thread on an idle machine; where other tests run beside it, caches and
// cores are shared, so three times as much is allowed.
func TestMany(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	const slack = 3
	for _, test := range []struct {
		name   string
		random bool
		size   int
	}{{"call ids of the phone", false, 2_700_000}, {"random call ids", true, 6_000_000}} {
		t.Run(test.name, func(t *testing.T) {
			html := many(t, 100_000, test.random)
			t.Logf("%d bytes", len(html))
			if len(html) > test.size {
				t.Errorf("the page has %d bytes, want at most %d", len(html), test.size)
			}
			b := open(t, html, 1600, 900, "")
			check := func(what string, times, most, from float64) {
				took := (b.spent() - from) / times
				t.Logf("%s takes %.1f ms", what, took)
				if took > most*slack {
					t.Errorf("%s takes %.1f ms, want at most %.0f", what, took, most)
				}
			}
			check("loading", 1, 1000, 0)
			from := b.spent()
			want(b, `(choose('"Caller 77"'), filter.count > 400 && filter.count < 1200)`, true)
			check("search", 1, 150, from)
			eval[bool](b, `(choose(""), arrange(), true)`)
			for _, part := range []string{"1", "0.5", "0.2", "0.1", "0.05", "0.02", "0.005"} { // zooms
				const times = 5
				from := b.spent()
				eval[bool](b, fmt.Sprintf(`(() => {
					for (let k = 0; k < %d; k++) {
						const from = first + (last - first) * (1 - %[2]s) * k / %[1]d;
						show(from, from + (last - first) * %[2]s);
						drawNow();
					}
					return true;
				})()`, times, part))
				check("redraw of "+part, times, 16, from)
			}
			b.press("f")
			b.settle()
			b.shot("many-" + strings.Fields(test.name)[0])
		})
	}
}

// BenchmarkRecord is what an event costs.
func BenchmarkRecord(b *testing.B) {
	for b.Loop() {
		many(b, 10_000, false)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/event")
}

// What is beyond the bounds goes, the oldest first, and the page says so.
func TestBounds(t *testing.T) {
	var c chunks
	for i := range 10 {
		if err := c.add(100, 350, 1000, []byte(strings.Repeat("x", i))); err != nil {
			t.Fatal(err)
		}
	}
	if c.rows != 400 || c.dropped != 600 || len(c.all) != 4 {
		t.Errorf("%d rows in %d chunks, %d dropped", c.rows, len(c.all), c.dropped)
	}
	table := newTable()
	for i := range maxTexts + 10 {
		table.add(fmt.Sprint(i))
	}
	if len(table.texts) != maxTexts || table.add("7") == 0 || table.add("another") != 0 {
		t.Errorf("%d texts", len(table.texts))
	}
	p := New(nil, report.Options{})
	p.events.dropped, p.details.dropped, p.calls.dropped = 1000, 801_000, 5
	const want = "This page does not hold everything: the oldest 1000 events are not shown, and count in the verdict only; " +
		"800000 older events have a mark, but no details: their requests, variables and findings are left out; the oldest 5 calls are not shown. "
	if got := p.omitted(); !strings.HasPrefix(got, want) {
		t.Errorf("the page says %q", got)
	}
}

// Events whose details were left out have their mark, and say that they were.
func TestOlder(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	page, add := synthetic(t, report.Options{}, func(p *Page) { p.detailed = 1 })
	for i := range 2*chunkRows + 10 {
		add(int64(i)*1e6, 1, fmt.Sprintf("/incoming?remote=%d", i))
	}
	html := page()
	b := open(t, html, 1000, 700, "event=3")
	want(b, `events.n`, 2*chunkRows+10)
	want(b, `$("omitted").textContent.includes("16384 older events have a mark, but no details")`, true)
	want(b, `$("details").textContent.includes("The page does not hold the details of this event: it keeps those of the latest 10.")`, true)
	want(b, fmt.Sprintf(`detailsOf(%d).target`, 2*chunkRows+3), fmt.Sprintf("/incoming?remote=%d", 2*chunkRows+3))
	want(b, `(choose("incoming?remote=16389"), filter.count)`, 1)
}
