package html

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

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

// A page of a busy day loads, finds and redraws without a pause. The times are what
// is wanted on an idle machine.
func TestMany(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	const slack = 3 // where other tests run beside it
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
			times := eval[struct{ Painted, Ready float64 }](b, `({
				Painted: performance.getEntriesByName("painted")[0].startTime, Ready: performance.getEntriesByName("ready")[0].startTime })`)
			search := eval[float64](b, `(() => {
				const began = performance.now();
				choose('"Caller 77"');
				return performance.now() - began;
			})()`)
			want(b, `filter.count > 400 && filter.count < 1200`, true)
			eval[bool](b, `(choose(""), arrange(), true)`)
			// The worst of zooms from the whole time to a 200th of it, each the
			// best of five.
			redraw := eval[float64](b, `(() => {
				const best = [];
				for (const part of [1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.005]) {
					const times = [];
					for (let k = 0; k < 5; k++) {
						const from = first + (last - first) * (1 - part) * k / 5;
						show(from, from + (last - first) * part);
						drawNow();
						times.push(drawn);
					}
					best.push(Math.min(...times));
				}
				return Math.max(...best);
			})()`)
			t.Logf("painted after %.0f ms, ready after %.0f ms; search %.0f ms; redraw %.1f ms", times.Painted, times.Ready, search, redraw)
			for _, m := range []struct {
				what      string
				got, most float64
			}{{"first paint", times.Painted, 1000}, {"search", search, 150}, {"redraw", redraw, 16}} {
				if m.got > m.most*slack {
					t.Errorf("%s takes %.0f ms, want at most %.0f", m.what, m.got, m.most*slack)
				}
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
