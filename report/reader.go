package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"actionurl/capture"
	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/sip"
	"actionurl/decode/vendor"
)

const (
	// MaxLine is the longest line that is read, in bytes: a head of 64 KiB, of
	// which each byte may take six, twice, as the target and as variables.
	MaxLine = 1 << 20

	// maxKept bounds each of the texts, captures, templates and vendors that
	// are kept for the lines to come: 8,192 of at most 256 bytes, 2 MiB.
	maxKept     = 8 << 10
	maxKeptText = 256

	// maxList bounds the variables, candidates and findings of a line: there are
	// not more of them in what is saved here.
	maxList = 256
)

// noTime is the time of a line without one.
const noTime = math.MinInt64

// maxText bounds each text of what is saved beside the requests, in bytes: those
// of 65,536 calls take 64 MiB. Longer ones are not saved, and are cut.
const maxText = 256

// A SavedKind is what a line of saved events holds.
type SavedKind uint8

const (
	SavedRequest   SavedKind = iota
	SavedFinding             // what is wrong, of no single request
	SavedSIP                 // what SIP alone says of a call
	SavedSilent              // a phone that announced nothing
	SavedEnd                 // the end of the capture
	savedLoss                // what a live capture lost
	savedHeartbeat           // the time that a live capture has reached
)

// A Saved is a line of saved events, in the fields of its kind. Slices are valid
// until the next call of Next; all else stays valid.
type Saved struct {
	Kind SavedKind
	Time int64 // nanoseconds since 1970-01-01 UTC; of a SavedSIP, that of the first event of the call

	Request decode.Record // its findings have no details where these were not saved
	Finding finding.Occurrence
	Call    SavedCall
	Phone   SavedPhone

	exchange httpwire.Exchange
	event    actionurl.Event
}

// A Problem is a line that cannot be read.
type Problem struct {
	File string // as it was named
	Line int    // 1-based; 0 for the whole
	Err  error
}

// Error names the place as compilers do.
func (p *Problem) Error() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %v", p.File, p.Err)
	}
	return fmt.Sprintf("%s:%d: %v", p.File, p.Line, p.Err)
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }

// A Reader reads back what was saved as NDJSON: the requests and events of a run,
// and what was saved beside them. It is the inverse of that format, and as
// lossless.
//
// A line that is damaged is a problem with its place, and reading goes on with
// the next. Unknown keys are skipped, as are the losses of a live capture, which
// are counted. A Reader is not safe for concurrent use.
type Reader struct {
	// Losses is how many losses of a live capture were read so far, Dropped how
	// many variables were not, as their lines have more than 256.
	Losses, Dropped int

	Sensor string // of lines that name none, to be set before the first

	name  string
	from  *bufio.Reader
	line  int
	begun bool   // a line could be read
	long  []byte // a line that is longer than the buffer

	decoder                      // of the line
	known                 bool   // what kind of finding the line holds
	template, slug, label string // of the line
	requests              object[decode.Record]
	details               object[finding.Finding]
	findings              object[finding.Occurrence]
	calls                 object[SavedCall]
	silent                object[SavedPhone]

	texts     map[string]string
	captures  map[source]*capture.Interface
	templates map[string]*actionurl.Template
	vendors   map[string]*vendor.Vendor // by user agent
	kinds     map[string]finding.Kind
	events    map[string]*actionurl.Kind // by slug
	date      string                     // of the last time, and its midnight
	midnight  int64
}

// NewReader returns a Reader of what was saved, under a name for messages.
func NewReader(name string, from io.Reader) *Reader {
	r := &Reader{
		name: name, from: bufio.NewReaderSize(from, 64<<10),
		requests: object[decode.Record]{fields: append(recordFields(), completeFields()...)}, details: object[finding.Finding]{fields: findingFields()},
		findings: object[finding.Occurrence]{fields: foundFields()}, calls: object[SavedCall]{fields: sipFields()}, silent: object[SavedPhone]{fields: silentFields()},
		texts: map[string]string{}, captures: map[source]*capture.Interface{}, templates: map[string]*actionurl.Template{},
		vendors: map[string]*vendor.Vendor{}, kinds: map[string]finding.Kind{}, events: map[string]*actionurl.Kind{},
	}
	for _, k := range finding.Kinds() {
		r.kinds[k.String()] = k
	}
	for _, k := range append(actionurl.Kinds(), actionurl.Unknown) {
		r.events[k.Slug] = k
	}
	return r
}

// An object finds fields by their names, which mostly come in the order of the list.
type object[R any] struct {
	fields []field[R]
	next   int // the field after the latest
}

// read reads the value of a key, and reports whether a field has that name.
func (k *object[R]) read(rd *Reader, key string, to *R) bool {
	for range k.fields {
		if k.next == len(k.fields) {
			k.next = 0
		}
		f := &k.fields[k.next]
		k.next++
		if f.Name == key {
			f.read(rd, to)
			return true
		}
	}
	return false
}

// readAll reads an object.
func (k *object[R]) readAll(rd *Reader, to *R) {
	rd.open('{')
	for rd.more('}') {
		if !k.read(rd, rd.key(), to) {
			rd.skip()
		}
	}
}

// Next reads the next record. It returns a *Problem for a line that cannot be
// read, behind which it goes on, and io.EOF at the end. What begins with bytes
// that are no text is an error.
func (r *Reader) Next(rec *Saved) error {
	for {
		line, err := r.readLine()
		if err != nil {
			return err
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			continue
		}
		known, err := r.Parse(line, rec)
		switch {
		case err != nil && !r.begun && otherFormat(line) != "":
			return fmt.Errorf("%s: is %s; expected saved events, NDJSON or Parquet", r.name, otherFormat(line))
		case err != nil:
			return r.Problem(err)
		}
		if r.begun = true; known {
			return nil
		}
	}
}

// Parse reads one line. Known is false for one that holds no record.
func (r *Reader) Parse(line string, rec *Saved) (known bool, err error) {
	known, err = r.record(line, rec)
	if err != nil {
		return false, err
	}
	if rec.Kind == savedLoss {
		r.Losses++
	}
	return known && rec.Kind < savedLoss, nil
}

// otherFormat says what a file is that begins with a line, if it is not NDJSON that
// is damaged; else it is empty.
func otherFormat(line string) string {
	names := func(cells []string) bool { // of columns
		return len(cells) > 1 && !slices.ContainsFunc(cells, func(c string) bool {
			return c == "" || strings.Trim(c, "abcdefghijklmnopqrstuvwxyz0123456789_.") != ""
		})
	}
	_, err := time.Parse("2006-01-02 MST", line)
	switch {
	case strings.HasPrefix(line, "PAR1"):
		return "Parquet, which is not read from a pipe or decompressed"
	case strings.HasPrefix(line, "\xd4\xc3\xb2\xa1"), strings.HasPrefix(line, "\xa1\xb2\xc3\xd4"), strings.Contains(line, "M<+\x1a"), strings.Contains(line, "\x1a+<M"):
		return "a capture, which actionurl analyze reads"
	case strings.IndexByte(line, 0) >= 0:
		return "binary"
	case names(strings.Split(line, ",")):
		return "CSV"
	case names(strings.Split(line, "\t")):
		return "TSV"
	case strings.HasPrefix(line, "| "):
		return "a Markdown table"
	case err == nil || strings.Contains(line, "  ") && names(strings.Fields(line)):
		return "a table"
	}
	return ""
}

// Problem returns a problem at the line that was read last.
func (r *Reader) Problem(err error) error { return &Problem{r.name, r.line, err} }

// readLine returns the next line, io.EOF behind the last.
func (r *Reader) readLine() (string, error) {
	r.line++
	line, err := r.from.ReadSlice('\n')
	if err == nil {
		return string(line), nil
	}
	r.long = r.long[:0]
	size := 0
	for {
		size += len(line)
		if size <= MaxLine {
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
	case size > MaxLine:
		return "", r.Problem(fmt.Errorf("the line has %d bytes; expected at most %d", size, MaxLine))
	}
	return string(r.long), nil
}

// record reads a line into s. Known is false if it is one that only a later
// version understands.
func (r *Reader) record(line string, s *Saved) (known bool, err error) {
	findings := s.Request.Findings[:0]
	*s = Saved{event: actionurl.Event{Vars: s.event.Vars[:0], Candidates: s.event.Candidates[:0]}}
	s.exchange = httpwire.Exchange{Origin: packet.Origin{Interface: r.capture(r.Sensor, ""), Time: noTime}, ContentLength: -1, Done: true}
	s.Request = decode.Record{Exchange: &s.exchange, Event: &s.event, Findings: findings}
	r.decoder = decoder{text: line}
	r.template, r.slug, r.label, r.known, r.requests.next = "", "", "", true, 0
	r.open('{')
	for r.more('}') {
		key := r.key()
		if r.requests.read(r, key, &s.Request) {
			continue
		}
		switch key {
		case "finding":
			r.finding(s)
		case "sip_call":
			s.Kind, s.Call.SIP = SavedSIP, new(sip.Call)
			r.calls.readAll(r, &s.Call)
		case "silent_phone":
			s.Kind = SavedSilent
			r.silent.readAll(r, &s.Phone)
		case "capture_end":
			s.Kind = SavedEnd
			r.skip()
		case "capture_loss":
			s.Kind = savedLoss
			r.skip()
		case "sensor_alive":
			s.Kind = savedHeartbeat
			r.skip()
		default:
			r.skip()
		}
	}
	r.end()
	if r.err != nil {
		return false, r.err
	}
	return r.known, r.finish(s)
}

// finding reads what is wrong. The rows of the view findings have a slug under
// this key, and are no such lines.
func (r *Reader) finding(s *Saved) {
	if r.peek() != '{' {
		r.skip()
		return
	}
	s.Kind, r.known, s.Finding.Times = SavedFinding, false, 1
	r.findings.readAll(r, &s.Finding)
}

// finish sets what follows from what was read.
func (r *Reader) finish(s *Saved) error {
	x := &s.exchange
	s.Time = x.Time
	switch {
	case s.Kind >= savedLoss:
		return nil
	case s.Kind == SavedFinding:
		if x.Time == noTime { // as of a template
			s.Time = 0
		}
		s.Finding.Time, s.Finding.Sensor, s.Finding.Capture, s.Finding.Frame = s.Time, x.Interface.Sensor, x.Interface.Capture, x.Frame
		return nil
	case x.Time == noTime:
		return errors.New(`the line has no "time"; expected a saved request or event`)
	case s.Kind != SavedRequest:
		s.Phone.Sensor = x.Interface.Sensor
		return nil
	case x.Target == "" && r.slug == "":
		return errors.New(`the line has no "target" and no "event"; expected a saved request or event, not a row of another view`)
	}
	found := finding.SetOf(s.Request.Findings)
	x.Cut, x.Gap = found.Has(finding.CutHead), found.Has(finding.CaptureGap)
	if r.slug == "" {
		s.Request.Event = nil
		return nil
	}
	s.event.Kind = r.event(r.slug, r.label)
	s.event.PhoneVendor = r.vendor(s.event.PhoneMAC, x.UserAgent)
	s.event.Template = r.templateOf(r.template, &s.event)
	return nil
}

// time reads a time: in RFC 3339, as it is saved.
func (r *Reader) time() int64 {
	s := r.string()
	const date, layout = len("2006-01-02T"), "2006-01-02T15:04:05.000000000Z"
	if len(s) == len(layout) && s[:date] == r.date && s[len(s)-1] == 'Z' {
		if ns, ok := timeOfDay(s[date : len(s)-1]); ok {
			return r.midnight + ns
		}
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		r.fail("%q is not a time; expected one as 2026-03-02T08:00:00.000000000Z", s)
		return 0
	}
	if len(s) == len(layout) {
		year, month, day := t.UTC().Date()
		r.date, r.midnight = strings.Clone(s[:date]), time.Date(year, month, day, 0, 0, 0, 0, time.UTC).UnixNano()
	}
	return t.UnixNano()
}

// timeOfDay reads "15:04:05.000000000" as nanoseconds since midnight.
func timeOfDay(s string) (ns int64, ok bool) {
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

// vlans reads VLAN ids, the outermost first.
func (r *Reader) vlans(to *decode.Record) {
	r.open('[')
	for r.more(']') {
		to.VLANs.Add(uint16(r.integer(4095)))
	}
}

// brief reads a text of at most maxText bytes.
func (r *Reader) brief() string {
	s := r.string()
	return strings.Clone(s[:min(len(s), maxText)])
}

// templateText reads the text of a template, which needs the event to be parsed.
func (r *Reader) templateText(*actionurl.Event) { r.template = r.string() }

// event returns the kind of event with a slug: a new one if only a later version
// knows it.
func (r *Reader) event(slug, label string) *actionurl.Kind {
	k := r.events[slug]
	if k == nil {
		k = &actionurl.Kind{Slug: slug, Label: label}
		if len(slug)+len(label) <= maxKeptText && len(r.events) < maxKept {
			r.events[slug] = k
		}
	}
	return k
}

// candidates reads the slugs of the events that an ambiguous one may be.
func (r *Reader) candidates(to *actionurl.Event) {
	r.open('[')
	for r.more(']') {
		if slug := r.text(r.string()); len(to.Candidates) < maxList {
			to.Candidates = append(to.Candidates, r.event(slug, ""))
		}
	}
}

// also reads where else a request was seen.
func (r *Reader) also(to *decode.Record) {
	r.open('[')
	for r.more(']') {
		if place := r.text(r.string()); len(to.Also) < maxList {
			to.Also = append(to.Also, place)
		}
	}
}

// findingKinds reads the kinds of findings. Those of later versions are skipped.
func (r *Reader) findingKinds(to *decode.Record) {
	r.open('[')
	for r.more(']') {
		if k, ok := r.kinds[r.string()]; ok && len(to.Findings) < maxList {
			to.Findings = append(to.Findings, finding.New(k, finding.Detail{}))
		}
	}
}

// findingDetails reads findings with their details, in place of their kinds.
func (r *Reader) findingDetails(to *decode.Record) {
	to.Findings = to.Findings[:0]
	r.open('[')
	for r.more(']') {
		var f finding.Finding
		r.known = false
		if r.details.readAll(r, &f); r.known && len(to.Findings) < maxList {
			to.Findings = append(to.Findings, f)
		}
	}
	r.known = true
}

// vars reads variables. One that was sent twice has "#2" after its name the
// second time.
func (r *Reader) vars(e *actionurl.Event) {
	r.open('{')
	for r.more('}') {
		if len(e.Vars) == maxList {
			r.key()
			r.string()
			r.Dropped++
			continue
		}
		name := r.text(r.key())
		e.Vars = append(e.Vars, actionurl.VarOf(repeated(name, e.Vars), r.string()))
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

// A source is a capture of a sensor.
type source struct{ sensor, capture string }

// capture returns the interface of a capture.
func (r *Reader) capture(sensor, name string) *capture.Interface {
	key := source{sensor, name}
	if i := r.captures[key]; i != nil {
		return i
	}
	key = source{strings.Clone(sensor), strings.Clone(name)}
	i := &capture.Interface{Sensor: key.sensor, Capture: key.capture}
	if len(sensor)+len(name) <= maxKeptText && len(r.captures) < maxKept {
		r.captures[key] = i
	}
	return i
}

// vendor returns the maker of a phone, by its MAC address or its user agent.
func (r *Reader) vendor(mac packet.MAC, agent string) *vendor.Vendor {
	if v := vendor.Of(mac); v != nil || agent == "" {
		return v
	}
	v, ok := r.vendors[agent]
	if !ok {
		v = vendor.Read(agent).Vendor
		if len(agent) <= maxKeptText && len(r.vendors) < maxKept {
			r.vendors[agent] = v
		}
	}
	return v
}

// templateOf returns the template that an event is known by, nil if there is
// none. Names of its variables that phones do not know are the user's own.
func (r *Reader) templateOf(text string, e *actionurl.Event) *actionurl.Template {
	if text == "" {
		return nil
	}
	if t := r.templates[text]; t != nil {
		return t
	}
	own := map[string]bool{}
	for _, v := range e.Vars {
		if !vendor.IsVariable(v.Name) {
			own[v.Name] = true
		}
	}
	kind := e.Kind
	if len(e.Candidates) > 0 {
		kind = e.Candidates[0]
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
