package report

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"actionurl/decode/finding"
	"actionurl/decode/packet"
	"actionurl/decode/verdict"
)

// VerdictOptions say how a verdict is written.
type VerdictOptions struct {
	Name  string // of what was read
	Width int    // of the terminal in columns; 0 for 80
	Zone  *time.Location
	Color bool
	Notes bool // list each note; else they share one line
}

// maxNamed is how many phones of a cause are named.
const maxNamed = 4

// Quiet returns what a verdict without a cause says; empty where there is one, or
// nothing at all was captured.
func Quiet(v *verdict.Verdict) string {
	switch {
	case len(v.Causes) > 0 || len(v.Phones)+v.Silent == 0:
		return ""
	case v.Events > 0 && !anyAnswer(v):
		return "? no answer was captured, so nothing shows whether the events were accepted: capture both directions"
	case v.Events > 0:
		return "✓ no problem found"
	case len(v.Notes) > 0:
		return "? no Action URL was captured that could be read"
	}
	return "? no Action URL was captured: check that they are configured in the phones, and that this capture point sees the phones' HTTP"
}

// anyAnswer reports whether the capture shows of any event what became of it.
func anyAnswer(v *verdict.Verdict) bool {
	return slices.ContainsFunc(v.Servers, func(s verdict.Server) bool { return s.OK+s.Failed > 0 })
}

// WriteVerdict writes a verdict for people: what was captured, a cause at a
// time, the servers. It returns the first error of w.
func WriteVerdict(w io.Writer, v *verdict.Verdict, o VerdictOptions) error {
	p := newVerdictText(v, o)
	p.write()
	_, err := io.WriteString(w, p.text.String())
	return err
}

func newVerdictText(v *verdict.Verdict, o VerdictOptions) *verdictText {
	if o.Width <= 0 {
		o.Width = 80
	}
	return &verdictText{VerdictOptions: o, verdict: v, tails: newTails(v.Phones)}
}

func (p *verdictText) write() {
	v := p.verdict
	p.head()
	for i := range v.Causes {
		from := p.text.Len() + 1 // after a blank line
		p.cause(&v.Causes[i])
		p.causes = append(p.causes, [2]int{from, p.text.Len()})
	}
	if quiet := Quiet(v); quiet != "" {
		p.wrapped(" ", quiet)
	}
	if crowded := Crowded(v); crowded != "" {
		p.wrapped(" ! ", crowded)
	}
	p.notes()
	p.servers()
}

// A verdictText is a verdict in the making.
type verdictText struct {
	VerdictOptions
	verdict *verdict.Verdict
	tails   tails
	text    strings.Builder
	causes  [][2]int // where each begins and ends in text
}

// head writes the first line, which stands for the whole where there is room
// for one.
func (p *verdictText) head() {
	v := p.verdict
	phones := len(v.Phones) + v.Silent
	var parts []string
	if p.Name != "" {
		parts = append(parts, Visible(p.Name))
	}
	switch {
	case v.Requests == 0 && phones == 0:
		parts = append(parts, "no HTTP request and no phone in it")
	case v.Events == 0 && phones == 0:
		parts = append(parts, "no phone and no Action URL in "+plural(v.Requests, "HTTP request"))
	default:
		parts = append(parts, span(v.First, v.Last, p.Zone), plural(phones, "phone"), plural(v.Events, "event"))
		if v.Failing > 0 {
			fails := "phones fail"
			if v.Failing == 1 {
				fails = "phone fails"
			}
			parts = append(parts, grouped(v.Failing)+" "+fails)
		}
	}
	line := parts[0]
	for _, part := range parts[1:] {
		if cellWidth(line)+2+cellWidth(part) > p.Width {
			p.text.WriteString(line + "\n")
			line = part
			continue
		}
		line += "  " + part
	}
	p.text.WriteString(line + "\n")
}

// span renders the time between two moments.
func span(first, last int64, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	a, b := time.Unix(0, first).In(zone), time.Unix(0, last).In(zone)
	layout := "15:04"
	if b.Sub(a) < 2*time.Minute {
		layout = "15:04:05"
	}
	until := b.Format(layout)
	if a.Format(time.DateOnly) != b.Format(time.DateOnly) {
		until = b.Format("2006-01-02 " + layout)
	}
	return a.Format("2006-01-02 "+layout) + "–" + until + a.Format(" MST")
}

// cause writes a cause.
func (p *verdictText) cause(c *verdict.Cause) {
	mark, color := " ✗ ", red
	if c.Severity != finding.Error {
		mark, color = " ! ", "\x1b[33m"
	}
	p.text.WriteByte('\n')
	if p.Color {
		p.text.WriteString(color + mark + plainText)
	} else {
		p.text.WriteString(mark)
	}
	who := p.who(c)
	if who != "" {
		who += "  "
	}
	indent := 3 + cellWidth(who)
	if indent > 14 { // names of several: what happens follows them
		indent = 3
	}
	what := c.What
	if c.Apart != "" {
		what += "; " + c.Apart
	}
	body := fold(who+what, p.Width-indent, 3-indent)
	hint := c.Hint
	if c.Frame > 0 {
		hint += " (" + p.place(c) + ")"
	}
	body = append(body, fold(hint, p.Width-indent, 0)...)
	for i, line := range body {
		if i > 0 {
			p.text.WriteString(strings.Repeat(" ", indent))
		}
		p.text.WriteString(line)
		p.text.WriteByte('\n')
	}
}

// place names the first frame of a cause, with its capture where that is not
// the verdict's own.
func (p *verdictText) place(c *verdict.Cause) string {
	if c.Capture == "" || c.Capture == p.Name {
		return "frame " + strconv.Itoa(c.Frame)
	}
	return fmt.Sprintf("%s:%d", Visible(c.Capture), c.Frame)
}

// who names the phones of a cause.
func (p *verdictText) who(c *verdict.Cause) string {
	switch {
	case c.All:
		return "all " + grouped(len(c.Phones))
	case len(c.Phones) > maxNamed:
		return plural(len(c.Phones), "phone")
	}
	var all []string
	for _, phone := range c.Phones {
		all = append(all, p.tails.name(phone))
	}
	return strings.Join(all, ", ")
}

// notes writes what hurts nobody.
func (p *verdictText) notes() {
	all := p.verdict.Notes
	if len(all) == 0 {
		return
	}
	p.text.WriteByte('\n')
	if p.Notes || p.verdict.Events == 0 { // where nothing arrived, a note may say why
		for i := range all {
			p.wrapped(" · ", fmt.Sprintf("%s (%s): %s; %s", all[i].Kind.Title(), plural(len(all[i].Phones), "phone"), all[i].What, all[i].Hint))
		}
		return
	}
	var words []string
	for i := range all {
		words = append(words, fmt.Sprintf("%s (%s)", all[i].Kind.Title(), plural(len(all[i].Phones), "phone")))
	}
	p.wrapped(" · ", plural(len(all), "note")+": "+strings.Join(words, ", ")+": --notes")
}

// wrapped writes a text in the width, its later lines indented as its first by
// the mark.
func (p *verdictText) wrapped(mark, text string) {
	for i, line := range fold(text, p.Width-cellWidth(mark), 0) {
		if i > 0 {
			mark = strings.Repeat(" ", cellWidth(mark))
		}
		p.text.WriteString(mark + line + "\n")
	}
}

// Fold breaks a text into lines of a width in terminal columns. What is wider and
// has no space stands by itself. Text off the wire is escaped.
func Fold(text string, width int) []string { return fold(text, width, 0) }

// fold is Fold with a first line that is wider by more, narrower if that is
// negative.
func fold(text string, width, more int) []string {
	var lines []string
	var line strings.Builder
	used, room := 0, max(20, width-more)
	for word := range strings.SplitSeq(Visible(text), " ") {
		n := cellWidth(word)
		if used > 0 && used+1+n > room {
			lines = append(lines, line.String())
			line.Reset()
			used, room = 0, max(20, width)
		}
		if used > 0 {
			line.WriteByte(' ')
			used++
		}
		line.WriteString(word)
		used += n
	}
	return append(lines, line.String())
}

// servers writes a line a server.
func (p *verdictText) servers() {
	all := p.verdict.Servers
	if len(all) == 0 {
		return
	}
	const maxShown = 8
	shown := all[:min(len(all), maxShown)]
	name := len("server")
	for i := range shown {
		name = max(name, len(shown[i].Addr.String()))
	}
	type column struct {
		head  string
		width int
		rank  int // columns of high rank are left out first
		text  func(*verdict.Server) string
	}
	columns := []column{
		{"phones", 7, 3, func(s *verdict.Server) string { return grouped(s.Phones) }},
		{"events", 8, 1, func(s *verdict.Server) string { return grouped(s.Events) }},
		{"ok", 6, 2, func(s *verdict.Server) string { return percent(s.OK, s.OK+s.Failed) }},
		{"p50", 7, 6, func(s *verdict.Server) string { return latency(s.Median) }},
		{"p95", 7, 5, func(s *verdict.Server) string { return latency(s.P95) }},
		{"max", 7, 4, func(s *verdict.Server) string { return latency(s.Max) }},
	}
	room := p.Width - name - 1
	for _, c := range columns {
		room -= c.width + 1
	}
	for rank := len(columns); room < 0 && rank > 1; rank-- {
		i := slices.IndexFunc(columns, func(c column) bool { return c.rank == rank })
		room += columns[i].width + 1
		columns = slices.Delete(columns, i, i+1)
	}
	p.text.WriteByte('\n')
	line := fmt.Sprintf(" %-*s", name, "server")
	for _, c := range columns {
		line += fmt.Sprintf(" %*s", c.width, c.head)
	}
	const least = len("08:00 > 09:00")
	if room >= least+2 {
		line += "  " + p.ends()
	}
	p.text.WriteString(line + "\n")
	for i := range shown {
		s := &shown[i]
		line := fmt.Sprintf(" %-*s", name, s.Addr)
		for _, c := range columns {
			line += fmt.Sprintf(" %*s", c.width, c.text(s))
		}
		if room >= least+2 {
			line += "  " + spark(s.Bars, min(room-2, 24))
		}
		p.text.WriteString(line + "\n")
	}
	if more := len(all) - len(shown); more > 0 {
		p.text.WriteString(" and " + plural(more, "more server") + ": --view servers\n")
	}
}

// ends names the ends of the servers' bars.
func (p *verdictText) ends() string {
	begin, end, _ := strings.Cut(span(p.verdict.First, p.verdict.Last, p.Zone), "–")
	return begin[len("2006-01-02 "):] + " → " + end[:strings.LastIndexByte(end, ' ')]
}

// percent renders a share, never rounded up to all.
func percent(n, of int) string {
	switch {
	case of == 0:
		return "-"
	case n == of:
		return "100%"
	}
	return strconv.FormatFloat(float64(n*1000/of)/10, 'f', 1, 64) + "%"
}

// latency renders nanoseconds in two or three digits with their unit; "-" for none.
func latency(ns int64) string {
	switch {
	case ns == 0:
		return "-"
	case ns < 9.95e6:
		return strconv.FormatFloat(float64(ns)/1e6, 'f', 1, 64) + " ms"
	case ns < 999.5e6:
		return strconv.FormatFloat(float64(ns)/1e6, 'f', 0, 64) + " ms"
	}
	return strconv.FormatFloat(float64(ns)/1e9, 'f', 1, 64) + " s"
}

// spark renders counts as a line of bars; the highest is full.
func spark(counts []int, width int) string {
	width = min(width, len(counts))
	levels := []rune("▁▂▃▄▅▆▇█")
	sums, top := make([]int, width), 0
	for i, n := range counts {
		at := i * width / len(counts)
		sums[at] += n
		top = max(top, sums[at])
	}
	line := make([]rune, width)
	for i, n := range sums {
		if line[i] = ' '; n > 0 {
			line[i] = levels[(n*len(levels)-1)/top]
		}
	}
	return strings.TrimRight(string(line), " ")
}

// plural renders a number of things.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return grouped(n) + " " + thing + "s"
}

// grouped renders a number with commas between thousands.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// tails are how many of the last bytes of a MAC address tell phones apart.
type tails int

// newTails returns the shortest tails that tell the phones apart, at least two
// bytes.
func newTails(phones []finding.Phone) tails {
	var macs []string
	for _, p := range phones {
		if !p.MAC.IsZero() {
			macs = append(macs, p.MAC.String())
		}
	}
	return shortestTails(macs)
}

// shortestTails returns the shortest tails that tell MAC addresses apart, at least
// two bytes.
func shortestTails(macs []string) tails {
	for n := tails(2); n < 6; n++ {
		whole := make(map[string]string, len(macs))
		if !slices.ContainsFunc(macs, func(mac string) bool {
			tail := mac[len(mac)-3*int(n)+1:]
			other, known := whole[tail]
			whole[tail] = mac
			return known && other != mac
		}) {
			return n
		}
	}
	return 6
}

// of returns the tail of a MAC address.
func (t tails) of(mac packet.MAC) string {
	text := mac.String()
	return text[len(text)-3*int(t)+1:]
}

// name returns what a phone is called: by the user, by the tail of its MAC
// address, or by its IP address.
func (t tails) name(p finding.Phone) string {
	switch {
	case p.Name != "":
		return p.Name
	case !p.MAC.IsZero():
		return t.of(p.MAC)
	case p.Addr != netip.Addr{}:
		return p.Addr.String()
	}
	return ""
}
