package actionurl

import (
	"strings"
	"testing"

	"actionurl/decode/packet"
	"actionurl/decode/phone"
)

// Requests that no template is known for, and what is said of them.
func TestRecognized(t *testing.T) {
	for _, test := range []struct{ agent, target, want string }{
		// The path form of the guide, from who knows whom.
		{"", "/mac=000b82632815&local=5002", `unknown mac="000b82632815" local="5002"`},
		{"", "/remote=5001&phone_ip=192.168.40.50", `unknown remote="5001" phone_ip="192.168.40.50"`},
		{"", "/call-id=1-5062-13@BJC&program_version=1.0.3.24", `unknown call-id="1-5062-13@BJC" program_version="1.0.3.24"`},
		{"", "/program_version=1.0.3.24", `unknown program_version="1.0.3.24"`},
		{"", "/remote=5001", `unknown remote="5001"`},
		{"", "/mac=000b82632815/local=5002", `unknown mac="000b82632815" local="5002"`},
		{"", "/mac=000b82632815?local=5002", `unknown mac="000b82632815" local="5002"`},
		{"", "/gs/mac=000b82632815&local=5002&x=1", `unknown mac="000b82632815" local="5002" x="1"`},
		{"", "/local=5002  call-id=1@x", `unknown local="5002  call-id=1@x"`},
		{"", "/mac=000b82632815&display_remote =Jane Doe", `unknown mac="000b82632815" display_remote="Jane Doe"`},
		{"curl/8.5.0", "/mac=000b82632815&local=5002", `unknown mac="000b82632815" local="5002"`},
		// A query begins at "?" wherever a "=" was before it, as at the end of a token.
		{"", "/hook/dG9rZW4=?event=incoming&remote=5001", `incoming_call [name] dG9rZW4 empty event="incoming" remote="5001"`},
		{"", "/hook/dG9rZQ==/?event=incoming&remote=5001", `incoming_call [name] dG9rZQ="=/" event="incoming" remote="5001"`},
		{"", "/in;v=2?e=hold&mac=000b82632815", `hold_call [name] in;v="2" e="hold" mac="000b82632815"`},
		{"", "/call-id=a?b@x&remote=5001", `unknown call-id="a?b@x" remote="5001"`},
		{"", "/call-id=a?=b@x&remote=5001", `unknown call-id="a?=b@x" remote="5001"`},
		// Empty, repeated and unknown keys.
		{"", "/mac=&local=", `unknown mac empty local empty`},
		{"", "/remote=1&remote=2", `unknown remote="1" remote="2"`},
		{"", "/=1&remote=2&=3&local=4", `unknown remote="2" local="4"`},
		{"", "/&remote=2&&local=4&", `unknown remote="2" local="4"`},
		{"", "/incoming?remote=5001&debug&x=1", `incoming_call [name] remote="5001&debug" x="1"`},
		// Variables that the phone did not know, or left as they are.
		{"", "/incoming?remote=$remote", `incoming_call [name] remote unresolved $remote`},
		{"", "/hook?r=$remote&n=$display_remote", `unknown r unresolved $remote n unresolved $display_remote`},
		{"", "/hook?r=%24remote", `unknown r unresolved $remote`},
		{"", "/hook?call_id=$callid", `unknown call_id unresolved $callid`},
		{"", "/hook?id=$$REMOTENUMBER$$", `unknown id unresolved $$REMOTENUMBER$$`},
		{"", "/incoming?nr=$caller_number", `incoming_call [name] nr unresolved $caller_number`},
		// Names in the URL.
		{"", "/incoming?remote=5001", `incoming_call [name] remote="5001"`},
		{"", "/incoming.php?remote=5001", `incoming_call [name] remote="5001"`},
		{"", "/incoming/?remote=5001", `incoming_call [name] remote="5001"`},
		{"", "/Incoming-Call?remote=5001", `incoming_call [name] remote="5001"`},
		{"", "/x/incomingCall?remote=5001", `incoming_call [name] remote="5001"`},
		{"", "/x/incomingcall?remote=5001", `incoming_call [name] remote="5001"`},
		{"", "/x?event=hold&mac=000b82632815", `hold_call [name] event="hold" mac="000b82632815"`},
		{"", "/x?Event=On%20Hold&mac=000b82632815", `hold_call [name] Event="On Hold" mac="000b82632815"`},
		{"", "/off_hook?mac=240ac4112233", `off_hook [name] mac="240ac4112233"`}, // of a maker that is not known
		{"", "/x?event=missed-call&model=P1", `missed_call [name] event="missed-call" model="P1"`},
		{"", "/actions/?token=abc&mac=000b82632815&event=registered", `registered [name] token="abc" mac="000b82632815" event="registered"`},
		{"", "/registered?mac=000b82632815", `registered [name] mac="000b82632815"`},
		// Two names are candidates, the same one twice is not.
		{"", "/incoming?event=hold&remote=5001", `unknown ?incoming_call,hold_call event="hold" remote="5001"`},
		{"", "/incoming?event=ringing&remote=5001", `incoming_call [name] event="ringing" remote="5001"`},
		// What is called an event counts, not the type or the state of a call beside it.
		{"", "/x?type=incoming&event=hangup&remote=5001", `terminated_call [name] type="incoming" event="hangup" remote="5001"`},
		{"", "/x?ev=hold&state=connected&remote=5001", `hold_call [name] ev="hold" state="connected" remote="5001"`},
		{"", "/x?ev=5&state=connected&remote=5001", `established_call [name] ev="5" state="connected" remote="5001"`},
		{"", "/x?type=hold&state=connected&remote=5001", `unknown ?hold_call,established_call type="hold" state="connected" remote="5001"`},
		{"", "/t?e=5001&remote=5001&local=5002", `unknown e="5001" remote="5001" local="5002"`}, // an extension
		{"", "/t?e=8310&remote=5001&local=5002", `unknown e="8310" remote="5001" local="5002"`}, // not a P-value
		// The query form that integrations use, with nothing else to know it by.
		{"", "/actionurl?phone_ip=10.0.0.7&mac=000b82632815", `unknown phone_ip="10.0.0.7" mac="000b82632815"`},
		{"", "/t?remote=5001&local=5002", `unknown remote="5001" local="5002"`},
		{"", "/phone/x?active_host=pbx&active_user=5002", `unknown active_host="pbx" active_user="5002"`},
		// With a phone's user agent, whatever it is.
		{phoneAgent, "/api/webhook/ID?e=dnd_on&m=000b82632815", `dnd_on [name] e="dnd_on" m="000b82632815"`},
		{phoneAgent, "/api/webhook/ID?e=battery_low&m=000b82632815&b=19", `low_battery [name] e="battery_low" m="000b82632815" b="19"`},
		{phoneAgent, "/t?r=5001&e=5002", `unknown r="5001" e="5002"`},
		{phoneAgent, "/api/grandstream/webhook/incoming-call", `incoming_call [name]`},
		{phoneAgent, "/hue/1/4", `unknown`},
		{phoneAgent, "/siphook?remote=5001", `unknown remote="5001"`},
		{"Yealink SIP-T46U 108.87.14.1 24:9a:d8:6e:9d:88", "/yealink?ev=answer&id=33093", `answered_call [name] ev="answer" id="33093"`},
		{"Yealink SIP-T46U 108.87.14.1 24:9a:d8:6e:9d:88", "/telephone/incomingCall?IP=10.0.0.7&NAME=Bob&PHONE=5003",
			`incoming_call [name] IP="10.0.0.7" NAME="Bob" PHONE="5003"`},
		{"Mozilla/4.0 (compatible; snom360-SIP 8.4.35)", "/ring?number=1@x&display_remote=Bob", `unknown number="1@x" display_remote="Bob"`},
		{"Mozilla/4.0 (compatible; snom360-SIP 8.4.35)", "/snom/dial-log.php?user=bob&type=in&remote=5001",
			`unknown user="bob" type="in" remote="5001"`},
		{"Aastra 6757i/2.6.0", "/incoming.php?number=5004", `incoming_call [name] number="5004"`},
		{"Aastra 6757i/2.6.0", "/incoming.xml?remote=5004", `incoming_call [name] remote="5004"`},
	} {
		wantSummary(t, NewDecoder(Config{}, phone.NewRegistry()), from(test.agent, get(test.target)), test.want)
	}
}

// Requests that nothing but who sent them shows to be Action URLs: the first
// examples of manuals.
func TestRecognizedBySender(t *testing.T) {
	const (
		yealink = "Yealink SIP-T46U 108.87.14.1 24:9a:d8:6e:9d:88"
		mitel   = "Aastra6731i MAC:00-08-5D-23-74-29 V:2.6.0.1008-SIP"
		htek    = "00:1f:c1:1a:8b:6c"
		akuvox  = "0c:11:05:aa:bb:cc"
		twoN    = "7c:1e:b3:aa:bb:cc"
		nobody  = "02:00:00:00:00:01"
	)
	for _, test := range []struct{ agent, source, target, want string }{
		// URLs of door stations are fixed.
		{"", twoN, "/door/open", "unknown"},
		{"HIPVerso/2.40", twoN, "/message?floor=2", `unknown floor="2"`},
		{"", twoN, "/hipvs-7c1eb3aabbcc.xml", "no Action URL"},
		{"", twoN, "/firmware/latest", "no Action URL"},
		{"", "1c:ca:e3:71:23:45", "/api/doorbird/front_relay?id=5", `unknown id="5"`},
		{"", nobody, "/door/open", "no Action URL"},
		{"", twoN, "/ring", "button_pressed [name]"},
		{"", akuvox, "/hook?event=ring&remote=1", `unknown event="ring" remote="1"`}, // at the door, or of the phone
		{yealink, nobody, "/help.xml?IP=192.168.40.50", `unknown IP="192.168.40.50"`},
		{yealink, nobody, "/help.xml?mac=249ad86e9d88", `unknown mac="249ad86e9d88"`},
		{yealink, nobody, "/help.xml? MAC=24:9A:D8:6E:9D:88", `unknown MAC="24:9A:D8:6E:9D:88"`},
		{yealink, nobody, "/help.xml?x=249ad86e9d88", `unknown x="249ad86e9d88"`},
		{yealink, nobody, "/help.xml?mac=249ad86e9d89", "no Action URL"}, // another's
		{yealink, nobody, "/help.xml", "no Action URL"},
		{yealink, nobody, "/help.xml?file=249ad86e9d88.xml", "no Action URL"},
		{yealink, nobody, "/249ad86e9d88.xml", "no Action URL"},
		{yealink, nobody, "/cfg249ad86e9d88.xml?mac=249ad86e9d88", "no Action URL"},
		{yealink, nobody, "/firmware.xml?mac=249ad86e9d88", "no Action URL"},
		{yealink, nobody, "/x.php?get=phonebook&mac=249ad86e9d88", `unknown get="phonebook" mac="249ad86e9d88"`}, // by the user agent, as before
		{yealink, nobody, "/phonebook/249ad86e9d88/x.xml", "no Action URL"},
		{yealink, nobody, "/y000000000108.cfg?mac=249ad86e9d88", "no Action URL"},
		{"", htek, "/001fc11a8b6c/192.168.40.50", `unknown mac="001fc11a8b6c" ip="192.168.40.50"`},
		{"", htek, "/192.168.40.50", "no Action URL"}, // all of the path
		{"", htek, "/001fc11a8b6c", "no Action URL"},
		{"", htek, "/hook/001fc11a8b6c", `unknown mac="001fc11a8b6c"`},
		{"", htek, "/hook/001fc11a8b6c.xml", "no Action URL"},
		{"", nobody, "/020000000001/192.168.40.50", "no Action URL"},
		{"", nobody, "/help.xml?mac=020000000001&ip=192.168.40.50", "no Action URL"},
		// An unknown user agent does not cancel what the frame shows.
		{"libhttp/1.0", htek, "/001fc11a8b6c/192.168.40.50", `unknown mac="001fc11a8b6c" ip="192.168.40.50"`},
		{"libhttp/1.0", htek, "/x?remote=5001", `unknown remote="5001"`},
		{"libhttp/1.0", nobody, "/x?remote=5001", "no Action URL"},
		{"libhttp/1.0", htek, "/x?a=1", "no Action URL"},
		{"Mozilla/5.0 (X11; Linux x86_64)", htek, "/x?mac=001fc11a8b6c", "no Action URL"},
		// Keys in any spelling.
		{mitel, nobody, "/weather.xml?Remote-Number=5551", `unknown Remote-Number="5551"`},
		{mitel, nobody, "/phonebook.xml?Remote-Number=5551", "no Action URL"},
		{mitel, nobody, "/weather.xml?town=5551", "no Action URL"},
		{"", nobody, "/x?callID=1&Display-Remote=Bob", `unknown callID="1" Display-Remote="Bob"`},
		// What the vendor's settings call an event.
		{"", akuvox, "/hook?event=TransferFinished", `transfer_finished [name] event="TransferFinished"`},
		{"", akuvox, "/hook?open_dnd=1", `dnd_on [name] open_dnd="1"`},
		{"", nobody, "/hook?open_dnd=1", "no Action URL"},
		// Pairs that colons join, as in Akuvox's manual.
		{"", nobody, "/mac=0C:11:05:AA:BB:CC:ip=10.0.0.7:model=R20 A:firmware=:active_url=",
			`unknown mac="0C:11:05:AA:BB:CC" ip="10.0.0.7" model="R20 A" firmware empty active_url empty`},
	} {
		x := from(test.agent, get(test.target))
		x.Source, _ = packet.ParseMAC(test.source)
		t.Run(test.target, func(t *testing.T) { wantSummary(t, NewDecoder(Config{}, phone.NewRegistry()), x, test.want) })
	}
}

// Values may follow the event's name in the path, and words for the phone may stand
// around it.
func TestNamedInPath(t *testing.T) {
	const yealink = "Yealink SIP-T46U 108.87.14.1 24:9a:d8:6e:9d:88"
	for target, want := range map[string]string{
		"/incoming/0301234567":                         "incoming_call [name]",
		"/incoming/%2B49301234567/201":                 "incoming_call [name]",
		"/api/incoming_call/249ad86e9d88/201?x=1":      `incoming_call [name] x="1" mac="249ad86e9d88"`,
		"/phone/249ad86e9d88/hangup":                   `terminated_call [name] mac="249ad86e9d88"`,
		"/hold/sip:201@pbx.lan/sip%3A5003%40pbx.lan":   "hold_call [name]",
		"/ringing/$remote/$display_remote":             "incoming_call [name] remote unresolved $remote display_remote unresolved $display_remote",
		"/x/$$MAC$$/$1/$n":                             "unknown MAC unresolved $$MAC$$",
		"/hold?state=off":                              `resume_call [name] state="off"`,
		"/hold?state=OFF":                              `resume_call [name] state="OFF"`,
		"/hold?state=held":                             `unknown ?hold_call,held_call state="held"`,
		"/missed_call/anonymous@anonymous.invalid/201": "missed_call [name]",
		"/incoming//":                                  "incoming_call [name]",
		"/dnd/on":                                      "dnd_on [name]",
		"/dnd/off/201":                                 "dnd_off [name]",
		"/call/ended/5":                                "terminated_call [name]",
		"/dnd?state=on":                                `dnd_on [name] state="on"`,
		"/api/webhook/yealink_incoming_call":           "incoming_call [name]",
		"/api/webhook/yealink-dnd-on":                  "dnd_on [name]",
		"/api/webhook/phone_201_off_hook":              "off_hook [name]",
		"/web/xml_disconnected.php?vendor=yealink":     `terminated_call [name] vendor="yealink"`,
		"/yealink?ev=ring&from=5003":                   `incoming_call [name] ev="ring" from="5003"`,
		"/yealink?ev=dial&num=5003":                    `outgoing_call [name] ev="dial" num="5003"`,
		"/incoming_201":                                "incoming_call [name]",
		"/x?event=phone_ringing":                       `incoming_call [name] event="phone_ringing"`,
		// What stands around is part of the name.
		"/not_registered":        "unknown",
		"/end_hold":              "unknown",
		"/lost_incoming":         "unknown",
		"/incoming_queue":        "unknown",
		"/phone_":                "unknown",
		"/_":                     "unknown",
		"/201":                   "unknown",
		"/hold/music/list":       "unknown",
		"/registered/users":      "unknown",
		"/dnd?state=x":           `unknown state="x"`,
		"/incoming/5?event=hold": `unknown ?incoming_call,hold_call event="hold"`,
	} {
		wantSummary(t, NewDecoder(Config{}, phone.NewRegistry()), from(yealink, get(target)), want)
	}
}

// Requests that are none, some of them much like one.
func TestNotRecognized(t *testing.T) {
	const (
		firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
		chrome  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
		yealink = "Yealink SIP-T46U 108.87.14.1 24:9a:d8:6e:9d:88"
		snom    = "Mozilla/4.0 (compatible; snom360-SIP 8.4.35)"
		many    = "v=1&tid=UA-1&cid=555&t=pageview&ul=en&language=en&sr=1920x1080&model=Pixel&ip=10.0.0.7&firmware=14&duration=31"
	)
	for _, test := range []struct{ agent, targets string }{
		{"", `/ /index.html /favicon.ico /search?q=phone /incoming /api/v1/items?id=5 * /?remote=origin /?language=en
			/a/b=c/d /image;v=2/x.png /lake/year=2026/month=03/language=en/part.parquet /language=en/style.css`},
		{firefox, `/ /favicon.ico /page?remote=5001 /page?language=en /incoming?remote=5001 /collect?` + many + `
			/mac=000b82632815&local=5002 /incoming_call?mac=000b82632815&call_id=5`},
		{chrome, `/cgi-bin/api.values.get?mac=000b82632815 /git?remote=origin&local=main /login?state=connected`},
		{"curl/8.5.0", `/download/fw.bin /cfg000b82632815.xml /status?ip=10.0.0.7 /geo?ip=10.0.0.7&language=en
			/shop?product=12&language=en /git?remote=origin /search?local=berlin`},
		{"okhttp/4.9.3", `/collect?` + many + ` /weather?language=en&duration=3 /auth?state=connected&language=en
			/json?ip=10.0.0.7&language=en /device?mac=02:00:00:00:00:01&model=TV&firmware=1.2&language=en
			/report?mac=02:00:00:00:00:01&battery=87&temp=21 /api?mac=os&event=connected`},
		// Things that are no phones: only a maker of phones, or a word that only phones use, tells them apart.
		{"ESP8266HTTPClient", `/hook?mac=240ac4112233&event=button&battery=80 /api?mac=240ac4112233&state=connected&ip=192.168.40.50
			/log?mac=240ac4112233&action=registered /gw?mac=240ac4112233&status=hold /heartbeat?mac=240ac4112233&ip=192.168.40.50
			/alarm?mac=240ac4112233 /vpn?event=connected&remote=192.0.2.4
			/vpn?remote=192.0.2.4&local=10.0.0.1&duration=55 /tv?event=connected&model=TV /tv?action=register&ip=10.0.0.7 /mute_on?mac=240ac4112233`},
		{phoneAgent, `/cfg000b828aa872.xml /cfg000b828aa872 /gs/cfg000b828aa872.xml /cfggxp2135.xml /cfg.xml
			/gxp2135fw.bin /firmware/gxp2135fw.bin /firmware/1.0.7.97/release /phonebook.xml /gs_phonebook.xml
			/gs_phonebook?mac=000b828aa872 /phonebook/search?name=x /ring1.bin /logo.bmp /provisioning/000b828aa872
			/app/provision/?mac=000b828aa872 /000b828aa872 /favicon.ico /ca.pem /zccgi/fetchcfg?mac=000b828aa872`},
		{yealink, `/y000000000108.cfg /249ad86e9d88.cfg /249ad86e9d88.boot /T46U-108.87.14.1.rom /contacts.xml
			/autoprovision/249ad86e9d88.cfg /prov/249ad86e9d88/common /logo.dob /T46U.enc`},
		{"Mitel6930 MAC:00-08-5D-AA-BB-03 V:6.3.0.1020-SIP", "/6930.st /00085DAABB03.tuz"},
		{"Cisco-CP-8841-3PCC/11.3.7 (002a10aabb11)", "/sip88xx.11-3-7.loads /SEP002A10AABB11.cnf.xml.sgn /kern.sbn"},
		{"Mozilla/4.0 (compatible; snomD785-SIP 10.1.175.16 1.1.3-s 000413AABB01)", `/snom/snomD785.htm?mac=000413AABB01
			/snom/snomD785-000413AABB01.htm?mac=000413AABB01 /000413aabb01.htm?ip=192.168.40.50`},
		{snom, `/snom360.htm /settings.php?mac=000413123456 /snom/settings?mac=000413123456&model=360&firmware=8.4.35
			/firmware/snom360-8.4.35.bin`},
	} {
		for target := range strings.FieldsSeq(test.targets) {
			wantSummary(t, NewDecoder(Config{}, phone.NewRegistry()), from(test.agent, get(target)), "no Action URL")
		}
	}
}

// Of a phone of a maker that is not known, what comes after an event is one, too.
func TestRecognizedAfterAnEvent(t *testing.T) {
	d := NewDecoder(Config{}, phone.NewRegistry())
	for _, test := range []struct{ target, want string }{
		{"/registered?mac=020000000001", "no Action URL"},
		{"/incoming?mac=020000000001&remote=5001", `incoming_call [name] mac="020000000001" remote="5001"`},
		{"/registered?mac=020000000001", `registered [name] mac="020000000001"`},
		{"/list?mac=020000000001", "no Action URL"},
	} {
		wantSummary(t, d, from("TelePhone/1.0", get(test.target)), test.want)
	}
}

// A capture holds more downloads than events.
func TestRecognizeAllocs(t *testing.T) {
	for _, target := range []string{"/cfg000b828aa872.xml", "/firmware/1.0.7.97/release", "/incoming/5003/192.0.2.50", "/a/c0ffee-cafe"} {
		d, x := NewDecoder(Config{}, phone.NewRegistry()), from(phoneAgent, get(target))
		if n := testing.AllocsPerRun(100, func() { d.Decode(x) }); n > 0 {
			t.Errorf("%s takes %v allocations", target, n)
		}
	}
}

func TestOtherMethods(t *testing.T) {
	d := NewDecoder(Config{Templates: templates(t, "incoming_call=192.168.40.207/mac=$mac&local=$local")}, phone.NewRegistry())
	for _, method := range []string{"POST", "PUT", "HEAD", "OPTIONS", "get", ""} {
		x := from(phoneAgent, get("/mac=000b82632815&local=5002"))
		x.Method = method
		wantSummary(t, d, x, "no Action URL")
	}
}

// A target may be as long as a head: what it costs is bounded, and nothing of
// it is lost.
func TestManyPairs(t *testing.T) {
	target := "/incoming?remote=5001" + strings.Repeat("&a=1", 16<<10)
	e := NewDecoder(Config{}, phone.NewRegistry()).Decode(get(target))
	if e == nil || e.Kind.Slug != "incoming_call" {
		t.Fatalf("got %s", e.Kind.Slug)
	}
	if len(e.Vars) > 1000 {
		t.Errorf("%d variables", len(e.Vars))
	}
	n := 0
	for _, v := range e.Vars {
		n += len("&" + v.Name + "=" + v.Value)
	}
	if want := len(target) - len("/incoming"); n != want {
		t.Errorf("%d bytes of %d are in variables", n, want)
	}
}
