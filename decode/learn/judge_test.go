package learn_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/learn"
	"actionurl/decode/packet"
	"actionurl/decode/profile"
	"actionurl/decode/sip"
)

// describe renders what was learnt: a line for each shape, with its template,
// event and candidates, and one for each part that is reported.
func describe(l *learn.Lesson) string {
	var b strings.Builder
	for i := range l.Shapes {
		s := &l.Shapes[i]
		event := "?"
		if s.Event.Kind != nil {
			event = s.Event.Kind.Slug
		}
		for _, k := range s.Event.Candidates {
			event += " " + k.Slug
		}
		fmt.Fprintf(&b, "%s %dx %s %s\n", s.Template, s.Requests, s.Event.Sure, event)
		for k := range s.Parts {
			p := &s.Parts[k]
			if p.Variable != "" || p.Secret {
				secret := ""
				if p.Secret {
					secret = " secret"
				}
				fmt.Fprintf(&b, "  %s: %s%s %s%s %s\n", p.Name(), p.Fixed, p.Typed, p.Sure, secret, strings.Join(p.Perhaps, " "))
			}
		}
	}
	return strings.ReplaceAll(b.String(), " \n", "\n")
}

// What is said of values, by how they vary and what they are.
func TestVerdicts(t *testing.T) {
	gs := fleet("grandstream", 4)
	yealink := fleet("yealink", 2)
	router := &handset{mac: [6]byte{2, 0, 0, 0, 0, 1}, ip: "10.0.0.7"}
	for _, test := range []struct {
		what    string
		phones  []*handset // by turns
		targets string     // a line each
		want    string
	}{
		{
			"a key that says nothing: a number that differs from call to call of one phone", gs[:1],
			"/in?zz=5001&mac=000b82010232\n/in?zz=5002&mac=000b82010232\n",
			"192.168.40.207/in?zz=$remote&mac=$mac 2x open ?\n  zz: $remote likely\n  mac: $mac certain\n",
		},
		{
			"a number that differs from phone to phone, but not from call to call", gs[:2],
			"/x?zz=5001&call-id=1\n/x?zz=5002&call-id=2\n/x?zz=5001&call-id=3\n/x?zz=5002&call-id=4",
			"192.168.40.207/x?zz=$zz&call-id=$call-id 4x open ?\n  zz: $zz open local active_user\n  call-id: $call-id likely\n",
		},
		{
			"one request: a number may be any", gs[:1],
			"/hook/incoming/5002",
			"192.168.40.207/hook/incoming/$segment3 1x certain incoming_call\n  segment 3: $segment3 open remote local active_user\n",
		},
		{
			"one request: what the key says", gs[:1],
			"/t?r=5002&b=19",
			"192.168.40.207/t?r=$remote&b=$battery 1x open ? low_battery sufficient_battery\n  r: $remote likely\n  b: $battery likely\n",
		},
		{
			"a number that is the same as the account", gs[:1],
			"/incoming/5002?active_user=5002&remote=7",
			"192.168.40.207/incoming/$segment2?active_user=$active_user&remote=$remote 1x certain incoming_call\n" +
				"  segment 2: $segment2 open local active_user\n  active_user: $active_user likely\n  remote: $remote likely\n",
		},
		{
			"a MAC address and an IP address behind a router and a translator of addresses", []*handset{router},
			"/mac=000b82123456&phone_ip=192.168.9.9&x=172.16.0.1",
			"192.168.40.207/mac=$mac&phone_ip=$phone_ip&x=$x 1x open ?\n" +
				"  mac: $mac likely\n  phone_ip: $phone_ip likely\n  x: $x open active_host phone_ip program_version\n",
		},
		{
			"what a phone did not replace is the template's own text", gs[:1],
			"/mac=$mac&remote=$callid&local=5002",
			"192.168.40.207/mac=$mac&remote=$callid&local=$local 1x open ?\n  mac: $mac certain\n  remote: $callid certain\n  local: $local likely\n",
		},
		{
			"fixed text may be a secret", gs[:2],
			"/hook/x7Gh2kQ9pL4m?event=hold&token=abc&mac=000b82010232\n/hook/x7Gh2kQ9pL4m?event=hold&token=abc&mac=000b82010233",
			"192.168.40.207/hook/x7Gh2kQ9pL4m?event=hold&token=abc&mac=$mac 2x certain hold_call\n" +
				"  segment 2: x7Gh2kQ9pL4m certain secret\n  token: abc certain secret\n  mac: $mac certain\n",
		},
		{
			"events by a word in the path, of phones with words for numbers", gs[:1],
			"/t?r=5001&e=20\n/te?r=5001&e=20\n/to?r=anonymous&e=20",
			"192.168.40.207/t?r=$remote&e=$active_user 1x open ?\n  r: $remote likely\n  e: $active_user likely\n" +
				"192.168.40.207/te?r=$remote&e=$active_user 1x open ?\n  r: $remote likely\n  e: $active_user likely\n" +
				"192.168.40.207/to?r=$remote&e=$active_user 1x open ?\n  r: $remote likely\n  e: $active_user likely\n",
		},
		{
			"a caller who hides is a value among numbers", gs[:1],
			"/incoming/5001\n/incoming/anonymous\n/incoming/5003",
			"192.168.40.207/incoming/$remote 3x likely incoming_call\n  segment 2: $remote likely\n",
		},
		{
			"words that are names", gs[:1],
			"/incoming?who=Jane&mac=000b82010232\n/incoming?who=Bob&mac=000b82010232\n/incoming?who=J%C3%BCrgen+M&mac=000b82010232",
			"192.168.40.207/incoming?who=$who&mac=$mac 3x certain incoming_call\n  who: $who open display_remote\n  mac: $mac certain\n",
		},
		{
			"ids of calls that are words, and one that is not", gs[:1],
			"/hold?cid=0000019d&id=reception\n/hold?cid=000002c6&id=reception\n/hold?cid=00000192&id=reception",
			"192.168.40.207/hold?cid=$call-id&id=reception 3x certain hold_call\n  cid: $call-id likely\n",
		},
		{
			"vendors spell variables in their own way", yealink,
			"/x?a=001565010232&b=192.168.40.50&c=SIP-T46U\n/x?a=001565010233&b=192.168.40.51&c=SIP-T46U",
			"192.168.40.207/x?a=$mac&b=$ip&c=$model 2x open ?\n  a: $mac certain\n  b: $ip certain\n  c: $model certain\n",
		},
		{
			"calls: what comes first, in the middle and last", gs[:1],
			"/a?call-id=1-5060-9@BJC.BGI.EA.FA\n/b?call-id=1-5060-9@BJC.BGI.EA.FA\n/c?call-id=1-5060-9@BJC.BGI.EA.FA",
			"192.168.40.207/a?call-id=$call-id 1x open ? outgoing_call\n  call-id: $call-id certain\n" +
				"192.168.40.207/b?call-id=$call-id 1x open ? established_call hold_call resume_call\n  call-id: $call-id certain\n" +
				"192.168.40.207/c?call-id=$call-id 1x open ? terminated_call missed_call rejected_call\n  call-id: $call-id certain\n",
		},
		{
			"seconds since an earlier request of the call", gs[:1],
			"/a?call-id=1\n" + strings.Repeat("/b?mac=000b82010232\n", 7) + "/c?call-id=1&took=7",
			"192.168.40.207/a?call-id=$call-id 1x open ? incoming_call outgoing_call\n  call-id: $call-id likely\n" +
				"192.168.40.207/b?mac=$mac 7x open ?\n  mac: $mac certain\n" +
				"192.168.40.207/c?call-id=$call-id&took=$duration 1x open ? terminated_call\n  call-id: $call-id likely\n  took: $duration likely\n",
		},
		{
			"bytes that no profile can hold are a variable's", gs[:1],
			"/incoming?x\xff=1&tenant=a\x01b&mac=000b82010232",
			"192.168.40.207/incoming?$segment2&tenant=$tenant&mac=$mac 1x certain incoming_call\n" +
				"  segment 2: $segment2 open display_remote display_local\n  tenant: $tenant open display_remote display_local\n  mac: $mac certain\n",
		},
		{
			"what is open never takes the name of a variable that phones know", gs[:1],
			"/incoming?ip=abc\xff&mac=000b82010232",
			"192.168.40.207/incoming?ip=$ip_value&mac=$mac 1x certain incoming_call\n" +
				"  ip: $ip_value open display_remote display_local\n  mac: $mac certain\n",
		},
	} {
		s := newSite(t)
		for i, target := range strings.Split(strings.TrimSpace(test.targets), "\n") {
			if !s.get(test.phones[i%len(test.phones)], target) {
				t.Errorf("%s: %q was not taken", test.what, target)
			}
		}
		if got := describe(s.learner.Lesson(true)); got != test.want {
			t.Errorf("%s:\n%swant\n%s", test.what, got, test.want)
		}
	}
}

// A variable that a phone did not replace shows what was typed: where others
// replace it, theirs counts, and a profile never has it.
func TestLiterals(t *testing.T) {
	phones := fleet("grandstream", 40)
	for _, test := range []struct {
		targets, template, profile string
		literals                   []learn.Literal
	}{
		{ // one of 40
			"/t?event=hold&id=1-5060-1@BJC.BGI.EA.FA\n/t?event=hold&id=$call_id\n" + strings.Repeat("/t?event=hold&id=2-5060-1@BJC.BGI.EA.FB\n", 38),
			"192.168.40.207/t?event=hold&id=$call-id", "hold_call: 192.168.40.207/t?event=hold&id=$call-id\n",
			[]learn.Literal{{Text: "$call_id", Phones: []string{packet.MAC(phones[1].mac).String()}, Count: 1}},
		},
		{ // all of them
			"/t?event=hold&id=$call_id\n/t?event=hold&id=$call_id\n", "192.168.40.207/t?event=hold&id=$call_id", "hold_call: 192.168.40.207/t?event=hold&id=$call-id\n",
			[]learn.Literal{{Text: "$call_id", Phones: []string{packet.MAC(phones[0].mac).String(), packet.MAC(phones[1].mac).String()}, Count: 2}},
		},
	} {
		s := newSite(t)
		for i, target := range strings.Split(strings.TrimSpace(test.targets), "\n") {
			s.get(phones[i], target)
		}
		l := s.learner.Lesson(true)
		if len(l.Shapes) != 1 || l.Shapes[0].Template != test.template {
			t.Errorf("learned\n%swant %s", describe(l), test.template)
			continue
		}
		part := l.Shapes[0].Parts[len(l.Shapes[0].Parts)-1]
		if diff := cmp.Diff(test.literals, part.Literals); diff != "" {
			t.Errorf("literals (-want +got):\n%s", diff)
		}
		if text := string(l.AppendProfile(nil)); !strings.Contains(text, test.profile) {
			t.Errorf("the profile has no %q:\n%s", test.profile, text)
		}
	}
}

// What stands in the phone's SIP calls is what it is there.
func TestSIP(t *testing.T) {
	roles := map[string]sip.Role{"2e166a72ae97b59f": sip.IsID, "102": sip.IsRemote, "Jane": sip.IsRemoteName, "101": sip.IsLocal}
	s := newSiteWith(t, func(phone netip.Addr, text string, at int64) sip.Role {
		if phone.String() != "192.168.40.50" || at <= start {
			t.Errorf("asked of %s at %d", phone, at)
		}
		return roles[text]
	})
	p := fleet("grandstream", 1)[0]
	for _, target := range []string{"/x?a=2e166a72ae97b59f&b=102&c=Jane&d=101&active_user=101&call_id=2e166a72ae97b59f", "/y?a=102&b=7"} {
		if !s.get(p, target) {
			t.Errorf("%s was not taken", target)
		}
	}
	got := describe(s.learner.Lesson(true))
	for _, line := range []string{
		"  c: $display_remote certain", "  d: $d open local active_user", "  active_user: $active_user certain", "  call_id: $call_id certain",
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("no %q in\n%s", line, got)
		}
	}
	// The key a has a Call-ID in one request and a number in another: it is neither for sure.
	if strings.Contains(got, "  a: $call-id certain") || strings.Contains(got, "  a: $remote certain") {
		t.Errorf("sure of what differs:\n%s", got)
	}
}

// One URL that was typed in for several events is open, and says which.
func TestSeveralEvents(t *testing.T) {
	s := newSite(t)
	p := fleet("grandstream", 1)[0]
	for _, slug := range []string{"incoming_call", "established_call", "terminated_call"} {
		s.now += 1e9
		x := &httpwire.Exchange{
			Origin: packet.Origin{Time: s.now, Source: p.mac}, Client: netip.AddrPortFrom(netip.MustParseAddr(p.ip), 40000),
			Server: netip.MustParseAddrPort("192.168.40.207:80"), Method: "GET", Target: "/call-id=1&remote=102", Host: "192.168.40.207",
		}
		s.learner.Add(x, &actionurl.Event{Kind: actionurl.Lookup(slug), By: actionurl.BySIP, PhoneMAC: packet.MAC{0x00, 0x0b, 0x82, 0x01, 0x02, 0x32}})
	}
	l := s.learner.Lesson(true)
	want := "192.168.40.207/call-id=$call-id&remote=$remote 3x open ? incoming_call established_call terminated_call\n" +
		"  call-id: $call-id likely\n  remote: $remote likely\n"
	if got := describe(l); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	text := string(l.AppendProfile(nil))
	for _, line := range []string{"  # incoming_call: 192.168.40.207/call-id=$call-id&remote=$remote\n", "  # terminated_call: 192."} {
		if !strings.Contains(text, line) {
			t.Errorf("no %q in\n%s", line, text)
		}
	}
}

// More can be learnt behind a lesson.
func TestLessonIsNoEnd(t *testing.T) {
	s := newSite(t)
	p := fleet("grandstream", 1)[0]
	targets := []string{"/incoming/5001", "/incoming/anonymous", "/incoming/5003"}
	for _, target := range targets {
		s.get(p, target)
	}
	s.learner.Lesson(true)
	for _, target := range targets {
		s.get(p, target)
	}
	const want = "192.168.40.207/incoming/$remote 6x likely incoming_call\n  segment 2: $remote likely\n"
	if got := describe(s.learner.Lesson(true)); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// Servers with the same URLs are distinct, whatever the phones call them.
func TestServers(t *testing.T) {
	s := newSite(t)
	p := fleet("grandstream", 1)[0]
	for _, server := range []string{"192.168.40.207", "192.168.40.207:8085", "[2001:db8::1]:80"} {
		s.server = server
		if !s.get(p, "/mac=000b82010232&local=5002") {
			t.Fatal("not taken")
		}
	}
	var got []string
	for _, shape := range s.learner.Lesson(true).Shapes {
		got = append(got, shape.Template)
		if shape.Missed > 0 {
			t.Errorf("%s does not match its request", shape.Template)
		}
	}
	want := "192.168.40.207/mac=$mac&local=$local 192.168.40.207:8085/mac=$mac&local=$local [2001:db8::1]:80/mac=$mac&local=$local"
	if strings.Join(got, " ") != want {
		t.Errorf("learnt %q, want %s", got, want)
	}
}

// What phones fetch is not learnt from, nor what others send.
func TestOthersArePassedOver(t *testing.T) {
	s := newSite(t)
	p := fleet("grandstream", 1)[0]
	pc := &handset{ip: "192.168.40.9", mac: [6]byte{2, 0, 0, 0, 0, 9}}
	for _, target := range []string{"/cfg000b82010232.xml", "/fw/gxp.bin", "/phonebook.xml", "/provision/000b82010232"} {
		if s.get(p, target) {
			t.Errorf("%s was taken", target)
		}
	}
	cut := &httpwire.Exchange{Method: "GET", Target: "/mac=000b820", Cut: true}
	if s.learner.Add(cut, &actionurl.Event{Kind: actionurl.Unknown}) {
		t.Error("the beginning of a target was taken")
	}
	if s.get(pc, "/incoming/5002") || s.get(pc, "/index.html") {
		t.Error("a computer's request was taken")
	}
}

// What is kept is bounded, and what goes beyond is counted.
func TestBounds(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	s := newSite(t)
	p := fleet("grandstream", 1)[0]
	random := rand.New(rand.NewPCG(1, 2))
	taken := 1
	for i := range 4000 {
		if s.get(p, fmt.Sprintf("/x%d/%s?mac=000b82010232&k%d=1", random.IntN(50), strings.Repeat("a", random.IntN(60)), i)) {
			taken++
		}
	}
	s.get(p, "/mac=000b82010232&local="+strings.Repeat("5", 2000))
	l := s.learner.Lesson(true)
	if len(l.Shapes) > 1024 || l.Long != 1 || l.Crowded == 0 {
		t.Errorf("%d shapes, %d long, %d crowded", len(l.Shapes), l.Long, l.Crowded)
	}
	total := l.Long + l.Crowded
	for _, shape := range l.Shapes {
		total += shape.Requests
	}
	if total != l.Requests || l.Requests != taken {
		t.Errorf("%d requests, of which %d are accounted for", l.Requests, total)
	}
}

// Where words are many, they are values.
func TestManyWordsAreValues(t *testing.T) {
	s := newSite(t)
	p := fleet("grandstream", 1)[0]
	for i := range 100 {
		s.get(p, fmt.Sprintf("/incoming/name%c%c", 'a'+i%10, 'a'+i/10))
		s.get(p, fmt.Sprintf("/hold/name%c%c", 'a'+i%10, 'a'+i/10))
	}
	got := describe(s.learner.Lesson(true))
	want := "192.168.40.207/incoming/$segment2 100x likely incoming_call\n  segment 2: $segment2 open display_remote\n" +
		"192.168.40.207/hold/$segment2 100x likely hold_call\n  segment 2: $segment2 open display_remote\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// Whatever phones send, the profile can be read and holds nothing that a
// terminal would act on, and each request is accounted for.
func FuzzLearn(f *testing.F) {
	f.Add("/mac=000b82010232&local=5002\n/mac=$mac&local=5003")
	f.Add("/incoming?x=: #&y='\"\\&z=- [a]\n/hold?x=*&a&b=!c")
	f.Add("/a?token=\xff\x1b[2J&e=incoming&$x=$y\n//?=&&=\n/=\n?a")
	f.Add("/\u202eevil?e=hold&\u2028=\u0085\n/%24mac/$$NAME$$/$$x$$?$a-b=$a-b$")
	f.Fuzz(func(t *testing.T, targets string) {
		s := newSite(t)
		phones := fleet("grandstream", 2)
		taken := 0
		for i, target := range strings.Split(targets, "\n") {
			if s.get(phones[i%2], target) {
				taken++
			}
		}
		l := s.learner.Lesson(true)
		total := l.Long + l.Crowded
		for _, shape := range l.Shapes {
			total += shape.Requests
			if shape.Event.Kind == nil && shape.Template != "" {
				if _, err := actionurl.ParseTemplate(actionurl.Lookup("hold_call"), shape.Template); err != nil {
					t.Errorf("%q: %v", shape.Template, err)
				}
			}
		}
		if total != taken {
			t.Errorf("%d of %d requests are accounted for", total, taken)
		}
		text := l.AppendProfile(nil)
		for _, c := range string(text) {
			if c < ' ' && c != '\n' || c >= 0x7f && c < 0xa0 || c == '\u202e' || c == '\u2028' {
				t.Errorf("the profile holds %q", c)
			}
		}
		if p := profile.NewParser(); taken > 0 && (!p.Parse("site.yaml", text) || len(p.Warnings) > 0) {
			t.Errorf("%v %v in\n%s", p.Errors, p.Warnings, text)
		}
	})
}

// What may be a secret is a variable of its own, with which the template matches, and
// stands nowhere.
func TestSecretsAreVariables(t *testing.T) {
	for _, targets := range []string{
		"/hook/x7Gh2kQ9pL4m?event=hold&token=abc123secret&mac=000b82010232",
		"/hold?password=x7Gh2kQ9pL4m&mac=000b82010232\n/hold?password=abc123secret&mac=000b82010232\n/hold?password=other&mac=000b82010232",
		"/hold?to=http://u:abc123secret@10.0.0.1/&key=x7Gh2kQ9pL4m",
	} {
		s, phone := newSite(t), fleet("grandstream", 1)[0]
		for target := range strings.SplitSeq(targets, "\n") {
			s.get(phone, target)
		}
		l := s.learner.Lesson(false)
		text := describe(l) + string(l.AppendProfile(nil))
		for _, part := range l.Shapes[0].Parts {
			text += part.Why + strings.Join(part.Samples, " ")
		}
		if strings.Contains(text, "x7Gh2kQ9pL4m") || strings.Contains(text, "abc123secret") {
			t.Errorf("%s: a secret is shown:\n%s", targets, text)
		}
		if l.Shapes[0].Missed > 0 || len(l.Shapes[0].Secrets()) == 0 {
			t.Errorf("%s: %d missed\n%s", targets, l.Shapes[0].Missed, text)
		}
		if open := describe(s.learner.Lesson(true)) + string(s.learner.Lesson(true).AppendProfile(nil)); !strings.Contains(open, "x7Gh2kQ9pL4m") {
			t.Errorf("%s: no secret is shown where it is to be:\n%s", targets, open)
		}
	}
}
