package html

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/google/gopacket/layers"

	"actionurl/capture/capturetest"
	"actionurl/report"
)

// accessible returns the roles and names of what assistive technology reads, and
// the selected rows.
func (b *browser) accessible() (names, selected []string) {
	b.t.Helper()
	tree, err := chromedp.Call(b.Context, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, n := range tree.Nodes {
		if n.Ignored || n.Role == nil || n.Name == nil {
			continue
		}
		name := strings.Trim(string(n.Role.Value), `"`) + " " + strings.Trim(string(n.Name.Value), `"`)
		names = append(names, name)
		for _, p := range n.Properties {
			if p.Name == "selected" && string(p.Value.Value) == "true" && strings.HasPrefix(name, "row ") {
				selected = append(selected, name)
			}
		}
	}
	return names, selected
}

// What is seen can be heard: buttons have names, and the row of the picked event is
// the selected one.
func TestAccessible(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	b := open(t, pageOf(t, busy), 1600, 900, "event=3")
	names, selected := b.accessible()
	all := strings.Join(names, "\n") + "\n"
	for _, name := range []string{"button previous match", "button next match", "button zoom in", "button zoom out", "button keys and shapes", "grid Events in view", "columnheader status"} {
		if !strings.Contains(all, name+"\n") {
			t.Errorf("the tree has no %s", name)
		}
	}
	if len(selected) != 1 {
		t.Errorf("selected are %q", selected)
	}

	// WCAG 2.1: texts have a contrast of 4.5 to what is behind them, and marks of 3
	// to the bars of calls.
	const contrast = `((front, back) => {
		const g = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
		const luminance = (color) => {
			g.fillStyle = color;
			g.fillRect(0, 0, 1, 1);
			const [r, green, b] = [...g.getImageData(0, 0, 1, 1).data].map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
			return 0.2126 * r + 0.7152 * green + 0.0722 * b;
		};
		const [x, y] = [luminance(front), luminance(back)];
		return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
	})`
	for _, dark := range []bool{false, true} {
		b.dark(dark)
		check := func(front, back string, least float64) {
			if c := eval[float64](b, fmt.Sprintf("%s(%s, %s)", contrast, front, back)); c < least {
				t.Errorf("dark %v: the contrast of %s to %s is %.2f, want %.1f", dark, front, back, c, least)
			}
		}
		for _, text := range []string{"ink", "dim", "bad", "warn", "ok", "pick"} {
			for _, behind := range []string{"paper", "panel", "lane"} {
				check("palette."+text, "palette."+behind, 4.5)
			}
		}
		for _, mark := range []string{"ok", "bad", "dim"} {
			for _, bar := range []string{"ring", "talk", "hold"} {
				check("palette."+mark, "palette."+bar, 3)
			}
		}
		check("palette.bad", `getComputedStyle(document.querySelector("#list tr[aria-selected=true]")).backgroundColor`, 4.5)
	}
}

// By the keyboard alone each event and each connection that failed can be reached,
// in the order of time, as far as the search leaves them.
func TestKeys(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	b := open(t, pageOf(t, func(c *capturetest.Capture) {
		port := 40000
		for range 2 {
			for _, phone := range []int{50, 51} {
				port++
				k := c.Conn(fmt.Sprintf("192.168.40.%d:%d", phone, port), "192.168.40.207:80").Open()
				k.Send("GET /incoming?remote=5003 HTTP/1.1\r\nHost: cti\r\nUser-Agent: Grandstream GXP2170\r\n\r\n").Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").Close()
				c.Wait(time.Second)
				port++
				k = c.Conn(fmt.Sprintf("192.168.40.%d:%d", phone, port), fmt.Sprintf("192.168.40.207:80%d", port%50))
				k.Segment(true, layers.TCP{SYN: true, Seq: k.Client}, "")
				k.Segment(false, layers.TCP{RST: true, ACK: true, Ack: k.Client + 1}, "")
				c.Wait(time.Second)
			}
		}
	}), 1200, 800, "")
	if marks := eval[int](b, "marks.length"); marks < 3 {
		t.Fatalf("%d marks", marks)
	}
	const where = `(picked.mark ? "m" + marks.indexOf(picked.mark) : "e" + picked.event)`
	walk := func(key string, n int) string {
		var all []string
		for range n {
			b.shortcut(key)
			all = append(all, eval[string](b, where))
		}
		return strings.Join(all, " ")
	}
	inTime := func(lane string) string {
		return eval[string](b, fmt.Sprintf(`[...Array.from({ length: events.n }, (_, i) => ({ t: events.time[i], name: "e" + i, phone: events.phone[i] })),
			...marks.map((m, i) => ({ t: m.first, name: "m" + i, phone: m.phone }))].filter((x) => %s).sort((a, b) => a.t - b.t).map((x) => x.name).join(" ")`, lane))
	}
	all := inTime("true")
	n := len(strings.Fields(all))
	if got := walk("n", n+1); got != all+" e0" {
		t.Errorf("n goes to %s, want %s e0", got, all)
	}
	b.shortcut("End")
	want(b, where, strings.Fields(all)[n-1])
	b.shortcut("Home")
	want(b, where, "e0")
	lane := strings.Fields(inTime("x.phone === events.phone[0]"))
	if got := walk("ArrowRight", len(lane)-1); got != strings.Join(lane[1:], " ") {
		t.Errorf("the right arrow goes to %s, want %s", got, lane[1:])
	}
	b.shortcut("ArrowLeft")
	want(b, where, lane[len(lane)-2])
	eval[bool](b, `($("query").value = "failed", search(), unpick(), true)`)
	failed := inTime(`x.name.startsWith("m") && marked(marks[x.name.slice(1)])`)
	if failed == "" {
		t.Error("no connection failed")
	}
	b.shortcut("End")
	want(b, where, failed[strings.LastIndex(failed, " ")+1:])
}

// What is read from the address, in whatever it is, leaves the page in order.
func TestState(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	b := open(t, pageOf(t, busy), 1200, 800, "event=0.5&call=0.5&mark=1e9&from=x&to=1&sort=--&time=xx")
	want(b, `[picked.event, picked.call, picked.mark, view.from === first, view.to === last, clock.form].join()`, "-1,,,true,true,utc")
	for _, state := range []string{"event=", "event=-1", "q=%", "event=1e2&from=1e400&to=2", "event=NaN"} {
		eval[bool](b, fmt.Sprintf(`(location.hash = %q, true)`, state))
		b.settle()
	}
	want(b, `picked.event`, -1)
	// A picked event is in view, in the list and among the lanes.
	again := open(t, pageOf(t, busy), 1200, 500, "event=1367")
	want(again, `(() => {
		const row = $("list").querySelector("tr[aria-selected=true]").getBoundingClientRect(), box = $("list").getBoundingClientRect();
		return row.top >= box.top && row.bottom <= box.bottom;
	})()`, true)
	want(again, `laneAt(yOf(picked.lane.row) + 1) === picked.lane && yOf(picked.lane.row) + laneHeight <= view.height`, true)
}

// Text of the list is selected by dragging over it, and stays selected, so that it
// can be copied.
func TestSelect(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	b := open(t, pageOf(t, busy), 1600, 900, "")
	row := eval[point](b, `(() => {
		const box = $("list").querySelectorAll("tr.row")[3].getBoundingClientRect();
		return { X: box.left + 5, Y: box.top + 10 };
	})()`)
	b.do(dragged(row, point{row.X + 260, row.Y})...)
	b.settle()
	want(b, `getSelection().toString().replace(/\s+/g, " ").includes("10.041 34:33 Incoming")`, true)
	want(b, `picked.event`, -1)
	b.do(chromedp.MouseClickXY(row.X+5, row.Y+2*22))
	want(b, `picked.event`, 5)
	b.settle()
	eval[bool](b, `(getSelection().selectAllChildren($("list").querySelector("tr.row")), pickEvent(6, false), true)`)
	b.settle()
	want(b, `getSelection().toString().includes("08:00:02.502")`, true)
	want(b, `$("list").querySelectorAll("tr[aria-selected=true]").length + " " + picked.event`, "1 6")
	want(b, `$("shown").textContent`, "1,368 events in view, all to 192.168.40.207:8085")
}

// Times are those of the zone, whenever its clocks change; a page of several days
// says which day each is on.
func TestZone(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	clock, err := report.NewClock("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	autumn := func(c *capturetest.Capture) {
		for hour := range 5 * 24 {
			c.Until(time.Date(2026, 10, 23, hour, 59, 59, 999_999_950, time.UTC).Sub(capturetest.Start))
			k := c.Conn(fmt.Sprintf("192.168.40.50:%d", 40000+hour), "192.168.40.207:80")
			k.Push(true, "GET /incoming?remote=5003 HTTP/1.1\r\nHost: cti\r\n\r\n")
			k.Push(false, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	}
	var out bytes.Buffer
	p := New(&out, report.Options{Clock: clock})
	writeTo(t, p, autumn)
	b := open(t, out.Bytes(), 1600, 900, "")
	want(b, `clock.full(0) + " " + clock.time(0)`, "2026-10-23 02:59:59.999999950 10-23 02:59:59.999")
	want(b, `clock.time(48) + " " + clock.time(49)`, "10-25 02:59:59.999 10-25 02:59:59.999") // the hour that comes twice
	const labels = `ticks().every(({ x, text }) => {
		const p = Object.fromEntries(new Intl.DateTimeFormat("en-CA", { timeZone: "Europe/Berlin", hourCycle: "h23", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" })
			.formatToParts(timeAt(x) + 0.5).map(({ type, value }) => [type, value]));
		return p.minute === "00" && text === (p.hour === "00" ? p.month + "-" + p.day : p.hour + ":00");
	})`
	for _, hours := range []int{120, 72, 30, 12} { // around the change
		eval[bool](b, fmt.Sprintf(`(show(Date.UTC(2026, 9, 25, 1) - %d * 18e5, Date.UTC(2026, 9, 25, 1) + %[1]d * 18e5), drawNow(), true)`, hours))
		want(b, labels, true)
		want(b, `ticks().length > 3 && ticks().every(({ text }, n, all) => !text.includes("-") || all.findIndex((other) => other.text === text) === n)`, true)
	}
	b.shot("zone")
	// The clocks went back at 01:00 UTC.
	for query, want := range map[string]int{"since:2026-10-25T01:30": 73, "since:2026-10-25T03:30": 70, "until:03:30": 1, "since:2026-10-25T00:30:00Z": 72} {
		if got := eval[int](b, fmt.Sprintf(`(choose(%q), filter.count)`, query)); got != want {
			t.Errorf("%q finds %d events, want %d", query, got, want)
		}
	}
	want(b, `(setClock("relative"), choose("since:2026-10-25T01:30:00Z"), filter.count)`, 71)
	want(b, `(choose("until:01:30"), filter.count + filter.wrong)`, "1")

	out.Reset()
	if err := New(&out, report.Options{}).Close(); err != nil {
		t.Fatal(err)
	}
	empty := open(t, out.Bytes(), 1200, 800, "")
	want(empty, `ticks().length`, 0)
}

// Paper is white, and has no canvas that browsers cannot draw; the verdict on it is
// open.
func TestPaper(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	page, add := synthetic(t, report.Options{})
	for i := range 97 * 250 {
		add(int64(i)*1e6, i/97, "/incoming?remote=5003") // the last of each 97 fails
	}
	b := open(t, page(), 1000, 700, "")
	b.dark(true)
	eval[bool](b, `(addEventListener("beforeprint", () => {
		const canvas = $("canvas"), [r] = canvas.getContext("2d").getImageData(canvas.width - 10, canvas.height - 10, 1, 1).data;
		globalThis.paper = [canvas.width, canvas.height < 16384, r > 240, $("unprinted").textContent, document.querySelectorAll("#verdict details:not([open])").length].join();
	}), true)`)
	b.printed()
	want(b, `paper`, "2000,true,true,and 50 more phones,0")
	want(b, `printed.length + " " + view.lanes.length + " " + $("servers").open`, "200 250 false")
	want(b, `getComputedStyle(document.documentElement).getPropertyValue("--paper")`, "#15181c")
}
