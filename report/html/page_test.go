package html

import (
	"bytes"
	"fmt"
	"math"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/decode"
	"actionurl/decode/analysis"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/report"
)

func busy(c *capturetest.Capture) { capturetest.BusyHour(c, 12) }

// A person opens the page, looks, searches by mouse and keyboard, and comes back
// to it by its address.
func TestPage(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	html := pageOf(t, busy)
	b := open(t, html, 1600, 900, "")
	want(b, `events.n`, 1368)
	want(b, `$("count").textContent`, "1,368 events")
	want(b, `lanes.length`, 40)
	want(b, `lanes.slice(0, 3).map((l) => l.name + l.failing).join(" ")`, "34:36true 34:42true 34:4etrue")
	want(b, `lanes[3].name + lanes[39].name`, "34:3234:59")
	want(b, `calls.length > 400 && calls.every((c) => c.phone > 0 && c.end >= c.first)`, true)
	want(b, `events.time.every((t, i) => i === 0 || t >= events.time[i - 1])`, true)
	want(b, `clock.full(0)`, "2026-03-02 08:00:02.502000")

	// Each event is where its time and its phone say, in the color of what became
	// of it.
	failed := eval[int](b, `events.failed.indexOf(1)`)
	color := b.shot("page")
	if c := color(b.placeOf(failed)); !red(c) {
		t.Errorf("the failed event is %v", c)
	}
	if c := color(b.placeOf(0)); !blue(c) {
		t.Errorf("the first event is %v", c)
	}

	b.move(b.placeOf(failed))
	want(b, `$("tip").hidden`, false)
	want(b, `$("tip").textContent.startsWith("2026-03-02 08:0") && $("tip").textContent.includes("34:42  Incoming Call") && /400 after \d\.00 ms/.test($("tip").textContent)`, true)

	// By the keyboard alone: search, go to the second match, read, leave.
	b.shortcut("/")
	b.press("status:4xx")
	b.wait(`$("count").textContent === "36 of 1,368 events"`)
	b.press("\r")
	b.press("\x1b")
	b.press("n")
	want(b, `picked.event`, eval[int](b, `[...filter.match.keys()].filter((i) => filter.match[i] === 1)[1]`))
	want(b, `$("status").textContent.includes("Establish Call")`, true)
	want(b, `$("details").innerText.includes("$call_id was not replaced")`, true)
	want(b, `$("details").innerText.includes("correct") || $("details").innerText.includes("spell it as")`, true)
	want(b, `$("details").querySelector("svg").getAttribute("aria-label")`, "Ladder of the call: 3 steps")
	want(b, `list.rows.length`, 36)
	want(b, `$("list").querySelectorAll("tr.row").length > 10`, true)
	b.settle()
	b.shot("details")
	state := eval[string](b, `location.hash`)
	if !strings.Contains(state, "q=status") || !strings.Contains(state, "event=") {
		t.Errorf("the state is %s", state)
	}
	event := eval[int](b, `picked.event`)
	b.press("\x1b")
	want(b, `picked.event + " " + $("details").hidden`, "-1 true")

	again := open(t, html, 1600, 900, strings.TrimPrefix(state, "#"))
	want(again, `picked.event`, event)
	want(again, `$("query").value`, "status:4xx")
	want(again, `filter.count`, 36)
	want(again, `$("details").innerText.includes("$call_id was not replaced")`, true)
}

// The verdict is the one of the summary, and each cause of it a filter.
func TestVerdict(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	html, v := written(t, busy)
	var text bytes.Buffer
	if err := report.WriteVerdict(&text, v, report.VerdictOptions{Name: "busy.pcap", Width: 1000}); err != nil {
		t.Fatal(err)
	}
	b := open(t, html, 1600, 900, "")
	shown := strings.Join(strings.Fields(eval[string](b, `$("verdict").textContent`)), " ")
	if len(v.Causes) != 3 {
		t.Fatalf("%d causes", len(v.Causes))
	}
	for i := range v.Causes {
		c := &v.Causes[i]
		for _, part := range []string{report.Who(v, c), c.What, c.Apart, fmt.Sprintf("%s (frame %d)", c.Hint, c.Frame)} {
			if !strings.Contains(shown, part) || !strings.Contains(strings.Join(strings.Fields(text.String()), " "), part) {
				t.Errorf("%q is not in both the page and the text\n%s\n%s", part, shown, text.String())
			}
		}
	}
	for cause, count := range []string{"0 of 1,368 events and 1 connection finding", "36 of 1,368 events", "0 of 1,368 events and 1 connection finding"} {
		eval[bool](b, fmt.Sprintf(`(document.querySelector("button[data-cause='%d']").click(), true)`, cause))
		want(b, `$("count").textContent`, count)
		want(b, `view.lanes.length`, 1)
		want(b, fmt.Sprintf(`document.querySelector("button[data-cause='%d']").ariaPressed`, cause), "true")
	}
	eval[bool](b, `(document.querySelector("button[data-cause='2']").click(), true)`)
	want(b, `$("query").value + view.lanes.length`, "40")
}

// Without its script a page has the verdict, and nothing that does not work.
func TestNoScript(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	b := open(t, pageOf(t, busy), 1200, 300, "")
	if _, err := chromedp.Call(b.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	b.requests = nil
	b.mu.Unlock()
	b.do(chromedp.Reload())
	b.wait(`document.querySelector("noscript p") !== null`)
	want(b, `["bar", "overview", "lanes", "list", "busy"].filter((id) => document.getElementById(id).checkVisibility()).join()`, "")
	want(b, `[...document.querySelectorAll("#verdict li")].filter((cause) => cause.checkVisibility()).length`, 3)
	want(b, `getComputedStyle(document.body).overflow + " " + (document.querySelector("#verdict").scrollHeight <= document.querySelector("#verdict").clientHeight)`, "auto true")
	b.shot("noscript")
}

// Words of a search, and how many events they mean; those of the command mean the
// same to it.
func TestSearch(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	b := open(t, pageOf(t, busy), 1200, 800, "")
	count := func(query string) int { return eval[int](b, fmt.Sprintf(`(choose(%q), filter.count)`, query)) }
	for query, want := range map[string]int{
		"": 1368, "event:incoming": 456, "event:Establish": 456, "phone:82:12": 0, "failed:no": 1332, "-failed": 1332, "-status:400": 1332,
		`"Anna Schmidt"`: 288, "-schmidt": 1080, "server:9999": 0, "xyzzy": 0, "GXP2170": 1368, `"$call_id"`: 36,
		"call-id=523077316-5060-0": 3, "call:523077316-5060-0": 3, "cause:2": 36, "cause:7": 0,
	} {
		if got := count(query); got != want {
			t.Errorf("%q finds %d events, want %d", query, got, want)
		}
	}
	for _, query := range []string{
		"event:incoming", "event:incoming,terminated", `event:"Establish Call"`, "event:hold", "phone:34:42", "phone:000b82123442", "phone:00:0b:82:12:34:42",
		"phone:34:42 phone:34:43", "phone:192.168.40.66", "status:400", "status:4xx", "status:>=400", "status:404,400", "status:2xx", "status:none",
		"failed", "finding:unresolved_variable", "finding:raw_blank,refused", "server:192.168.40.207", "server:192.168.40.207:8085", "event:incoming phone:34:42 status:400",
		"since:08:30", "until:2026-03-02T08:30:00Z", "since:2026-03-02", "since:08:30 until:08:45:30", "since:-15m", `match:"Anna Schmidt"`, "r=01711078620",
	} {
		if got, want := count(query), shownBy(t, busy, query); got != want {
			t.Errorf("%q finds %d events, the command %d", query, got, want)
		}
	}
}

// Phones and servers are found by what the command finds them by, too: extensions,
// networks, the Host header. A word that cannot be read is said.
func TestSearchNames(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	several := func(c *capturetest.Capture) {
		for i, server := range []string{"192.168.40.207:80", "192.168.40.207:8080", "10.0.0.9:80", "[2001:db8::9]:8080"} {
			for phone := 50; phone < 53; phone++ {
				from := fmt.Sprintf("192.168.%d.%d:%d", 40+phone%2, phone, 40000+i)
				if server[0] == '[' {
					from = fmt.Sprintf("[2001:db8::%x]:%d", phone, 40000+i)
				}
				k := c.Conn(from, server).Open()
				k.Send(fmt.Sprintf("GET /incoming?mac=000b821234%02x&local=%d&remote=700 HTTP/1.1\r\nHost: cti%d.example\r\n\r\n", phone, 5000+phone, i))
				k.Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").Close()
				c.Wait(time.Minute)
			}
		}
	}
	b := open(t, pageOf(t, several), 1200, 800, "")
	count := func(query string) int { return eval[int](b, fmt.Sprintf(`(choose(%q), filter.count)`, query)) }
	for _, query := range []string{
		"phone:5051", "phone:505", "phone:192.168.41.0/24", "phone:192.168.0.0/16", "phone:2001:db8::/120", "phone:192.168.41.51", "phone:2001:DB8:0::33", "phone:0.0.0.0/0",
		"server::80", "server::8080", "server:192.168.40.0/24", "server:192.168.40.0/24:80", "server:10.0.0.9", "server:10.0.0.9:8080", "server:[2001:db8::9]:8080",
		"server:2001:db8::9", "server:cti1.example", "server:CTI1.example:8080", "server:cti1.example:80",
		"since:-1m30s", "since:8:05", `since:"2026-03-02 08:05"`,
	} {
		if got, want := count(query), shownBy(t, several, query); got != want {
			t.Errorf("%q finds %d events, the command %d", query, got, want)
		}
	}
	for query, wrong := range map[string]string{
		"since:25:99": `"25:99" is not a time such as 08:30, 2026-03-02T08:30 or -10m`, "until:-10x": `"-10x" is not a time such as 08:30, 2026-03-02T08:30 or -10m`,
		"status:>=": `">=" is not a status such as 404, 4xx, >=400 or none`, "phone:10.0.0.0/99": `"10.0.0.0/99" is not a network such as 10.0.8.0/22`,
		"server:x/y": `"x/y" is not a network such as 10.0.8.0/22`, "status:timeout": "", `"since:`: "", "phone:": "", "server:[": "", "server::": "",
	} {
		if got := eval[string](b, fmt.Sprintf(`($("query").value = %q, search(), filter.wrong)`, query)); got != wrong {
			t.Errorf("of %q the page says %q", query, got)
		}
	}
	want(b, `($("query").value = "since:x", search(), $("count").textContent + filter.count)`, `"x" is not a time such as 08:30, 2026-03-02T08:30 or -10m0`)
	want(b, `($("query").value = "", search(), filter.wrong + $("count").textContent)`, "12 events")
}

// shownBy returns how many events of a capture the command's filter shows.
func shownBy(t *testing.T, build func(*capturetest.Capture), query string) int {
	t.Helper()
	f := report.Filter{View: report.Events}
	if err := f.Parse(query, time.UTC); err != nil {
		t.Fatal(err)
	}
	n, begun := 0, false
	last := int64(0)
	decoded(t, build, decode.Analysis{}, func(r *decode.Record) error { last = r.Time; return nil })
	decoded(t, build, decode.Analysis{}, func(r *decode.Record) error {
		if !begun {
			begun = true
			f.Anchor(r.Time, last)
		}
		if f.Shows(r) {
			n++
		}
		return nil
	})
	return n
}

// Zooming and moving, by wheel, keys and drags.
func TestZoom(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	b := open(t, pageOf(t, busy), 1600, 900, "")
	whole := eval[float64](b, `view.to - view.from`)
	at := b.placeOf(600)
	at.X = math.Floor(at.X) // wheels turn at whole pixels
	time := eval[float64](b, fmt.Sprintf(`timeAt(%f - $("canvas").getBoundingClientRect().left)`, at.X))
	eval[bool](b, fmt.Sprintf(`$("lanes").dispatchEvent(new WheelEvent("wheel", { deltaY: -400, clientX: %f, clientY: %f, cancelable: true, bubbles: true }))`, at.X, at.Y))
	want(b, fmt.Sprintf(`Math.abs(timeAt(%f - $("canvas").getBoundingClientRect().left) - %f) < 1 && view.to - view.from < %f`, at.X, time, whole*0.6), true)
	b.press("f")
	want(b, `view.to - view.from`, whole)
	b.press("++")
	want(b, fmt.Sprintf(`Math.abs((view.to - view.from) / %f - 0.25) < 1e-6`, whole), true)
	from := eval[float64](b, `view.from`)
	b.do(dragged(at, point{at.X - 200, at.Y})...)
	want(b, fmt.Sprintf(`view.from > %f`, from), true)
	b.press("f-")
	want(b, `view.to - view.from`, whole)
	// Down to a microsecond: marks of one call lie apart.
	eval[bool](b, `(show(events.time[0] - 0.0005, events.time[0] + 0.0005), true)`)
	b.settle()
	color := b.shot("microsecond")
	if c := color(b.placeOf(0)); !blue(c) {
		t.Errorf("the event is %v", c)
	}
	want(b, `list.rows.length`, 1)
}

// On a telephone and on a wide screen nothing is out of reach; dark and on paper
// it can be read.
func TestLayout(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	b := open(t, pageOf(t, busy), 400, 800, "event=3")
	for _, width := range []int64{400, 1000, 1600, 3840} {
		b.do(emulate(width))
		b.settle()
		want(b, `document.documentElement.scrollWidth <= innerWidth`, true)
		want(b, `["query", "overview", "lanes", "list", "details"].every((id) => $(id).getBoundingClientRect().width > 150)`, true)
		b.shot(fmt.Sprintf("width-%d", width))
	}
	b.do(emulate(1600))
	b.dark(true)
	color := b.shot("dark")
	if c := color(point{1000, 890}); c.R > 60 {
		t.Errorf("the dark page is %v", c)
	}
	if c := color(b.placeOf(0)); !blue(c) {
		t.Errorf("the first event is %v", c)
	}
	b.dark(false)
	want(b, `$("overview").clientWidth === document.body.clientWidth`, true)
	before := eval[string](b, `view.from + " " + view.lanes.length`)
	pdf := b.printed()
	if len(pdf) < 10_000 {
		t.Errorf("the printed page has %d bytes", len(pdf))
	}
	want(b, `printed.map((lane) => lane.name).join(" ")`, "34:36 34:42 34:4e")
	want(b, `view.from + " " + view.lanes.length`, before)
}

// Names that are written from right to left leave what is beside them in its place.
func TestRightToLeft(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	b := open(t, pageOf(t, busy), 1600, 900, "")
	const name = "מחסן 5003"
	eval[bool](b, fmt.Sprintf(`(meta.phones[events.phone[0]][0] = %q, fillList(), pickEvent(0), true)`, name))
	b.settle()
	// placed returns where a text of an element begins and ends on the screen.
	const placed = `(element, text) => {
		const walk = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
		for (let node = walk.nextNode(); node; node = walk.nextNode()) {
			const at = node.data.indexOf(text);
			if (at < 0) continue;
			const range = document.createRange();
			range.setStart(node, at);
			range.setEnd(node, at + text.length);
			return range.getBoundingClientRect();
		}
	}`
	want(b, fmt.Sprintf(`(() => {
		const placed = %s, line = $("details").querySelector("div");
		return placed(line, %q).right <= placed(line, "→").left && placed(line, "→").right <= placed(line, "192.168").left;
	})()`, placed, name), true)
	want(b, fmt.Sprintf(`(() => {
		const placed = %s, b = document.querySelector("#verdict b");
		b.textContent = %q;
		b.nextSibling.data = " 5 of 7";
		return placed(b, %[2]q).right <= placed(b.parentElement, "5 of").left;
	})()`, placed, name), true)
	want(b, `getComputedStyle($("list").querySelector("tr.row").cells[1]).direction + " " + getComputedStyle($("list").querySelector("tr.row").cells[0]).direction`, "rtl ltr")
	b.shot("right-to-left")
}

// A name of any length and any script is cut to its room, between characters.
func TestLongName(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	b := open(t, pageOf(t, busy), 1000, 700, "")
	want(b, `(() => {
		let measured = 0;
		const measure = CanvasRenderingContext2D.prototype.measureText;
		CanvasRenderingContext2D.prototype.measureText = function (text) {
			measured += text.length;
			return measure.call(this, text);
		};
		lanes[0].name = "😀".repeat(30000);
		lanes[0].cutTo = 0;
		drawNow();
		return lanes[0].cut.isWellFormed() && lanes[0].cut.endsWith("😀…") && lanes[0].cut.length < 60 && measured < 300000;
	})()`, true)
}

// The list sorts, and is copied as CSV that no spreadsheet runs.
func TestList(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	b := open(t, pageOf(t, func(c *capturetest.Capture) {
		for i, number := range []string{"=1+1", "300", "20"} {
			k := c.Conn(fmt.Sprintf("192.168.40.50:%d", 40000+i), "192.168.40.207:80").Open()
			k.Send("GET /incoming?mac=000b82123432&remote=" + number + " HTTP/1.1\r\nHost: cti\r\n\r\n")
			c.Wait(time.Duration(3-i) * time.Millisecond)
			k.Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").Close()
			c.Wait(time.Second)
		}
	}), 1200, 800, "")
	sort := func(column string) string {
		return eval[string](b, fmt.Sprintf(`(() => {
			[...$("list").querySelectorAll("th button")].find((e) => e.textContent.startsWith(%q)).click();
			return [...$("list").querySelectorAll("tr.row")].map((row) => row.cells[4].textContent).join(" ");
		})()`, column))
	}
	for _, test := range [][2]string{{"time", "20 300 =1+1"}, {"ms", "20 300 =1+1"}, {"ms", "=1+1 300 20"}, {"who", "20 300 =1+1"}} {
		if got := sort(test[0]); got != test[1] {
			t.Errorf("by %s: %s, want %s", test[0], got, test[1])
		}
	}
	csv := eval[string](b, `(list.down = false, list.sort = "time", fillList(), csv())`)
	lines := strings.Split(csv, "\r\n")
	if len(lines) != 5 || !strings.HasPrefix(lines[1], "2026-03-02T08:00:00.003000000Z,34:32,incoming_call,'=1+1,200,") {
		t.Errorf("the CSV is\n%s", csv)
	}
	want(b, `$("list").querySelector("table").ariaRowCount`, "4")
}

// What is copied sends the same request, and finds it.
func TestCopy(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	b := open(t, pageOf(t, func(c *capturetest.Capture) {
		k := c.Conn("192.168.40.50:40000", "192.168.40.207:8085").Open()
		k.Send("GET /incoming?mac=000b82123432&n=J\xfcr'gen Doe&x=$(id) HTTP/1.1\r\nHost: cti\r\nUser-Agent: it's\r\n\r\n")
		k.Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").Close()
	}), 1200, 800, "event=0")
	want(b, `curl(0)`, `curl --globoff --request-target $'/incoming?mac=000b82123432&n=J\xfcr\x27gen Doe&x=$(id)' -H 'Host: cti' -A 'it'\''s' 'http://192.168.40.207:8085/'`)
	b.do(chromedp.MouseClickXY(func() (x, y float64) {
		at := eval[point](b, `(() => {
			const box = [...document.querySelectorAll("#details button")].find((e) => e.textContent === "copy the frame filter").getBoundingClientRect();
			return { X: box.left + 5, Y: box.top + 5 };
		})()`)
		return at.X, at.Y
	}()))
	b.wait(`$("busy").hidden === false && $("busy").textContent === "copied the frame filter" && $("status").textContent === $("busy").textContent`)
	want(b, `(meta.heads[events.head[0]][4] = "TLSv1.2", curl(0).endsWith(" --connect-to '::192.168.40.207:8085' 'https://cti/'"))`, true)
	want(b, `(meta.heads[events.head[0]][2] = "x@y/", curl(0).endsWith(" 'https://192.168.40.207:8085/'"))`, true)
	want(b, `quoted("a'b")`, `'a'\''b'`)
	want(b, `tsharkFilter("192.168.40.50", 40000, "192.168.40.207:8085")`,
		"ip.addr == 192.168.40.50 && tcp.port == 40000 && ip.addr == 192.168.40.207 && tcp.port == 8085")
	want(b, `tsharkFilter("2001:db8::1", 1, "[2001:db8::2]:80")`, "ipv6.addr == 2001:db8::1 && tcp.port == 1 && ipv6.addr == 2001:db8::2 && tcp.port == 80")
}

// What was sent stays text, wherever it is shown.
func TestHostile(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	const bad = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\u202e\u2066\x00\x1b]0;x\x07<!--\u2028'\"`${alert(3)}"
	html := pageOf(t, func(c *capturetest.Capture) {
		for i, target := range []string{"/incoming?mac=000b82123432&remote=5003&display_remote=" + bad, "/established?mac=000b82123432&" + bad + "=" + bad} {
			k := c.Conn(fmt.Sprintf("192.168.40.50:%d", 40000+i), "192.168.40.207:80").Open()
			k.Send("GET " + target + " HTTP/1.1\r\nHost: " + strings.ReplaceAll(bad, "\x00", "") + "\r\nUser-Agent: Grandstream " + bad + "\r\n\r\n")
			k.Reply("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n").Close()
			c.Wait(time.Second)
		}
	}, func(in *capture.Interface) { in.Capture = "</title><img src=x onerror=alert(4)>\u202e.pcap" })
	for _, raw := range []string{"<img", "<script>alert", "\u202e"} {
		if bytes.Contains(html, []byte(raw)) {
			t.Errorf("the page holds %q as it is", raw)
		}
	}
	b := open(t, html, 1200, 800, "event=0")
	want(b, `events.n`, 2)
	want(b, `document.images.length + document.scripts.length`, 1)
	want(b, `document.title.startsWith("</title><img")`, true)
	want(b, `/[\u202e\u2066\u0000\u001b\u2028]/.test(document.documentElement.innerText + document.title)`, false)
	want(b, `$("details").innerText.includes("<img src=x onerror=alert(2)>\\u202e\\u2066\\x00\\x1b]0;x\\x07<!--\\u2028")`, true)
	b.move(b.placeOf(0))
	want(b, `$("tip").textContent.includes("<img")`, true)
	want(b, `(choose("onerror"), filter.count)`, 2)
	want(b, `curl(0).includes("\u202e")`, false)
	eval[bool](b, `(pickEvent(1), true)`)
	b.settle()
	b.shot("hostile")
}

// A page whose captures overlap shows events in the order of time, each with its
// own details.
func TestUnsorted(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	page, add := synthetic(t, report.Options{})
	for _, at := range []int64{3, 1, 2} {
		add(at*1e9, int(at), fmt.Sprintf("/incoming?mac=000b8212343%d&remote=%d", at, at))
	}
	b := open(t, page(), 1000, 700, "")
	want(b, `[0, 1, 2].map((i) => detailsOf(i).target.slice(-1) + who(i) + meta.phones[events.phone[i]][1].slice(-1)).join(" ")`, "111 222 333")
	want(b, `(choose("remote=2"), [...filter.match].join())`, "0,1,0")
}

// Numbers are whole, however large: a live run counts billions of frames, and a
// clock that was set while a request waited makes its latency decades.
func TestNumbers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	var out bytes.Buffer
	p := New(&out, report.Options{})
	decoded(t, func(c *capturetest.Capture) {
		c.Conn("192.168.40.50:40000", "192.168.40.207:80").Open().Send("GET /incoming?remote=1 HTTP/1.1\r\nHost: cti\r\n\r\n").Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").Close()
	}, decode.Analysis{Live: true}, func(r *decode.Record) error {
		r.Frame, r.Latency = 3_000_000_000_000, 56*365*24*int64(time.Hour)
		return p.Record(r)
	})
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	b := open(t, out.Bytes(), 1000, 700, "event=0")
	want(b, `$("details").textContent.includes("frame 3000000000000 of busy.pcap") + " " + latencyText(0)`, "true 1766016000000")
}

// synthetic returns what adds requests to a page, and the page.
func synthetic(t testing.TB, o report.Options, change ...func(*Page)) (page func() []byte, add func(at int64, phone int, target string)) {
	t.Helper()
	var out bytes.Buffer
	p := New(&out, o)
	for _, f := range change {
		f(p)
	}
	on := &capture.Interface{Capture: "synthetic.pcap"}
	a := analysis.New(analysis.Config{Call: p.Call, Found: p.Found, Live: true, Prompt: true}, p.Record)
	server := netip.MustParseAddrPort("192.168.40.207:8085")
	n := 0
	base := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).UnixNano()
	return func() []byte {
			if err := a.Flush(); err != nil {
				t.Fatal(err)
			}
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			if *keep != "" {
				if err := os.WriteFile(*keep+"/"+strings.ReplaceAll(t.Name(), "/", "-")+".html", out.Bytes(), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			return out.Bytes()
		}, func(at int64, phone int, target string) {
			n++
			status := 200
			if n%97 == 0 {
				status = 503
			}
			a.Exchange(&httpwire.Exchange{
				Origin: packet.Origin{Interface: on, Frame: 10 * n, Time: base + at},
				Client: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(phone >> 8), byte(phone)}), uint16(1024+n*7%60000)), Server: server,
				Method: "GET", Target: target, Host: "192.168.40.207:8085", Version: "HTTP/1.1",
				UserAgent: fmt.Sprintf("Grandstream Model HW GXP2170 SW 1.0.11.79 DevId 000b8212%04x", phone), ContentLength: -1,
				Status: status, Latency: int64(3_000_000 + n*7919%9_000_000), Done: true,
			})
			a.Advance(base+at, base+at)
		}
}
