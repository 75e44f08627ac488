package html

import (
	"bufio"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"slices"
	"strconv"
	"strings"

	"actionurl/decode/finding"
	"actionurl/decode/vendor"
	"actionurl/decode/verdict"
	"actionurl/report"
)

//go:embed page.html style.css script/*.js
var files embed.FS

// scripts are the parts of the script, in their order.
var scripts = [...]string{"data", "filter", "lanes", "list", "details", "main"}

// file returns a file that is part of the program.
func file(name string) string {
	b, err := files.ReadFile(name)
	if err != nil {
		panic(err) // it is not there when the program is built
	}
	return string(b)
}

// write writes the page. Its skeleton is page.html, in which {{NAME}} stands for
// a part.
func (p *Page) write(v *verdict.Verdict) error {
	w := bufio.NewWriterSize(p.w, 64<<10)
	style := file("style.css")
	var script strings.Builder
	for _, name := range scripts {
		script.WriteString(file("script/" + name + ".js"))
	}
	meta, err := p.meta(v)
	if err != nil {
		return err
	}
	title := p.name()
	if title == "-" {
		title = "standard input"
	}
	parts := map[string]func(){
		"policy": func() {
			fmt.Fprintf(w, "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; style-src '%s'; script-src '%s'", hash(style), hash(script.String()))
		},
		"style":    func() { w.WriteString(style) },
		"script":   func() { w.WriteString(script.String()) },
		"title":    func() { w.WriteString(escape(title)) },
		"overview": func() { w.WriteString(escape(report.VerdictHead(v, p.zone()))) },
		"verdict":  func() { p.causes(w, v) },
		"servers":  func() { servers(w, v) },
		"omitted":  func() { w.WriteString(escape(p.omitted())) },
		"data": func() {
			writeChunks(w, "events", p.events.all)
			writeChunks(w, "details", p.details.all)
			writeChunks(w, "calls", p.calls.all)
			writeChunks(w, "meta", meta.all)
		},
	}
	rest := file("page.html")
	for {
		before, after, found := strings.Cut(rest, "{{")
		w.WriteString(before)
		if !found {
			return w.Flush()
		}
		name, more, _ := strings.Cut(after, "}}")
		parts[name]()
		rest = more
	}
}

// hash returns the source of a Content-Security-Policy that allows a text.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// escape returns a text that came off the wire as HTML.
func escape(text string) string { return html.EscapeString(report.Visible(text)) }

// writeChunks writes chunks as elements that browsers do not look into.
func writeChunks(w io.Writer, class string, all []chunk) {
	for i := range all {
		fmt.Fprintf(w, "<script type=\"application/octet-stream\" class=\"%s\">", class)
		encoder := base64.NewEncoder(base64.StdEncoding, w)
		encoder.Write(all[i].data) // w keeps its first error
		encoder.Close()
		io.WriteString(w, "</script>\n")
	}
}

// name names what was read.
func (p *Page) name() string {
	if p.options.Name != "" {
		return p.options.Name
	}
	captures := p.tables.captures.texts[1:]
	switch len(captures) {
	case 0:
		return "actionurl"
	case 1:
		return captures[0]
	}
	return fmt.Sprintf("%s and %d more", captures[0], len(captures)-1)
}

// omitted says what the page does not hold.
func (p *Page) omitted() string {
	var all []string
	if n := p.events.dropped; n > 0 {
		all = append(all, fmt.Sprintf("the oldest %d events are not shown, and count in the verdict only", n))
	}
	if n := p.details.dropped - p.events.dropped; n > 0 {
		all = append(all, fmt.Sprintf("%d older events have a mark, but no details: their requests, variables and findings are left out", n))
	}
	if n := p.calls.dropped; n > 0 {
		all = append(all, fmt.Sprintf("the oldest %d calls are not shown", n))
	}
	if len(all) == 0 {
		return ""
	}
	return "This page does not hold everything: " + strings.Join(all, "; ") + ". Choose a part of the time with --since and --until, or split the page with --rotate."
}

// causes writes the verdict's causes and notes.
func (p *Page) causes(w io.Writer, v *verdict.Verdict) {
	if quiet := report.Quiet(v); quiet != "" {
		fmt.Fprintf(w, "<p class=\"fine\">%s</p>\n", quiet)
	}
	if len(v.Causes) > 0 {
		io.WriteString(w, "<ul>\n")
		for i := range v.Causes {
			p.cause(w, v, &v.Causes[i], i)
		}
		io.WriteString(w, "</ul>\n")
	}
	if crowded := report.Crowded(v); crowded != "" {
		fmt.Fprintf(w, "<p>! %s</p>\n", crowded)
	}
	if len(v.Notes) > 0 {
		open := ""
		if v.Events == 0 { // where nothing arrived, a note may say why
			open = " open"
		}
		fmt.Fprintf(w, "<details%s><summary>%s</summary><ul>\n", open, report.Plural(len(v.Notes), "note"))
		for i := range v.Notes {
			p.cause(w, v, &v.Notes[i], len(v.Causes)+i)
		}
		io.WriteString(w, "</ul></details>\n")
	}
}

// cause writes a cause, which is a filter by its number.
func (p *Page) cause(w io.Writer, v *verdict.Verdict, c *verdict.Cause, number int) {
	mark := map[finding.Severity]string{finding.Error: "✗", finding.Warning: "!", finding.Notice: "·"}[c.Severity]
	what := c.What
	if c.Apart != "" {
		what += "; " + c.Apart
	}
	fmt.Fprintf(w, "<li class=\"%s\"><button type=\"button\" data-cause=\"%d\" aria-pressed=\"false\"><b>%s %s</b> %s</button> <span>%s",
		c.Severity, number, mark, escape(report.Who(v, c)), escape(what), escape(c.Hint))
	if where := report.Where(c, p.name()); where != "" {
		fmt.Fprintf(w, " (%s)", escape(where))
	}
	io.WriteString(w, "</span></li>\n")
}

// servers writes the servers that took events.
func servers(w io.Writer, v *verdict.Verdict) {
	for i := range v.Servers {
		s := &v.Servers[i]
		fmt.Fprintf(w, "<tr><th scope=\"row\">%s</th>", escape(s.Addr.String()+" "+s.Name))
		for _, text := range report.ServerFigures(s) {
			fmt.Fprintf(w, "<td>%s</td>", escape(text))
		}
		io.WriteString(w, "</tr>\n")
	}
}

// meta returns the tables, the marks and the causes, as one chunk of JSON.
func (p *Page) meta(v *verdict.Verdict) (*chunks, error) {
	t := p.tables
	var j jsonWriter
	j.open('{')
	j.key("time").text(p.options.Clock.Form())
	j.key("zone").text(p.zone().String())
	j.key("firstDetailed").number(int64(p.details.dropped - p.events.dropped))
	j.key("texts").texts(t.texts.texts)
	j.key("captures").texts(t.captures.texts)
	j.key("servers").raw(t.servers.texts)
	j.key("heads").raw(t.heads.texts)
	j.key("clients").raw(t.clients.texts)
	j.key("candidates").raw(t.candidateSets.texts)
	j.key("phones").open('[')
	failing, name := failingPhones(v, t), report.PhoneNames(v.Phones)
	for n, l := range t.labels {
		if n == 0 {
			j.open('[').close(']')
			continue
		}
		j.open('[').text(name(l.Phone)).text(l.String()).text(addrText(l)).text(l.product).text(l.version)
		fails := int64(0)
		if failing[int64(n)] {
			fails = 1
		}
		j.number(fails)
		for _, account := range l.accounts {
			j.text(account)
		}
		j.close(']')
	}
	j.close(']').key("kinds").open('[')
	for n, k := range t.kinds {
		if n == 0 {
			j.open('[').close(']')
			continue
		}
		j.open('[').text(k.Slug).text(k.Label).text(kindShape(k)).close(']')
	}
	j.close(']').key("findings").open('[')
	for n, k := range t.findings {
		if n == 0 {
			j.open('[').close(']')
			continue
		}
		j.open('[').text(k.String()).text(k.Severity().String()).text(k.Meaning()).text(k.Hint()).close(']')
	}
	j.close(']').key("sets").open('[')
	for _, s := range t.sets {
		j.open('[')
		for k := range s.All() {
			j.number(t.finding(k))
		}
		j.close(']')
	}
	j.close(']').key("variables").open('{')
	for _, u := range slices.Backward(vendor.Uses()) {
		j.key(strings.Trim(u.Spelled, "$")).text(u.Text)
	}
	j.close('}').key("marks").open('[')
	for i := range p.marks {
		m := &p.marks[i]
		j.open('[').number(m.finding).number(m.phone).text(strconv.FormatInt(m.first, 10)).text(strconv.FormatInt(m.last, 10))
		j.number(int64(m.times)).number(m.capture).number(int64(m.frame)).text(m.severity.String()).text(m.message).text(m.hint).close(']')
	}
	j.close(']').key("causes").open('[')
	for _, c := range slices.Concat(v.Causes, v.Notes) {
		j.open('[').text(c.Kind.String()).text(c.What).open('[')
		for _, phone := range c.Phones {
			j.number(t.number(phone))
		}
		j.close(']').close(']')
	}
	j.close(']').close('}')
	var out chunks
	return &out, out.add(1, 1, len(j.buf), j.buf)
}

// failingPhones returns the numbers of the phones that a cause of severity error
// concerns.
func failingPhones(v *verdict.Verdict, t *tables) map[int64]bool {
	all := map[int64]bool{}
	for i := range v.Causes {
		if v.Causes[i].Severity == finding.Error {
			for _, phone := range v.Causes[i].Phones {
				all[t.number(phone)] = true
			}
		}
	}
	return all
}

func addrText(l label) string {
	if !l.Addr.IsValid() {
		return ""
	}
	return l.Addr.String()
}

// A jsonWriter writes JSON: it sets the commas.
type jsonWriter struct{ buf []byte }

func (j *jsonWriter) next() {
	if n := len(j.buf); n > 0 && j.buf[n-1] != '[' && j.buf[n-1] != '{' && j.buf[n-1] != ':' {
		j.buf = append(j.buf, ',')
	}
}

func (j *jsonWriter) open(c byte) *jsonWriter {
	j.next()
	j.buf = append(j.buf, c)
	return j
}

func (j *jsonWriter) close(c byte) *jsonWriter {
	j.buf = append(j.buf, c)
	return j
}

func (j *jsonWriter) key(name string) *jsonWriter {
	j.next()
	j.buf = append(report.AppendString(j.buf, name), ':')
	return j
}

func (j *jsonWriter) text(s string) *jsonWriter {
	j.next()
	j.buf = report.AppendString(j.buf, s)
	return j
}

func (j *jsonWriter) number(n int64) *jsonWriter {
	j.next()
	j.buf = strconv.AppendInt(j.buf, n, 10)
	return j
}

func (j *jsonWriter) texts(all []string) *jsonWriter {
	j.open('[')
	for _, s := range all {
		j.text(s)
	}
	return j.close(']')
}

// raw writes an array of JSON values, without the first.
func (j *jsonWriter) raw(all []string) *jsonWriter {
	j.open('[').open('[').close(']')
	for _, s := range all[1:] {
		j.next()
		j.buf = append(j.buf, s...)
	}
	return j.close(']')
}
