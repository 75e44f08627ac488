package actionurl

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/phone"
)

const (
	polyAgent = "PolycomVVX-VVX_411-UA/5.9.6.2327"

	// As the developer's guides of Poly print them.
	polyIncoming = `<PolycomIPPhone>
<IncomingCallEvent>
<PhoneIP>192.168.40.80</PhoneIP>
<MACAddress>0004f2aabbcc</MACAddress>
<CallingPartyName>Jane &amp; Co</CallingPartyName>
<CallingPartyNumber>20701@192.168.40.10</CallingPartyNumber>
<CalledPartyName></CalledPartyName>
<CalledPartyNumber>20300</CalledPartyNumber>
</IncomingCallEvent>
</PolycomIPPhone>`
	polyState = `<PolycomIPPhone><CallStateChangeEvent CallReference="41aa9c00" CallState="%s"><PhoneIP>192.168.40.80</PhoneIP>
<MACAddress>0004f2aabbcc</MACAddress><CallLineInfo><LineKeyNum>1</LineKeyNum><LineDirNum>20300</LineDirNum><LineState>Active</LineState>
<CallInfo><CallState>Offering</CallState><CallType>Incoming</CallType><UIAppearanceIndex>1*</UIAppearanceIndex>
<CallReference>41aa9c10</CallReference><CallDuration>12</CallDuration></CallInfo></CallLineInfo></CallStateChangeEvent></PolycomIPPhone>`

	// As CyberData's operations guides have it, encoded whole and without a key.
	cyberdata = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<cyberdata NAME='Front door' MAC='0020f7aabbcc'>\n<event>%s</event>\n</cyberdata>"
)

func post(target, contentType, body string) *httpwire.Exchange {
	x := get(target)
	x.Method, x.ContentType, x.Body = "POST", contentType, []byte(body)
	return x
}

func TestPosted(t *testing.T) {
	const (
		form    = "application/x-www-form-urlencoded"
		handset = "Grandstream Model HW GXP2170 SW 1.0.11.79 DevId 000b82123432"
		akuvox  = "0c:11:05:aa:bb:cc"
		nobody  = "02:00:00:00:00:01"
	)
	state := func(s string) string { return fmt.Sprintf(polyState, s) }
	inForm := func(event string) string { return url.QueryEscape(fmt.Sprintf(cyberdata, event)) }
	for _, test := range []struct{ what, agent, source, target, kind, body, want string }{
		// Poly.
		{"a call", polyAgent, nobody, "/pa", "application/x-com-polycom-spipx", polyIncoming,
			`incoming_call [body] PhoneIP="192.168.40.80" MACAddress="0004f2aabbcc" CallingPartyName="Jane & Co" CallingPartyNumber="20701@192.168.40.10" CalledPartyNumber="20300"`},
		{"without the wrapper, the user agent and the type", "", nobody, "/pa", "", "<OnHookEvent><PhoneIP>192.168.40.80</PhoneIP></OnHookEvent>",
			`on_hook [body] PhoneIP="192.168.40.80"`},
		{"a state", polyAgent, nobody, "/pa", "", state("Connected"), `established_call [body] CallReference="41aa9c00" CallState="Connected" PhoneIP="192.168.40.80" ` +
			`MACAddress="0004f2aabbcc" LineKeyNum="1" LineDirNum="20300" LineState="Active" CallType="Incoming" UIAppearanceIndex="1*" CallDuration="12"`},
		{"a state that means nothing", "", nobody, "/pa", "", "<CallStateChangeEvent CallReference='1' CallState='Ncas'/>", `unknown CallReference="1" CallState="Ncas"`},
		{"logging out", "", nobody, "/pa", "", "<UserLoginOutEvent><UserLoggedOut/></UserLoginOutEvent>", `log_off [body]`},
		{"cut short", "", nobody, "/pa", "", polyIncoming[:100], `incoming_call [body] PhoneIP="192.168.40.80"`},
		{"Latin-1", "", nobody, "/pa", "", "<IncomingCallEvent><CallingPartyName>M\xfcller</CallingPartyName></IncomingCallEvent>", `incoming_call [body] CallingPartyName="Müller"`},

		{"an event that is not known", polyAgent, nobody, "/pa", "", "<PolycomIPPhone><NetworkUpEvent><PhoneIP>192.168.40.80</PhoneIP></NetworkUpEvent></PolycomIPPhone>",
			`unknown PhoneIP="192.168.40.80"`},

		// CyberData.
		{"a button", "CyberData/1.0.0", nobody, "xmlparse_engine", form, inForm("BUTTON"), `button_pressed [body] NAME="Front door" MAC="0020f7aabbcc" event="BUTTON"`},
		{"an answer", "", nobody, "/xml_engine", form, inForm("CALL_ACTIVE"), `established_call [body] NAME="Front door" MAC="0020f7aabbcc" event="CALL_ACTIVE"`},
		{"as it is", "Guardian 1.0.0", nobody, "/x", "", strings.ReplaceAll(fmt.Sprintf(cyberdata, "HEARTBEAT"), "cyberdata", "guardian"), `device_heartbeat [body] NAME="Front door" MAC="0020f7aabbcc" event="HEARTBEAT"`},

		// JSON and forms.
		{"a form", handset, nobody, "/hook", form, "event=incoming&remote=5003&mac=000b82123432&call-id=abc%40192.168.40.10",
			`incoming_call [body] event="incoming" remote="5003" mac="000b82123432" call-id="abc@192.168.40.10"`},
		{"JSON with the type of the call", handset, nobody, "/hook", "application/json", `{"type":"incoming","event":"hangup"}`,
			`terminated_call [body] type="incoming" event="hangup"`},
		{"JSON", handset, nobody, "/hook", "application/json", `{"event":"incoming","a":[1,{"remote":"+49 \u00fc"}],"n":1.50,"t":true,"z":null}`,
			`incoming_call [body] event="incoming" a="1" remote="+49 ü" n="1.50" t="true"`},
		{"what Akuvox sends", "", akuvox, "/api/config/set/", "application/json", `{"data":{"mac":"0C1105AABBCC","ip":"192.168.40.50","relay3status":"1"}}`,
			`unknown mac="0C1105AABBCC" ip="192.168.40.50" relay3status="1"`},
		{"its own name for an event", "", akuvox, "/x", "", `{"event":"MakeCall"}`, `outgoing_call [body] event="MakeCall"`},
		{"what a door phone of Grandstream sends", "", "00:0b:82:12:34:32", "/gds", "", `{"mac":"000B82123432","content":"Door opened, call-id $remote"}`,
			`unknown mac="000B82123432" content="Door opened, call-id $remote"`},
		{"by a MAC address alone, as from a cloud", "", nobody, "/hook", "application/json", `{"mac":"1CCAE3712345","event":"doorbell"}`,
			`button_pressed [body] mac="1CCAE3712345" event="doorbell"`},
		{"JSON cut short", handset, nobody, "/hook", "application/json", `{"event":"incoming","remote":"50`, `incoming_call [body] event="incoming"`},
		{"an event in the URL", handset, nobody, "/incoming?remote=5003", "application/json", `{"x":"1"}`, `incoming_call [name] remote="5003" x="1"`},

		// What is none.
		{"nothing", handset, nobody, "/hook", form, "", "no Action URL"},
		{"something else", handset, nobody, "/hook", "application/json", `{"temperature":21}`, "no Action URL"},
		{"of nobody", "", nobody, "/hook", "application/json", `{"event":"incoming","remote":"5003","mac":"020b82123432"}`, "no Action URL"},
		{"of a browser", "Mozilla/5.0 (X11; Linux x86_64)", akuvox, "/hook", form, "event=incoming&remote=5003&mac=0c1105aabbcc", "no Action URL"},
		{"what a server shows on a Poly phone", "python-requests/2.31.0", nobody, "/push", "application/x-com-polycom-spipx",
			`<PolycomIPPhone><Data Priority="Critical">Fire alarm</Data></PolycomIPPhone>`, "no Action URL"},
		{"a call of a procedure", handset, nobody, "/rpc", "application/json", `{"jsonrpc":"2.0","method":"register","id":1}`, "no Action URL"},
		{"management", handset, nobody, "/acs", "text/xml", `<soap:Envelope xmlns:soap="s"><Event>1 BOOT</Event><mac>000b82123432</mac><remote>1</remote></soap:Envelope>`, "no Action URL"},
	} {
		t.Run(test.what, func(t *testing.T) {
			x := from(test.agent, post(test.target, test.kind, test.body))
			x.Source, _ = packet.ParseMAC(test.source)
			wantSummary(t, NewDecoder(Config{}, phone.NewRegistry()), x, test.want)
		})
	}
}

// Who posted, as the body says.
func TestPostedPhone(t *testing.T) {
	e := NewDecoder(Config{}, phone.NewRegistry()).Decode(post("/pa", "", polyIncoming))
	if e == nil || e.PhoneMAC.String() != "00:04:f2:aa:bb:cc" || e.PhoneIP.String() != "192.168.40.80" || e.PhoneVendor.Title() != "Poly" {
		t.Errorf("got %+v", e)
	}
	e = NewDecoder(Config{}, phone.NewRegistry()).Decode(post("/pa", "", fmt.Sprintf(polyState, "Held")))
	if e == nil || e.CallID != "41aa9c00" || e.Kind.Slug != "held_call" {
		t.Errorf("got %+v", e)
	}
}

// Templates may have what is posted.
func TestPostedTemplates(t *testing.T) {
	for _, test := range []struct{ templates, method, target, body, want string }{
		{"hold_call=POST http://192.168.40.207/hook", "POST", "/hook", "", "hold_call [template]"},
		{"hold_call=POST http://192.168.40.207/hook", "POST", "/hook", `{"remote":"1"}`, `hold_call [template] remote="1"`},
		{"hold_call=POST http://192.168.40.207/hook", "GET", "/hook", "", "no Action URL"},
		{"hold_call=http://192.168.40.207/hook", "POST", "/hook", `{"remote":"1"}`, "no Action URL"},
		{"hold_call=GET http://192.168.40.207/hook", "GET", "/hook", "", "hold_call [template]"},
		{`hold_call=POST /hook {"e":"h", "m":"$mac"}|resume_call=POST /hook {"e":"r", "m":"$mac"}`, "POST", "/hook", ` {"e":"r", "m":"000b82123432"}` + "\r\n",
			`resume_call [template] mac="000b82123432"`},
		{`hold_call=POST /hook {"e":"h"}|resume_call=POST /hook`, "POST", "/hook", `{"e":"h"}`, "hold_call [narrowed]"},
		{`hold_call=POST /hook?m=$mac {"r":"$remote","x":"$display_remote"}`, "POST", "/hook?m=000b82123432", `{"r":"1","x":"a","x":"b"}`,
			`hold_call [template] remote="1" display_remote="a\",\"x\":\"b" mac="000b82123432"`},
		{`hold_call=POST /hook {"r":"$remote"}`, "POST", "/hook", `{"r":"1"`, "no Action URL"},
		{`unregistered=POST /gds {"m":"${MAC}"}`, "POST", "/gds", `{"m":"000B82123432"}`, `unregistered [template] MAC="000B82123432"`},
	} {
		d := NewDecoder(Config{Templates: templates(t, strings.Split(test.templates, "|")...)}, phone.NewRegistry())
		x := post(test.target, "", test.body)
		x.Method = test.method
		wantSummary(t, d, x, test.want)
	}
}

// A body is hostile: it is bounded, whatever it is.
func FuzzBody(f *testing.F) {
	f.Add("", polyIncoming)
	f.Add("application/json", `{"event":["incoming",{"a":1}],"b":"\ud800"}`)
	f.Add("application/x-www-form-urlencoded", "a=b&c=%zz&=&&d")
	f.Add("", url.QueryEscape(cyberdata))
	f.Add("", strings.Repeat("[", 10000))
	f.Add("", strings.Repeat("<a>", 10000)+"<!DOCTYPE a [<!ENTITY b 'c'>]>&b;")
	f.Fuzz(func(t *testing.T, kind, body string) {
		d := NewDecoder(Config{Templates: templates(t, `hold_call=POST /hook $remote"$mac`)}, phone.NewRegistry())
		x := from(polyAgent, post("/hook", kind, body))
		if e := d.Decode(x); e != nil && len(e.Vars) > maxVars+8 {
			t.Errorf("%d variables", len(e.Vars))
		}
	})
}
