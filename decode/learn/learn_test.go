package learn_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/learn"
	"actionurl/decode/packet"
	"actionurl/decode/phone"
	"actionurl/decode/profile"
)

// A handset is a phone of a test, and what it replaces variables by.
type handset struct {
	mac    [6]byte
	ip     string
	agent  string
	values map[string]string
}

// start is when tests begin, in nanoseconds since 1970-01-01 UTC.
const start = 1772438400e9

// A site is phones that send requests to a learner.
type site struct {
	t       testing.TB
	learner *learn.Learner
	decoder *actionurl.Decoder
	now     int64
	server  string
}

func newSite(t testing.TB) *site { return newSiteWith(t, nil) }

func newSiteWith(t testing.TB, role learn.Role) *site {
	return &site{t: t, learner: learn.New(role), decoder: actionurl.NewDecoder(actionurl.Config{}, phone.NewRegistry()), now: start, server: "192.168.40.207"}
}

// get lets a phone send a request for a target, and reports whether the learner
// took it.
func (s *site) get(p *handset, target string) bool {
	s.now += 1e9
	authority := s.server
	if !strings.Contains(authority, ":") {
		authority += ":80"
	}
	x := &httpwire.Exchange{
		Origin: packet.Origin{Time: s.now, Source: p.mac},
		Client: netip.AddrPortFrom(netip.MustParseAddr(p.ip), 40000), Server: netip.MustParseAddrPort(authority),
		Method: "GET", Target: target, Host: s.server, Version: "HTTP/1.1", UserAgent: p.agent,
	}
	return s.learner.Add(x, s.decoder.Decode(x))
}

// fill is what a phone does to a template: it replaces the longest names first.
func fill(template string, values map[string]string) string {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, name := range names {
		pairs = append(pairs, "$$"+name+"$$", values[name], "$"+name, values[name])
	}
	return strings.NewReplacer(pairs...).Replace(template)
}

// fleet returns n phones of a vendor.
func fleet(vendor string, n int) []*handset {
	var all []*handset
	for i := range n {
		last := byte(50 + i)
		p := &handset{ip: fmt.Sprintf("192.168.40.%d", last)}
		number := strconv.Itoa(5000 + i)
		v := map[string]string{"local": number, "display_local": "Desk " + string(rune('A'+i)), "active_user": number, "active_host": "pbx.example"}
		switch vendor {
		case "grandstream":
			p.mac = [6]byte{0, 0x0b, 0x82, 1, 2, last}
			p.agent = fmt.Sprintf("Grandstream Model HW GXP21%d0 V1.6B SW 1.0.7.9%d DevId %x", 3+i%2*4, i%2, p.mac)
			v["product"], v["program_version"], v["hardware_version"] = fmt.Sprintf("GXP21%d0", 3+i%2*4), fmt.Sprintf("1.0.7.9%d", i%2), "V1.6B"
			v["language"], v["phone_ip"], v["battery"] = "English", p.ip, "19"
		case "yealink":
			p.mac = [6]byte{0, 0x15, 0x65, 1, 2, last}
			p.agent = fmt.Sprintf("Yealink SIP-T46U 108.87.14.1 00:15:65:01:02:%02x", last)
			v["model"], v["firmware"], v["ip"] = "SIP-T46U", "108.87.14.1", p.ip
			v["local_uri"], v["remote_uri"] = "$local_uri", "$remote_uri" // which it does not know
		case "snom":
			p.mac = [6]byte{0, 4, 0x13, 1, 2, last}
			p.agent = "snom720/8.9.3.80"
			v["phone_ip"] = p.ip
		case "mitel":
			p.mac = [6]byte{0, 8, 0x5d, 1, 2, last}
			p.agent = "Aastra 6757i"
			v["SIPUSERNAME"] = number
		}
		v["mac"] = fmt.Sprintf("%x", p.mac)
		p.values = v
		all = append(all, p)
	}
	return all
}

var callers = []string{"+4930123456", "0301234567", "15198891343", "+15555550100", "7005", "*86"}
var names = []string{"Jane Doe", "Jürgen Müller", "Bob", "A&B Ltd", "15198891343", "山田 太郎"}

// call sets the values of a phone's call.
func (p *handset) call(n int) {
	v := p.values
	v["remote"], v["display_remote"] = callers[n%len(callers)], names[n%len(names)]
	v["callerID"], v["calledNumber"], v["REMOTENUMBER"] = v["display_remote"], v["local"], v["remote"]
	v["call-id"] = fmt.Sprintf("%x%d-l88ln518lzf9@192.168.40.10", 0x386d43a4+n*7919, n)
	v["call_id"] = strconv.Itoa(33000 + n*17)
	v["duration"], v["calldirection"] = strconv.Itoa(11+n*7), []string{"called", "caller"}[n%2]
}

// The templates that were seen in use, by what they say of the event.
var templates = []struct{ vendor, event, text string }{
	{"grandstream", "", "/mac=$mac&local=$local"},
	{"grandstream", "", "/remote=$remote&phone_ip=$phone_ip"},
	{"grandstream", "", "/call-id=$call-id&program_version=$program_version"},
	{"grandstream", "", "/program_version=$program_version"},
	{"grandstream", "", "/mac=$mac&display_remote =$display_remote"},
	{"grandstream", "incoming_call", "/actionurl/incoming_call?phone_ip=$phone_ip&mac=$mac&product=$product&program_version=$program_version" +
		"&hardware_version=$hardware_version&language=$language&local=$local&display_local=$display_local&remote=$remote" +
		"&display_remote=$display_remote&call-id=$call-id&active_user=$active_user&active_host=$active_host&duration=$duration&calldirection=$calldirection&token=T0kenT0ken"},
	{"grandstream", "incoming_call", "/api/webhook/9f8e7d6c5b4a?e=incoming&m=$mac&r=$remote&n=$display_remote"},
	{"grandstream", "low_battery", "/api/webhook/9f8e7d6c5b4a?e=low_battery&m=$mac&b=$battery"},
	{"grandstream", "dnd_on", "/api/webhook/9f8e7d6c5b4a?e=dnd_on&m=$mac"},
	{"grandstream", "", "/ta?r=$remote&e=$active_user"},
	{"grandstream", "", "/siphook?remote=$remote"},
	{"grandstream", "incoming_call", "/api/grandstream/webhook/incoming-call"},
	{"grandstream", "", "/phonewebhook/a1b2c3d4e5f6a7b8/?number=$remote&remote=$remote&call-id=$call-id"},
	{"grandstream", "incoming_call", "/hook/incoming/$mac/$local"},
	{"grandstream", "incoming_call", "/hook/incoming/$mac/$remote"},
	{"snom", "incoming_call", "/?event=incoming&active_user=$active_user&remote=$remote"},
	{"yealink", "terminated_call", "/devicea?event=hangup&active_user=$active_user&callerID=$callerID"},
	{"yealink", "incoming_call", "/action/CUSTOMER/incoming?mac=$mac&ip=$ip&callerID=$callerID&calledNumber=$calledNumber"},
	{"yealink", "incoming_call", "/yealink/event?event=ringing&ext=$active_user&call_id=$call_id&local=$local_uri&remote=$remote_uri&dl=$display_local&dr=$display_remote&token=T"},
	{"yealink", "registered", "/actions/?token=abc&mac=$mac&event=registered"},
	{"yealink", "outgoing_call", "/outgoing?remote=$remote&local=$local"},
	{"yealink", "incoming_call", "/incoming_call?remote=$remote&name=$display_remote&local=$local&id=$call_id&ip=$ip"},
	{"yealink", "incoming_call", "/telephone/incomingCall?IP=$ip&NAME=$callerID&PHONE=$calledNumber"},
	{"yealink", "incoming_call", "/phone/incoming?host=$active_host&user=$active_user&ip=$ip&nr=$remote&callerID=$callerID&nr_display=$display_remote"},
	{"yealink", "answered_call", "/yealink?ev=answer&id=$call_id"},
	{"yealink", "", "/help?mac=$mac&model=$model&firmware=$firmware&remote=$remote"},
	{"snom", "incoming_call", "/tine?method=Phone.callHistory&mac=$mac&event=incoming&callId=$call-id&local=$local&remote=$remote"},
	{"snom", "", "/ring?number=$call-id&display_remote=$display_remote"},
	{"snom", "", "/hue/1/4"},
	{"snom", "incoming_call", "/event?ip=$phone_ip&event=incoming&local=$local&remote=$remote"},
	{"mitel", "incoming_call", "/incoming.php?number=$$REMOTENUMBER$$&x=$$SIPUSERNAME$$"},
}

// What phones send for a template, with several phones and calls, with one
// phone, and with a single request, gives a template back that matches the
// same, and no variable of which it says another name than the true one.
func TestTemplatesComeBack(t *testing.T) {
	for _, size := range []struct {
		phones, calls int
		same          bool // what it matches
	}{{3, 4, true}, {1, 5, false}, {1, 1, false}} {
		for _, test := range templates {
			t.Run(fmt.Sprintf("%dx%d%s", size.phones, size.calls, test.text), func(t *testing.T) {
				s := newSite(t)
				for n := range size.calls {
					for i, p := range fleet(test.vendor, size.phones) {
						p.call(n + i)
						if !s.get(p, fill(test.text, p.values)) {
							t.Fatalf("%s was not taken", fill(test.text, p.values))
						}
					}
				}
				lesson := s.learner.Lesson(true)
				if len(lesson.Shapes) != 1 {
					t.Fatalf("learnt %d shapes:\n%s", len(lesson.Shapes), lesson.AppendProfile(nil))
				}
				shape := lesson.Shapes[0]
				if shape.Missed != 0 {
					t.Errorf("%s misses %d of its own requests", shape.Template, shape.Missed)
				}
				if size.same {
					if got, want := pattern(t, shape.Template, lesson), pattern(t, s.server+test.text, nil); got != want {
						t.Errorf("learnt %s\nmatches %q, want %q", shape.Template, got, want)
					}
				}
				checkNames(t, &shape, test.text)
				kind := actionurl.Lookup(test.event)
				if shape.Event.Kind != kind {
					t.Errorf("the event is %v (%s), want %q", shape.Event.Kind, shape.Event.Why, test.event)
				}
			})
		}
	}
}

// pattern returns what a template matches.
func pattern(t *testing.T, text string, l *learn.Lesson) string {
	t.Helper()
	own := map[string]bool{}
	if l != nil {
		for _, s := range l.Shapes {
			for _, p := range s.Parts {
				if p.Own {
					own[p.Variable] = true
				}
			}
		}
	}
	template, err := actionurl.ParseTemplateWith(actionurl.Lookup("hold_call"), text, own)
	if err != nil {
		t.Fatal(err)
	}
	return template.Pattern()
}

// mayBe are variables that hold the same in the tests, as on most phones.
var mayBe = map[string][]string{
	"local":          {"active_user"},
	"active_user":    {"local"},
	"remote":         {"REMOTENUMBER", "calledNumber"},
	"display_remote": {"callerID"},
	"call-id":        {"call_id"},
	"call_id":        {"call-id"},
}

// checkNames compares the variables that a shape says with those of a template,
// by the text in front of them.
func checkNames(t *testing.T, s *learn.Shape, template string) {
	t.Helper()
	before := ""
	for i := range s.Parts {
		p := &s.Parts[i]
		if p.Segment > 0 {
			continue // compared by what the template matches
		}
		_, rest, ok := strings.Cut(template, p.Key+"=")
		if !ok {
			_, rest, ok = strings.Cut(template, p.Key+" =")
		}
		if !ok {
			t.Fatalf("%s has no %s behind %s", template, p.Key, before)
		}
		before = p.Key
		want, _, _ := strings.Cut(rest, "&")
		if p.Variable == "" || p.Own {
			continue
		}
		if want = strings.Trim(want, "$"); p.Variable != want && !slices.Contains(mayBe[p.Variable], want) {
			t.Errorf("%s is %s (%s: %s), want %s", p.Key, p.Typed, p.Sure, p.Why, want)
		}
	}
}

// A profile that was learnt can be read, and with it each request is known by
// its template, if the URL names its event.
func TestProfileIsRead(t *testing.T) {
	s := newSite(t)
	type sent struct {
		p             *handset
		target, event string
	}
	var all []sent
	for n := range 4 {
		for i, test := range templates {
			for k, p := range fleet(test.vendor, 2) {
				p.call(n + i + k)
				target := fill(test.text, p.values)
				all = append(all, sent{p, target, test.event})
				s.get(p, target)
			}
		}
	}
	text := s.learner.Lesson(true).AppendProfile(nil)
	p := profile.NewParser()
	if !p.Parse("site.yaml", text) || len(p.Warnings) > 0 {
		t.Fatalf("%v %v in\n%s", p.Errors, p.Warnings, text)
	}
	s.decoder = actionurl.NewDecoder(actionurl.Config{Templates: p.Templates()}, phone.NewRegistry())
	for _, r := range all {
		if r.event == "" {
			continue
		}
		x := &httpwire.Exchange{Origin: packet.Origin{Source: r.p.mac}, Client: netip.AddrPortFrom(netip.MustParseAddr(r.p.ip), 1),
			Server: netip.MustParseAddrPort("192.168.40.207:80"), Method: "GET", Target: r.target, Host: "192.168.40.207"}
		e := s.decoder.Decode(x)
		if e == nil || e.Kind.Slug != r.event || e.By != actionurl.ByTemplate && e.By != actionurl.ByNarrowed {
			t.Errorf("%s is %+v, want %s, in\n%s", r.target, e, r.event, text)
		}
	}
}
