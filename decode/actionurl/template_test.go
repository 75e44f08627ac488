package actionurl

import (
	"fmt"
	"math/rand"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"actionurl/decode/phone"
	"actionurl/decode/vendor"
)

// The three templates of the guide, page 8, and the three requests that they
// become, in the order of its Figure 4.
func TestGuide(t *testing.T) {
	d := NewDecoder(Config{Templates: templates(t,
		"Incoming Call=192.168.40.207/mac=$mac&local=$local",
		"Outgoing Call=192.168.40.207/remote=$remote&phone_ip=$phone_ip",
		"On Unhold=192.168.40.207/call-id=$call-id&program_version=$program_version",
	)}, phone.NewRegistry())
	for _, test := range []struct{ target, want string }{
		{
			"/remote=5001&phone_ip=192.168.40.50",
			`outgoing_call [template] remote="5001" phone_ip="192.168.40.50"`,
		},
		{
			"/mac=000b82632815&local=5002",
			`incoming_call [template] mac="000b82632815" local="5002"`,
		},
		{
			"/call-id=523072316-5062-13@BJC.BGI.BCE.GD&program_version=1.0.3.24",
			`resume_call [template] call-id="523072316-5062-13@BJC.BGI.BCE.GD" program_version="1.0.3.24"`,
		},
	} {
		wantSummary(t, d, get(test.target), test.want)
	}
}

// Templates in use, with the variables that they have. BASE and the like stand
// for what the sources leave out.
var inUse = []struct{ template, variables string }{
	{"192.168.40.207/mac=$mac&local=$local", "mac local"},
	{"192.168.40.207/remote=$remote&phone_ip=$phone_ip", "remote phone_ip"},
	{"192.168.40.207/call-id=$call-id&program_version=$program_version", "call-id program_version"},
	{"172.18.24.103/mac=$mac&local=$local", "mac local"},
	{"172.18.24.103/program_version=$program_version", "program_version"},
	{"192.168.5.250/mac=$mac&display_remote =$display_remote", "mac display_remote"},
	{"http://10.0.0.5:8086/actionurl/incoming_call?phone_ip=$phone_ip&mac=$mac&product=$product" +
		"&program_version=$program_version&hardware_version=$hardware_version&language=$language&local=$local" +
		"&display_local=$display_local&remote=$remote&display_remote=$display_remote&call-id=$call-id" +
		"&active_user=$active_user&active_host=$active_host&duration=$duration&calldirection=$calldirection&token=T",
		"phone_ip mac product program_version hardware_version language local display_local remote display_remote " +
			"call-id active_user active_host duration calldirection"},
	{"http://192.168.1.10:8123/api/webhook/ID?e=incoming&m=$mac&r=$remote&n=$display_remote", "mac remote display_remote"},
	{"http://192.168.1.10:8123/api/webhook/ID?e=battery_low&m=$mac&b=$battery", "mac battery"},
	{"http://192.168.1.10:8123/api/webhook/ID?e=dnd_on&m=$mac", "mac"},
	{"http://10.10.1.24:8085/t?r=$remote&e=$active_user", "remote active_user"},
	{"https://api.holmgraphics.ca/t/TOKEN?r=$remote&e=$active_user", "remote active_user"},
	{"http://host/siphook?remote=$remote", "remote"},
	{"http://host:8000/api/grandstream/webhook/incoming-call", ""},
	{"https://host/phonewebhook/TOKEN/?number=$remote&remote=$remote&call-id=$call-id", "remote call-id"},
	{"http://192.168.1.10:9090/?event=incoming&active_user=$active_user&remote=$remote", "active_user remote"},
	{"http://192.168.1.10:9090/devicea?event=hangup&active_user=$active_user&callerID=$callerID", "active_user callerID"},
	{"http://host:3000/action/CUSTOMER/EVENT?mac=$mac&ip=$ip&model=$model&callerID=$callerID&calledNumber=$calledNumber",
		"mac ip model callerID calledNumber"},
	{"http://host/yealink/event?event=ringing&ext=$active_user&call_id=$call_id&local=$local_uri&remote=$remote_uri" +
		"&dl=$display_local&dr=$display_remote&token=T", "active_user call_id local remote display_local display_remote"},
	{"https://host/api/public/hooks/yealink-cdr?event=disconnected&mac=$mac&remote=$remote&call_id=$call_id&duration=$duration",
		"mac remote call_id duration"},
	{"https://ncdc.test/actions/?token=abc&mac=$mac&event=registered", "mac"},
	{"http://PC:8000/outgoing?remote=$remote&local=$local", "remote local"},
	{"http://server:8088/incoming_call?remote=$remote&name=$display_remote&local=$local&id=$call_id&ip=$ip",
		"remote display_remote local call_id ip"},
	{"http://BACKEND:8000/routes/callerid/incoming?remote=$remote&call_id=$call_id&mac=$mac&token=T", "remote call_id mac"},
	{"http://ip:8080/telephone/incomingCall?IP=$ip&NAME=$callerID&PHONE=$calledNumber", "ip callerID calledNumber"},
	{"http://192.168.1.26:3000/phone/incoming?host=$active_host&user=$active_user&ip=$ip&nr=$remote&callerID=$callerID&nr_display=$display_remote",
		"active_host active_user ip remote callerID display_remote"},
	{"http://192.168.1.26:3000/phone/incoming?active_host=$active_host&active_user=$active_user&remote=$remote&call_id=$call_id",
		"active_host active_user remote call_id"},
	{"https://crm.example.com/yealink?ev=answer&id=$call_id", "call_id"},
	{"http://192.168.1.10/help.xml?mac=$mac", "mac"},
	{"BASE?method=Phone.callHistory&mac=$mac&event=incoming&callId=$call-id&local=$local&remote=$remote", "mac call-id local remote"},
	{"http://IP:3000/ring?number=$call-id&display_remote=$display_remote", "call-id display_remote"},
	{"https://fqdn/web/xml_incoming.php?nst=$user_uid[1]&vendor=snom&remotenumber=$remote", "user_uid[1] remote"},
	{"http://192.168.1.11/snom/dial-log.php?user=$user_name1&type=in&remote=$remote", "user_name1 remote"},
	{"http://IP:8083/hue/1/4", ""},
	{"http://IP:8083/event?ip=$phone_ip&event=incoming&local=$local&remote=$remote", "phone_ip local remote"},
	{"http://192.168.0.2:5600/?sender=A1386/5&service=SNOM_ACTION&local=$local&remote=$remote&call_id=$call-id&csta=$csta_id" +
		"&ongoing=$nr_ongoing_calls&cancel_reason=$cancel_reason", "local remote call-id csta_id nr_ongoing_calls cancel_reason"},
	{"http://myserver.com/incoming.php?number=$$REMOTENUMBER$$", "REMOTENUMBER"},
}

// chosen are values for the variables, none of which has a character that
// separates what is between them.
var chosen = map[string]string{
	"phone_ip": "192.168.40.50", "ip": "10.0.0.7", "mac": "000b82632815", "product": "GXV3240", "model": "SIP-T46U",
	"program_version": "1.0.3.24", "hardware_version": "V1.6B", "language": "English", "local": "5002",
	"display_local": "Jane Doe", "remote": "+15555550100", "display_remote": "Jürgen (100%)",
	"call-id": "523072316-5062-13@BJC.BGI.BCE.GD", "call_id": "33093", "active_user": "5002", "active_host": "pbx.example",
	"duration": "61", "calldirection": "called", "battery": "19", "callerID": "Bob", "calledNumber": "5003",
	"user_uid[1]": "1234", "user_name1": "bob", "csta_id": "99", "nr_ongoing_calls": "1", "cancel_reason": "SIP;cause=200",
	"REMOTENUMBER": "5004",
}

// substitute does what a phone does: it puts the values in the place of the
// variables, the longest names first. It returns the server and the target.
func substitute(template, variables string) (host, target string) {
	template = strings.TrimPrefix(strings.TrimPrefix(template, "https://"), "http://")
	at := strings.IndexAny(template, "/?")
	host, target = template[:at], template[at:]
	names := strings.Fields(variables)
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	for _, name := range names {
		target = strings.ReplaceAll(target, "$$"+name+"$$", chosen[name])
		target = strings.ReplaceAll(target, "$"+name, chosen[name])
	}
	return host, "/" + strings.TrimPrefix(target, "/")
}

func TestTemplatesInUse(t *testing.T) {
	if len(inUse) != 37 {
		t.Fatalf("%d templates", len(inUse))
	}
	var all []*Template
	for i, test := range inUse {
		template, err := ParseTemplate(Kinds()[i], test.template)
		if err != nil {
			t.Errorf("%s: %v", test.template, err)
			continue
		}
		all = append(all, template)
	}
	together := NewDecoder(Config{Templates: all}, phone.NewRegistry())
	for i, test := range inUse {
		host, target := substitute(test.template, test.variables)
		x := get(target)
		x.Host, x.Server = host, netip.MustParseAddrPort("203.0.113.1:80") // behind a translator of addresses
		want := map[string]string{}
		for _, name := range strings.Fields(test.variables) {
			want[name] = chosen[name]
		}
		e := NewDecoder(Config{Templates: all[i : i+1]}, phone.NewRegistry()).Decode(x)
		if e == nil || e.By != ByTemplate || e.Kind != Kinds()[i] {
			t.Errorf("%s: %s is %s", test.template, target, summary(e))
			continue
		}
		got := map[string]string{}
		for _, v := range e.Vars {
			got[v.Name] = v.Value
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", test.template, target, diff)
		}
		// Among all the others it is found, too.
		if e := together.Decode(x); e.Kind != Kinds()[i] {
			t.Errorf("%s: among the others, %s is %s", test.template, target, summary(e))
		}
	}
}

// Values as phones send them must survive, wherever in the URL they are.
func TestValuesSurvive(t *testing.T) {
	for _, test := range []struct{ sent, want string }{
		{"Jane Doe", "Jane Doe"},
		{" Jane ", " Jane "},
		{"100%", "100%"},
		{"100%25", "100%"},
		{"50% off", "50% off"},
		{"a=1;b=2", "a=1;b=2"},
		{"A&B Ltd", "A&B Ltd"},
		{"A & B", "A & B"},
		{"Who?", "Who?"},
		{"AC/DC", "AC/DC"},
		{"#1", "#1"},
		{"J\xfcrgen", "J\xfcrgen"}, // Latin-1
		{"Jürgen", "Jürgen"},
		{"山田 太郎", "山田 太郎"},
		{"J%C3%BCrgen", "Jürgen"},
		{"J%fcrgen", "J\xfcrgen"},
		{"A%26B%3dC", "A&B=C"},
		{"Jane%20Doe", "Jane Doe"},
		{"Jane+Doe", "Jane+Doe"},
		{"+15555550100", "+15555550100"},
		{"%2B15555550100", "+15555550100"},
		{"*86", "*86"},
		{"sip:5001@pbx.example;user=phone", "sip:5001@pbx.example;user=phone"},
		{`a%z+b?c/d"e<f>'g`, `a%z+b?c/d"e<f>'g`}, // all of this may be in a Call-ID (RFC 3261, section 25.1)
		{"\"Jane\" <5001>", "\"Jane\" <5001>"},
		{"a\tb\x00c\x1b", "a\tb\x00c\x1b"},
	} {
		want := fmt.Sprintf("%q", test.want)
		for _, form := range []struct{ template, before, behind string }{
			{"192.168.40.207/display_remote=$display_remote&remote=$remote", "/display_remote=", "&remote=5001"},
			{"http://192.168.40.207/in?n=$display_remote&r=$remote", "/in?n=", "&r=5001"},
		} {
			d := NewDecoder(Config{Templates: templates(t, "incoming_call="+form.template)}, phone.NewRegistry())
			wantSummary(t, d, get(form.before+test.sent+form.behind), "incoming_call [template] display_remote="+want+` remote="5001"`)
		}
		// Without a template, the key stands for the variable.
		d := NewDecoder(Config{}, phone.NewRegistry())
		wantSummary(t, d, get("/incoming?display_remote="+test.sent+"&remote=5001"),
			"incoming_call [name] display_remote="+want+` remote="5001"`)
	}
}

func TestVariables(t *testing.T) {
	for _, test := range []struct{ template, target, want string }{
		// The longest name wins.
		{"/a=$display_local&b=$local", "/a=Jane&b=5002", `display_local="Jane" local="5002"`},
		{"/a=$call-id&b=$call_id", "/a=1@x&b=2", `call-id="1@x" call_id="2"`},
		{"/a=$call-identity", "/a=1@xentity", `call-id="1@x"`},
		{"/a=$program_version$product", "/a=1.0GXP", `program_version empty product="1.0GXP"`},
		{"/a=$mac-$local", "/a=000b82123456-5002", `mac="000b82123456" local="5002"`},
		{"/a=$ip$ip_address", "/a=1.1.1.1_address", `ip empty`},
		// A name that no phone knows is one, as far as it goes.
		{"/a=$callid&b=$local", "/a=$callid&b=5002", `callid unresolved $callid local="5002"`},
		{"/a=$call_duration&b=$local", "/a=$call_duration&b=5002", `call_duration unresolved $call_duration local="5002"`},
		{"/a=$local_uri&b=$mac", "/a=$local_uri&b=1", `local unresolved $local mac="1"`},
		{"/a=$local_uri&b=$mac", "/a=5002_uri&b=1", `local="5002" mac="1"`},
		{"/a=$user_uid[1]&b=$local", "/a=77&b=5002", `user_uid[1]="77" local="5002"`},
		{"/a=$user_uid[1]", "/a=$user_uid[1]", `user_uid[1] unresolved $user_uid[1]`},
		{"/a=$sip_header(From)&b=$local", "/a=<sip:a@b>&b=5002", `sip_header(From)="<sip:a@b>" local="5002"`},
		{"/a=$sip_header(From)", "/a=$sip_header(From)", `sip_header(From) unresolved $sip_header(From)`},
		{"/a=$$REMOTENUMBER$$&b=$$LINESTATE$$", "/a=5001&b=ACTIVE", `REMOTENUMBER="5001" LINESTATE="ACTIVE"`},
		{"/a=$$mac$$&b=1", "/a=$000b82123456$$&b=1", `mac="000b82123456"`},
		{"/a=$$REMOTENUMBER$$", "/a=$$REMOTENUMBER$$", `REMOTENUMBER unresolved $$REMOTENUMBER$$`},
		// What is no variable is literal.
		{"/a=$&b=$5&c=$local", "/a=$&b=$5&c=5002", `local="5002"`},
		{"/a=100$$&c=$local", "/a=100$$&c=5002", `local="5002"`},
		// Three states.
		{"/a=$mac&b=$local", "/a=&b=5002", `mac empty local="5002"`},
		{"/a=$mac&b=$local", "/a=000b82123456&b=", `mac="000b82123456" local empty`},
		{"/a=$mac&b=$local", "/a=&b=", `mac empty local empty`},
		{"/a=$mac&b=$local", "/a=$mac&b=%24local", `mac unresolved $mac local unresolved $local`},
		{"/a=$remote", "/a=$100", `remote="$100"`},
		{"/a=$remote", "/a=$", `remote="$"`},
		{"/a=$remote", "/a=$local and more", `remote="$local and more"`},
		// Blanks around "=", as in the vendor's own example.
		{"/mac=$mac&display_remote =$display_remote", "/mac=1&display_remote =Jane", `mac="1" display_remote="Jane"`},
		{"/mac = $mac", "/mac = 1", `mac="1"`},
		{"/mac=$mac&display_remote =$display_remote", "/mac=1&display_remote%20=Jane", `mac="1" display_remote="Jane"`},
		// Literals that phones escape.
		{"/a b=$mac&[c]=$local", "/a%20b=1&%5Bc%5d=5002", `mac="1" local="5002"`},
		{"/ü=$mac", "/%c3%BC=1", `mac="1"`},
		{"/a=$mac&b=$local", "/a=1%26b%3D2&b=3", `mac="1" local="2&b=3"`},
		{"/a%20b=$mac", "/a%20b=1", `mac="1"`},
		{"/$mac3$local33", "/%333", `mac="%" local empty`}, // the escape is none after all
		// A variable that is there twice counts once.
		{"/a=$mac&b=$mac", "/a=1&b=2", `mac="1"`},
		// Empty, repeated and unknown keys.
		{"/=$mac&b=$local", "/=1&b=2", `mac="1" local="2"`},
		{"/a=$mac&a=$local", "/a=1&a=2", `mac="1" local="2"`},
		{"/a=$mac&b=$local", "/a=1&x=9&b=2", `mac="1&x=9" local="2"`},
		{"/a=$mac&b=$local", "/a=1&b=2&x=9", `mac="1" local="2&x=9"`},
		{"/token=T/$mac?x", "/token=T/000b82123456?x", `mac="000b82123456"`},
		{"/$mac&/settings.xml", "/000413123456&/settings.xml", `mac="000413123456"`},
		{"/hue/1/4", "/hue/1/4", ""},
	} {
		d := NewDecoder(Config{Templates: templates(t, "hold_call="+test.template)}, phone.NewRegistry())
		wantSummary(t, d, get(test.target), strings.TrimSpace("hold_call [template] "+test.want))
	}
}

func TestNoMatch(t *testing.T) {
	for _, test := range []struct{ template, target string }{
		{"/a=$mac&b=$local", "/a=1"},
		{"/a=$mac&b=$local", "/a=1&b"},
		{"/a=$mac&b=$local", "a=1&b=2"},
		{"/a=$mac&b=$local", "/x/a=1&b=2"},
		{"/a=$mac&b=$local", "/A=1&b=2"},
		{"/a=$mac&b=$local", ""},
		{"/a=$mac&b=$local", "/"},
		{"/a=$mac;", "/a=1"},
		{"/hue/1/4", "/hue/1/44"},
		{"/hue/1/4", "/hue/1/"},
		{"/a%20b=$mac", "/a b=1"}, // phones send what was typed
	} {
		wantSummary(t, NewDecoder(Config{Templates: templates(t, "hold_call="+test.template)}, phone.NewRegistry()), get(test.target), "no Action URL")
	}
}

func TestServer(t *testing.T) {
	const there, elsewhere = "192.168.40.207:80", "192.168.40.208:80"
	for _, test := range []struct {
		template, target string
		host, server     string
		want             bool
	}{
		// No server: any.
		{"/x=$mac", "/x=1", "a.example", there, true},
		{"/x=$mac", "/x=1", "", elsewhere, true},
		{"$active_host/x=$mac", "/x=1", "a.example", elsewhere, true},
		// An address.
		{"192.168.40.207/x=$mac", "/x=1", "192.168.40.207", there, true},
		{"http://192.168.40.207/x=$mac", "/x=1", "192.168.40.207", there, true},
		{"HTTP://192.168.40.207/x=$mac", "/x=1", "", there, true},
		{"192.168.40.207/x=$mac", "/x=1", "a.example", there, true},          // the address decides
		{"192.168.40.207/x=$mac", "/x=1", "192.168.40.207", elsewhere, true}, // behind a translator of addresses
		{"192.168.40.207/x=$mac", "/x=1", "192.168.40.208", elsewhere, false},
		{"192.168.40.207/x=$mac", "/x=1", "", elsewhere, false},
		{"192.168.40.207/x=$mac", "/x=1", "192.168.40.207:8080", "192.168.40.207:8080", false},
		{"[2001:db8::7]/x=$mac", "/x=1", "[2001:DB8::7]", "[2001:db8::7]:80", true},
		{"[2001:db8::7]:8080/x=$mac", "/x=1", "[2001:db8::7]:8080", "[2001:db8::7]:8080", true},
		{"[2001:db8:0::7]/x=$mac", "/x=1", "", "[2001:db8::7]:80", true},
		// A port.
		{"http://192.168.40.207:8086/x=$mac", "/x=1", "192.168.40.207:8086", "192.168.40.207:8086", true},
		{"http://192.168.40.207:8086/x=$mac", "/x=1", "192.168.40.207", there, false},
		{"http://192.168.40.207:80/x=$mac", "/x=1", "192.168.40.207", there, true},
		// A name.
		{"http://a.example/x=$mac", "/x=1", "a.example", there, true},
		{"http://A.example/x=$mac", "/x=1", "a.EXAMPLE", there, true},
		{"http://a.example/x=$mac", "/x=1", "a.example:80", there, true},
		{"http://a.example/x=$mac", "/x=1", "a.example:", there, true},
		{"http://a.example/x=$mac", "/x=1", "b.example", there, false},
		{"http://a.example/x=$mac", "/x=1", "a.example:8080", "192.168.40.207:8080", false},
		{"http://a.example:8080/x=$mac", "/x=1", "a.example:8080", "192.168.40.207:8080", true},
		{"http://a.example:8080/x=$mac", "/x=1", "a.example:8080x", "192.168.40.207:8080", false},
		{"http://a.example/x=$mac", "/x=1", "", there, true}, // HTTP/1.0 names no server
		{"http://a.example/x=$mac", "/x=1", "", "192.168.40.207:8080", false},
		{"http://user:secret@a.example/x=$mac", "/x=1", "a.example", there, true},
		// https is seen only behind what ends TLS, on a port of its own.
		{"https://a.example/x=$mac", "/x=1", "a.example", "192.168.40.207:8443", true},
		{"https://a.example/x=$mac", "/x=1", "a.example:8000", "192.168.40.207:8000", true},
		{"https://a.example:8443/x=$mac", "/x=1", "a.example:8443", "192.168.40.207:8443", true},
		{"https://a.example:8443/x=$mac", "/x=1", "a.example:443", "192.168.40.207:443", false},
		// A query right behind the server, or nothing.
		{"http://a.example?x=$mac", "/?x=1", "a.example", there, true},
		{"http://a.example?x=$mac", "?x=1", "a.example", there, true},
		{"http://a.example:8080?u=http://b/&x=$mac", "/?u=http://b/&x=1", "a.example:8080", "192.168.40.207:8080", true},
		{"http://a.example", "/", "a.example", there, true},
		{"  http://a.example/x=$mac  ", "/x=1", "a.example", there, true},
		// The absolute form, as it is sent to a proxy (RFC 9112, section 3.2.2).
		{"http://a.example/x=$mac", "http://a.example/x=1", "", "192.168.40.1:3128", true},
		{"http://a.example/x=$mac", "HTTP://A.EXAMPLE:80/x=1", "b.example", "192.168.40.1:3128", true},
		{"http://a.example/x=$mac", "http://b.example/x=1", "a.example", "192.168.40.1:3128", false},
		{"http://a.example?x=$mac", "http://a.example?x=1", "a.example", there, true},
		{"http://a.example", "http://a.example", "a.example", there, true},
	} {
		d := NewDecoder(Config{Templates: templates(t, "hold_call="+test.template)}, phone.NewRegistry())
		x := get(test.target)
		x.Host, x.Server = test.host, netip.MustParseAddrPort(test.server)
		if e := d.Decode(x); (e != nil && e.By == ByTemplate) != test.want {
			t.Errorf("%s: GET %s (host %q, at %s) is %s", test.template, test.target, test.host, test.server, summary(e))
		}
	}
}

func TestBadTemplates(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", "is empty"},
		{"  ", "is empty"},
		{"ftp://a.example/x=$mac", `has the scheme "ftp"`},
		{"://a.example/", `has the scheme ""`},
		{"http://a.example:0/x", `has the port "0"`},
		{"http://a.example:65536/x", `has the port "65536"`},
		{"http://a.example:80x/x", `has the port "80x"`},
		{"http://a.example:/x", `has the port ""`},
		{"mac=5&local=6", "has no server"},
		{"mac=$mac&local=$local", "has no server"}, // not a template for every "/"
		{"the phone/x", "has no server"},
	} {
		_, err := ParseTemplate(Lookup("hold_call"), test.text)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "expected ") {
			t.Errorf("ParseTemplate(%q): %v, want %q and what is expected", test.text, err, test.want)
		}
	}
}

// What several templates match is ambiguous, unless the values that they would
// give their variables speak for one.
func TestAmbiguous(t *testing.T) {
	const unknown = "unknown ?incoming_call,hold_call"
	for _, test := range []struct {
		first, second, target, want string
	}{
		{"/mac=$mac", "/mac=$mac", "/mac=000b82123456", unknown + ` mac="000b82123456"`},
		{"/mac=$mac", "192.168.40.207/mac=$mac", "/mac=000b82123456", unknown + ` mac="000b82123456"`},
		{"/mac=$mac", "192.168.40.208/mac=$mac", "/mac=000b82123456", `incoming_call [template] mac="000b82123456"`},
		{"/r=$remote", "/r=$local", "/r=5001", unknown + ` remote="5001"`},
		{"/r=$remote", "/$local", "/r=5001", `incoming_call [narrowed] remote="5001"`}, // literal text says more
		{"/r=$remote", "/r=5$local", "/r=6001", `incoming_call [template] remote="6001"`},
		// Typed values.
		{"/x=$mac", "/x=$remote", "/x=5001", `hold_call [narrowed] remote="5001"`},
		{"/x=$mac", "/x=$remote", "/x=000b82123456", unknown + ` mac="000b82123456"`},
		{"/x=$phone_ip", "/x=$remote", "/x=5001", `hold_call [narrowed] remote="5001"`},
		{"/x=$remote", "/x=$duration", "/x=+49", `incoming_call [narrowed] remote="+49"`},
		{"/x=$mac", "/x=$phone_ip", "/x=10.0.0.1", `hold_call [narrowed] phone_ip="10.0.0.1"`},
		{"/x=$mac", "/x=$phone_ip", "/x=none", unknown + ` mac="none"`}, // neither fits: not refused
		{"/x=$mac", "/x=$phone_ip", "/x=", unknown + ` mac empty`},
		{"/x=$mac", "/x=$mac", "/x=$mac", unknown + ` mac unresolved $mac`},
		// A value does not go on over the pairs behind it.
		{"/mac=$mac", "/mac=$mac&local=$local", "/mac=000b82123456&local=5002", `hold_call [narrowed] mac="000b82123456" local="5002"`},
		{"/l=$local", "/l=$local&r=$remote", "/l=5002&r=5001", `hold_call [narrowed] local="5002" remote="5001"`},
		{"/l=$local", "/l=$local&r=$remote", "/l=A&B Ltd", `incoming_call [template] local="A&B Ltd"`},
	} {
		d := NewDecoder(Config{Templates: templates(t, "incoming_call="+test.first, "hold_call="+test.second)}, phone.NewRegistry())
		wantSummary(t, d, get(test.target), test.want)
	}
}

// The same template twice for one event is not ambiguous: that of every phone
// of a site, each from its own file.
func TestSameTemplateTwice(t *testing.T) {
	d := NewDecoder(Config{Templates: templates(t, "incoming_call=/mac=$mac", "incoming_call=/mac=$mac", "hold_call=/x")}, phone.NewRegistry())
	wantSummary(t, d, get("/mac=000b82123456"), `incoming_call [template] mac="000b82123456"`)
}

// An Event is reused: nothing of one may be left in the next.
func TestNothingIsLeftOver(t *testing.T) {
	d := NewDecoder(Config{Templates: templates(t, "incoming_call=/a=$mac&b=$call-id", "hold_call=/x=$remote", "resume_call=/x=$remote")}, phone.NewRegistry())
	d.Decode(from(phoneAgent, get("/a=000b82123456&b=1@x")))
	wantSummary(t, d, at("10.0.0.9", get("/x=5")), `unknown ?hold_call,resume_call remote="5"`)
	e := d.Decode(at("10.0.0.9", get("/x=5")))
	if !e.PhoneMAC.IsZero() || e.PhoneProduct != "" || e.PhoneVersion != "" || e.CallID != "" || e.Kind != Unknown {
		t.Errorf("got %+v", e)
	}
}

// Templates at random, whose literals and values have no character in common,
// so that there is one reading.
func TestRandomTemplates(t *testing.T) {
	const literal, value = "/?&=;:,abc_", "ABCxyz019 +.@-äß\xfc()<>\"'*#$"
	random := rand.New(rand.NewSource(1))
	text := func(alphabet string, least, most int) string {
		b := make([]byte, least+random.Intn(most-least+1))
		for i := range b {
			b[i] = alphabet[random.Intn(len(alphabet))]
		}
		return string(b)
	}
	typed := []vendor.Meaning{vendor.MAC, vendor.PhoneIP, vendor.IP, vendor.Duration, vendor.Battery, vendor.Count} // would be narrowed by
	known := slices.DeleteFunc(vendor.Uses(), func(u vendor.Use) bool { return slices.Contains(typed, u.Means) })
	for range 3000 {
		var all []*Template
		var lines, targets []string
		var want [][]Var
		for range 1 + random.Intn(8) {
			line := "/" + text(literal, 0, 4)
			target := line
			var vars []Var
			for range random.Intn(6) {
				// A separator first, as a letter would be one of the name.
				between := text("/?&=;:,", 1, 1) + text(literal, 0, 3)
				name, v := known[random.Intn(len(known))].Name, text(value, 1, 6)
				if strings.HasPrefix(v, "$") || slices.ContainsFunc(vars, func(v Var) bool { return v.Name == name }) {
					continue
				}
				vars = append(vars, VarOf(name, v))
				line += between + "$" + name
				target += between + v
			}
			tail := text("/?&=;:,", 1, 2)
			line, target = line+tail, target+tail
			template, err := ParseTemplate(Kinds()[len(all)], line)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			all, lines, targets, want = append(all, template), append(lines, line), append(targets, target), append(want, vars)
		}
		d := NewDecoder(Config{Templates: all}, phone.NewRegistry())
		for i, target := range targets {
			x := get(target)
			e := d.Decode(x)
			kind := Kinds()[i]
			if e == nil || e.Kind != kind && !slices.Contains(e.Candidates, kind) {
				t.Fatalf("templates %q: %q is %s, want %s", lines, target, summary(e), kind)
			}
			alone := NewDecoder(Config{Templates: all[i : i+1]}, phone.NewRegistry()).Decode(x)
			if diff := cmp.Diff(want[i], slices.Clone(alone.Vars)); diff != "" && len(want[i]) > 0 {
				t.Fatalf("template %q: %q (-want +got):\n%s", lines[i], target, diff)
			}
		}
	}
}

// hostile is a target for which a matcher that goes back would take for ever,
// and the template for it.
func hostile() (template, target string) {
	return "/" + strings.Repeat("$mac&=$local", 8) + "&=!", "/" + strings.Repeat("&=", 4<<10)
}

func TestMatchingTakesBoundedTime(t *testing.T) {
	template, target := hostile()
	d := NewDecoder(Config{Templates: templates(t, "incoming_call="+template,
		"hold_call=/mac=$mac&local=$local&remote=$remote&a=$call-id&b=$call_id&c=$product&d=$language&e=$duration&f=$battery"+
			"&g=$ip&h=$model&i=$firmware&j=$active_user&k=$active_host&l=$phone_ip!")}, phone.NewRegistry())
	// The least of several, as others use the machine, too.
	least := func(f func()) time.Duration {
		least := time.Hour
		for range 5 {
			start := time.Now()
			f()
			least = min(least, time.Since(start))
		}
		return least
	}
	if took := least(func() {
		d.Decode(get(target))
		d.Decode(get("/mac=" + strings.Repeat("&local=&remote=&a=&b=&c=&d=&e=&f=&g=&h=", 200)))
	}); took > 100*time.Millisecond {
		t.Errorf("it takes %v", took)
	}
	// What it took must not be paid again by the requests behind it.
	if took := least(func() {
		for range 100 {
			d.Decode(get("/other"))
		}
	}); took > 5*time.Millisecond {
		t.Errorf("a hundred small requests behind it take %v", took)
	}
}

// Of templates that differ in their servers alone, those of the request's server
// are found without looking at the others, in the order in which they were added.
func TestManyServers(t *testing.T) {
	var set, few Set
	const n = 100_000
	add := func(kind, url string) {
		template, err := ParseTemplate(Lookup(kind), url)
		if err != nil {
			t.Fatal(err)
		}
		set.Add(template)
		few.Add(template)
	}
	for i := range n {
		template, err := ParseTemplate(Lookup("hold_call"), fmt.Sprintf("http://pbx%d.example/hook?mac=$mac", i))
		if err != nil {
			t.Fatal(err)
		}
		set.Add(template)
	}
	add("resume_call", "/hook?mac=$mac")
	add("off_hook", "pbx7.example:8080/hook?mac=$mac")
	add("on_hook", "10.0.0.7/hook?mac=$mac")
	add("dnd_on", "[2001:db8:0::7]/hook?mac=$mac")
	add("dnd_off", "[2001:db8::7]/hook?mac=$mac")
	server := netip.MustParseAddrPort
	for _, test := range []struct {
		server netip.AddrPort
		host   string
		want   string
	}{
		{server("10.0.0.1:80"), "pbx7.example", "hold_call resume_call"},
		{server("10.0.0.1:8080"), "PBX7.example:8080", "resume_call off_hook"},
		{server("10.0.0.7:80"), "nobody.example", "resume_call on_hook"},
		{server("10.0.0.7:80"), "10.0.0.7", "resume_call on_hook"},
		{server("10.0.0.9:80"), "10.0.0.7", "resume_call on_hook"},
		{server("[2001:db8::7]:80"), "x", "resume_call dnd_on dnd_off"},
		{server("[2001:db8::7]:80"), "[2001:db8::7]", "resume_call dnd_on dnd_off"},
		{server("10.0.0.7:80"), "pbx7.example:http", "resume_call on_hook"},
		{server("10.0.0.7:80"), "", strings.Repeat("hold_call ", maxUnnamed) + "resume_call on_hook"},
	} {
		to := recipientOf(test.server, test.host)
		var got []string
		looked := 0
		for _, m := range set.match("/hook?mac=000b82123456", &to) {
			if looked++; m.template.at(&to) {
				got = append(got, m.template.Kind.Slug)
			}
		}
		if strings.Join(got, " ") != test.want || looked > maxUnnamed+5 {
			t.Errorf("%v as %s: %v of %d, want %s", test.server, test.host, got, looked, test.want)
		}
		var all []string // of the few, which are compared one by one
		for _, m := range few.match("/hook?mac=000b82123456", &to) {
			if m.template.at(&to) {
				all = append(all, m.template.Kind.Slug)
			}
		}
		if got := strings.ReplaceAll(test.want, "hold_call ", ""); strings.Join(all, " ") != got {
			t.Errorf("%v as %s: %v of few, want %s", test.server, test.host, all, got)
		}
	}
}
