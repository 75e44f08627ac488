package browse

import (
	"fmt"
	"io"
	"net/netip"
	"strings"

	tea "charm.land/bubbletea/v2"

	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/report"
)

// heading adds the name of a part of the details.
func heading(all []line, name string) []line {
	return append(all, nil, textLine(name, bold))
}

// wrapped adds a text in lines of a width, after an indent.
func wrapped(all []line, indent, text string, width int, s style) []line {
	for _, t := range wrapText(text, width-len(indent)) {
		all = append(all, textLine(indent+t, s))
	}
	return all
}

// raw adds a text as it was sent, in lines of a width.
func raw(all []line, indent, text string, width int) []line {
	for _, t := range cutText(text, width-len(indent)) {
		all = append(all, textLine(indent+t, plain))
	}
	return all
}

// eventLines are the details of a request: what it says, what is wrong with it, and
// the frame that completes it.
func eventLines(m *model, id, width int) []line {
	r := m.cursor.record(id)
	if r == nil {
		return []line{textLine("forgotten: older than the latest that are kept", dim)}
	}
	all := raw(nil, "", r.Method+" "+r.Target+" "+r.Version, width)
	for _, h := range [...][2]string{{"Host", r.Host}, {"User-Agent", r.UserAgent}, {"Content-Type", r.ContentType}} {
		if h[1] != "" {
			all = raw(all, "", h[0]+": "+h[1], width)
		}
	}
	if len(r.Body) > 0 {
		all = append(all, nil)
		for text := range strings.Lines(string(r.Body)) {
			all = raw(all, "", strings.TrimRight(text, "\r\n"), width)
		}
	}
	if e := r.Event; e != nil && len(e.Vars) > 0 {
		all = heading(all, "variables")
		for i := range e.Vars {
			v := &e.Vars[i]
			text, s := v.Name+" = "+v.Value, plain
			if v.State == actionurl.Unresolved {
				text, s = text+"  ✗ not replaced", red
			}
			all = wrapped(all, "  ", text, width, s)
		}
	}
	if len(r.Findings) > 0 {
		all = heading(all, "findings")
		for i := range r.Findings {
			f := &r.Findings[i]
			mark, s := "✗ ", red
			if f.Severity != finding.Error {
				mark, s = "! ", yellow
			}
			all = wrapped(all, "  ", mark+f.Kind.String()+": "+f.Message(), width, s)
			all = wrapped(all, "    ", f.Kind.Hint(), width, plain)
		}
	}
	all = heading(all, "fields")
	names, cells := m.fields.of(r)
	for i, name := range names {
		if cells[i] != "" && name != "target" && name != "vars" && name != "findings" {
			all = wrapped(all, "  ", fmt.Sprintf("%-14s %s", name, cells[i]), width, plain)
		}
	}
	return append(all, m.frames.lines(frameOf(r), width)...)
}

// fields are all columns of a request.
type fields struct {
	grid report.Grid
	rows *report.Rows[decode.Record]
}

func newFields(clock string) (*fields, error) {
	f := new(fields)
	c, err := report.NewClock(clock)
	if err != nil {
		return nil, err
	}
	format := f.grid.Format()
	format.People = false
	f.rows, err = report.NewRecords(io.Discard, report.Options{Format: format, Clock: c}, report.Requests)
	return f, err
}

// of returns the names of the columns and the values of a request.
func (f *fields) of(r *decode.Record) (names, cells []string) {
	f.rows.Write(r)
	return f.grid.Cells(f.grid.Last())
}

// copyCurl copies a request as a curl command.
func (m *model) copyCurl(id int) tea.Cmd {
	r := m.cursor.record(id)
	if r == nil {
		m.say("forgotten")
		return nil
	}
	text := curl(r)
	m.push(newText("curl", m.top().view(), func(_ *model, width int) []line {
		all := []line{textLine("copied to the clipboard, where the terminal allows it (OSC 52):", dim), nil}
		return wrapped(all, "", text, width, plain)
	}))
	return tea.SetClipboard(text)
}

// curl returns a command that sends a request once more, for a POSIX shell.
func curl(r *decode.Record) string {
	scheme := "http"
	if r.TLS != "" {
		scheme = "https"
	}
	host := r.Host
	if host == "" {
		host = r.Server.String()
	}
	words := []string{"curl", "-i", "--globoff", "--path-as-is"}
	if r.Method != "GET" {
		words = append(words, "-X", quote(r.Method))
	}
	if r.UserAgent != "" {
		words = append(words, "-A", quote(r.UserAgent))
	}
	if r.ContentType != "" {
		words = append(words, "-H", quote("Content-Type: "+r.ContentType))
	}
	if len(r.Body) > 0 {
		words = append(words, "--data-raw", quote(string(r.Body)))
	}
	if !onAddress(host, r.Server) { // a name, which may not resolve here
		name, port := host, r.Server.Port()
		if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
			name = host[:i]
		}
		words = append(words, "--resolve", quote(fmt.Sprintf("%s:%d:%s", name, port, r.Server.Addr())))
	}
	target := r.Target
	if plainTarget(target) {
		return strings.Join(append(words, quote(scheme+"://"+host+target)), " ")
	}
	return strings.Join(append(words, "--request-target", quote(target), quote(scheme+"://"+host+"/")), " ")
}

// onAddress reports whether a Host header names the server by its address.
func onAddress(host string, server netip.AddrPort) bool {
	if p, err := netip.ParseAddrPort(host); err == nil {
		return p == server
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && a == server.Addr()
}

// plainTarget reports whether curl takes a target as a part of a URL.
func plainTarget(target string) bool {
	if !strings.HasPrefix(target, "/") {
		return false
	}
	for i := range len(target) {
		if c := target[i]; c <= ' ' || c > '~' || c == '#' || c == '\\' {
			return false
		}
	}
	return true
}

// quote quotes a word for a POSIX shell. What a shell would act on at its prompt,
// such as an escape, stands as an octal number.
func quote(word string) string {
	if report.Visible(word) == word {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	var b strings.Builder
	for i := range len(word) {
		fmt.Fprintf(&b, `\%03o`, word[i])
	}
	return `"$(printf '` + b.String() + `')"`
}
