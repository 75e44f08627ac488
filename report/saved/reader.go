// Package saved reads back what package report wrote as NDJSON: the requests and
// events of a run, a line each, so that they can be shown in any other view and
// format. It is the inverse of that format, and as lossless.
//
// Beside the requests there may be lines with what else their capture told: see
// [Kind].
//
// A line that is damaged is a problem with its place, and reading goes on with
// the next. Keys that are not known are passed over, as are the lines that tell
// of losses of a live capture; these are counted.
package saved

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"actionurl/capture"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
	"actionurl/decode/sip"
)

const (
	// maxLine is the longest line that is read, in bytes: a head of 64 KiB, of
	// which each byte may take six, twice, as the target and as variables.
	maxLine = 1 << 20

	// maxKept bounds each of the texts, captures, templates and vendors that
	// are kept for the lines to come: 8,192 of at most 256 bytes, 2 MiB.
	maxKept     = 8 << 10
	maxKeptText = 256
)

// A Kind is what a line tells.
type Kind uint8

const (
	Request    Kind = iota
	Found           // what is wrong, of no single request
	SIPCall         // what SIP alone tells of a call
	CaptureEnd      // that the capture ends, and when
	loss            // what a live capture lost
)

// A Record is what a line tells, in the fields of its kind. Slices are valid
// until the next call of Next; all else stays valid.
type Record struct {
	Kind Kind
	Time int64 // nanoseconds since 1970-01-01 UTC; of a SIPCall, that of the first event of the call

	// Of a Request.
	Exchange httpwire.Exchange
	Event    *actionurl.Event // nil if it is no Action URL
	Findings finding.Set

	Found finding.Occurrence
	Call  Call

	event actionurl.Event
}

// A Call is what SIP alone tells of a call.
type Call struct {
	PhoneMAC string // empty where the phone is known by its address alone
	PhoneIP  netip.Addr
	SIP      *sip.Call // what a timeline takes from it, and no more
}

// A Problem is a line that cannot be read.
type Problem struct {
	File string // as it was named
	Line int    // 1-based
	Err  error
}

// Error names the place as compilers do.
func (p *Problem) Error() string { return fmt.Sprintf("%s:%d: %v", p.File, p.Line, p.Err) }

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }

// A Reader reads saved records. It is not safe for concurrent use.
type Reader struct {
	// Losses is how many losses of a live capture the lines told of so far.
	Losses int

	name  string
	from  *bufio.Reader
	line  int
	begun bool   // a line could be read
	long  []byte // a line that is longer than the buffer

	texts     map[string]string
	captures  map[string]*capture.Interface
	templates map[string]*actionurl.Template
	vendors   map[string]string // by user agent
	kinds     map[string]finding.Kind
	date      string // of the last time, and its midnight
	midnight  int64
}

// NewReader returns a Reader of what was saved, under a name for messages.
func NewReader(name string, from io.Reader) *Reader {
	r := &Reader{
		name: name, from: bufio.NewReaderSize(from, 64<<10),
		texts: map[string]string{}, captures: map[string]*capture.Interface{}, templates: map[string]*actionurl.Template{},
		vendors: map[string]string{}, kinds: map[string]finding.Kind{},
	}
	for _, k := range finding.Kinds() {
		r.kinds[k.String()] = k
	}
	return r
}

// Next reads the next record. It returns a *Problem for a line that cannot be
// read, behind which it goes on, and io.EOF at the end. What begins with bytes
// that are no text is an error.
func (r *Reader) Next(rec *Record) error {
	for {
		line, err := r.next()
		if err != nil {
			return err
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			continue
		}
		known, err := r.record(line, rec)
		switch {
		case err != nil && !r.begun && strings.IndexByte(line, 0) >= 0:
			return fmt.Errorf("%s: is binary; expected saved events, as NDJSON", r.name)
		case err != nil:
			return r.problem(err)
		case rec.Kind == loss:
			r.Losses++
			known = false
		}
		if r.begun = true; known {
			return nil
		}
	}
}

func (r *Reader) problem(err error) error { return &Problem{r.name, r.line, err} }

// next returns the next line, io.EOF behind the last.
func (r *Reader) next() (string, error) {
	r.line++
	line, err := r.from.ReadSlice('\n')
	if err == nil {
		return string(line), nil
	}
	r.long = r.long[:0]
	size := 0
	for {
		size += len(line)
		if size <= maxLine {
			r.long = append(r.long, line...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			break
		}
		line, err = r.from.ReadSlice('\n')
	}
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return "", fmt.Errorf("%s: %w", r.name, err)
	case size == 0:
		return "", io.EOF
	case size > maxLine:
		return "", r.problem(fmt.Errorf("the line has %d bytes; expected %d at most", size, maxLine))
	}
	return string(r.long), nil
}

// record reads a line into rec. Known is false if it is one that only a later
// version understands.
func (r *Reader) record(line string, rec *Record) (known bool, err error) {
	*rec = Record{event: actionurl.Event{Vars: rec.event.Vars[:0], Candidates: rec.event.Candidates[:0]}}
	x, e := &rec.Exchange, &rec.event
	x.ContentLength, x.Done = -1, true
	x.Interface = r.capture("")
	d := decoder{text: line}
	var client, server netip.Addr
	var clientPort, serverPort uint16
	var timed, event bool
	known = true
	template := ""
	d.open('{')
	for d.more('}') {
		switch d.key() {
		case "time":
			x.Time, timed = r.time(&d), true
		case "capture":
			x.Interface = r.capture(d.string())
		case "frame":
			x.Frame = int(d.integer(math.MaxInt32))
		case "src_ip":
			client = d.address()
		case "src_port":
			clientPort = uint16(d.integer(math.MaxUint16))
		case "dest_ip":
			server = d.address()
		case "dest_port":
			serverPort = uint16(d.integer(math.MaxUint16))
		case "vlan":
			d.open('[')
			for d.more(']') {
				x.VLANs.Add(uint16(d.integer(4095)))
			}
		case "method":
			x.Method = r.text(d.string())
		case "host":
			x.Host = r.text(d.string())
		case "target":
			x.Target = d.string()
		case "version":
			x.Version = r.text(d.string())
		case "user_agent":
			x.UserAgent = r.text(d.string())
		case "status":
			x.Status = int(d.integer(math.MaxInt32))
		case "latency_ms":
			x.Latency = d.millis()
		case "no_response":
			x.NoResponse = reason(&d)
		case "event":
			e.Slug, event = r.text(d.string()), true
		case "label":
			e.Label = r.text(d.string())
		case "by":
			e.By = actionurl.By(r.text(d.string()))
		case "candidates":
			e.Candidates = r.list(&d, e.Candidates)
		case "phone_mac":
			e.PhoneMAC = r.text(d.string())
		case "phone_ip":
			e.PhoneIP = d.address()
		case "phone_product":
			e.PhoneProduct = r.text(d.string())
		case "phone_version":
			e.PhoneVersion = r.text(d.string())
		case "call_id":
			e.CallID = d.string()
		case "sip_frame":
			e.SIP.Frame = int(d.integer(math.MaxInt32))
		case "sip_method":
			e.SIP.Method = r.text(d.string())
		case "sip_delay_ms":
			e.SIP.Delay = d.millis()
		case "vars":
			r.vars(&d, e)
		case "findings":
			r.findings(&d, &rec.Findings)
		case "template":
			template = d.string()
		case "identified":
			e.PhoneKnown = actionurl.Evidence(r.text(d.string()))
		case "other_mac":
			e.OtherMAC = r.text(d.string())
		case "phone_name":
			e.PhoneName = r.text(d.string())
		case "server_name":
			e.ServerName = r.text(d.string())
		case "finding":
			known = r.found(&d, rec)
		case "sip_call":
			r.call(&d, rec)
		case "capture_end":
			rec.Kind = CaptureEnd
			d.skip()
		case "capture_loss":
			rec.Kind = loss
			d.skip()
		default:
			d.skip()
		}
	}
	d.end()
	switch {
	case d.err != nil:
		return false, d.err
	case rec.Kind == loss:
		return true, nil
	case rec.Kind == Found:
		rec.Time = x.Time
		rec.Found.Time, rec.Found.Capture, rec.Found.Frame = x.Time, x.Interface.Capture, x.Frame
		return known, nil
	case !timed:
		return false, errors.New(`the line has no "time"; expected a saved request or event`)
	}
	if rec.Time = x.Time; rec.Kind != Request {
		return true, nil
	}
	if x.Target == "" && !event {
		return false, errors.New(`the line has no "target" and no "event"; expected a saved request or event, not a row of another view`)
	}
	x.Client, x.Server = netip.AddrPortFrom(client, clientPort), netip.AddrPortFrom(server, serverPort)
	x.Cut, x.Gap = rec.Findings.Has(finding.CutHead), rec.Findings.Has(finding.CaptureGap)
	if event {
		rec.Event = e
		e.PhoneVendor = r.vendor(x.UserAgent)
		e.Template = r.template(template, e)
	}
	return true, nil
}

// time reads a time: in RFC 3339, as it is saved.
func (r *Reader) time(d *decoder) int64 {
	s := d.string()
	const date, layout = len("2006-01-02T"), "2006-01-02T15:04:05.000000000Z"
	if len(s) == len(layout) && s[:date] == r.date && s[len(s)-1] == 'Z' {
		if ns, ok := clock(s[date : len(s)-1]); ok {
			return r.midnight + ns
		}
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		d.fail("%q is no time; expected one as 2026-03-02T08:00:00.000000000Z", s)
		return 0
	}
	if len(s) == len(layout) {
		year, month, day := t.UTC().Date()
		r.date, r.midnight = strings.Clone(s[:date]), time.Date(year, month, day, 0, 0, 0, 0, time.UTC).UnixNano()
	}
	return t.UnixNano()
}

// clock reads "15:04:05.000000000" as nanoseconds since midnight.
func clock(s string) (ns int64, ok bool) {
	var n [4]int64
	at := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			n[at] = n[at]*10 + int64(c-'0')
		case at < 2 && c == ':' && i == at*3+2, at == 2 && c == '.' && i == 8:
			at++
		default:
			return 0, false
		}
	}
	return ((n[0]*60+n[1])*60+n[2])*1e9 + n[3], at == 3 && n[0] < 24 && n[1] < 60 && n[2] < 60
}

// reason reads why there is no response.
func reason(d *decoder) httpwire.Reason {
	s := d.string()
	for reason := httpwire.Answered; reason <= httpwire.NotCaptured; reason++ {
		if reason.String() == s {
			return reason
		}
	}
	d.fail("%q is no reason for no response; expected timeout, reset, closed or not_captured", s)
	return httpwire.Answered
}

// list reads an array of texts.
func (r *Reader) list(d *decoder, to []string) []string {
	d.open('[')
	for d.more(']') {
		to = append(to, r.text(d.string()))
	}
	return to
}

// findings reads slugs. What later versions may find is not known here.
func (r *Reader) findings(d *decoder, to *finding.Set) {
	d.open('[')
	for d.more(']') {
		if k, ok := r.kinds[d.string()]; ok {
			to.Add(k)
		}
	}
}

// vars reads variables. One that was sent twice has "#2" behind its name the
// second time.
func (r *Reader) vars(d *decoder, e *actionurl.Event) {
	d.open('{')
	for d.more('}') {
		name := r.text(d.key())
		e.Vars = append(e.Vars, actionurl.VarOf(repeated(name, e.Vars), d.string()))
	}
}

// repeated returns the name without what tells it from the ones before.
func repeated(name string, before []actionurl.Var) string {
	at := strings.LastIndexByte(name, '#')
	if at < 0 {
		return name
	}
	again, err := strconv.Atoi(name[at+1:])
	if err != nil {
		return name
	}
	for _, v := range before {
		if v.Name == name[:at] {
			again--
		}
	}
	if again != 1 {
		return name
	}
	return name[:at]
}

// text returns s, one for all that are equal, so that nothing keeps its line.
func (r *Reader) text(s string) string {
	if kept, ok := r.texts[s]; ok {
		return kept
	}
	s = strings.Clone(s)
	if len(s) <= maxKeptText && len(r.texts) < maxKept {
		r.texts[s] = s
	}
	return s
}

// capture returns the interface of a capture.
func (r *Reader) capture(name string) *capture.Interface {
	if i := r.captures[name]; i != nil {
		return i
	}
	i := &capture.Interface{Capture: strings.Clone(name)}
	if len(name) <= maxKeptText && len(r.captures) < maxKept {
		r.captures[i.Capture] = i
	}
	return i
}

// vendor returns the vendor of a user agent.
func (r *Reader) vendor(agent string) string {
	if agent == "" {
		return ""
	}
	v, ok := r.vendors[agent]
	if !ok {
		v = actionurl.AgentVendor(agent)
		if len(agent) <= maxKeptText && len(r.vendors) < maxKept {
			r.vendors[agent] = v
		}
	}
	return v
}

// template returns the template that an event is known by, nil if there is
// none. Names of its variables that phones do not know are the user's own.
func (r *Reader) template(text string, e *actionurl.Event) *actionurl.Template {
	if text == "" {
		return nil
	}
	if t := r.templates[text]; t != nil {
		return t
	}
	own := map[string]bool{}
	for _, v := range e.Vars {
		if !actionurl.IsVariable(v.Name) {
			own[v.Name] = true
		}
	}
	slug := e.Slug
	if len(e.Candidates) > 0 {
		slug = e.Candidates[0]
	}
	kind := actionurl.Lookup(slug)
	if kind == nil {
		kind = &actionurl.Kind{Slug: slug, Label: e.Label} // of a later version
	}
	t, err := actionurl.ParseTemplateWith(kind, text, own)
	if err != nil {
		return nil
	}
	if len(text) <= maxKeptText && len(r.templates) < maxKept {
		r.templates[strings.Clone(text)] = t
	}
	return t
}
