package profile

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// read parses a file and writes what it holds, a line for each thing: errors
// and warnings with their line, then bindings as line, phone, event, template.
func read(name, data string) []string {
	p := NewParser()
	used := p.Parse(name, []byte(data))
	return lines(p, used)
}

func lines(p *Parser, used bool) []string {
	all := []string{}
	for _, m := range p.Errors {
		all = append(all, fmt.Sprintf("error %d: %s", m.Place.Line, m.Text))
	}
	if used != (len(p.Errors) == 0) {
		all = append(all, "used in spite of errors")
	}
	for _, m := range p.Warnings {
		all = append(all, fmt.Sprintf("warning %d: %s", m.Place.Line, m.Text))
	}
	for _, b := range p.Bindings {
		line := fmt.Sprintf("%d %s %s %s", b.Place.Line, b.Phone, b.Template.Kind.Slug, b.Template.Text)
		if b.Setting != nil {
			line += " (" + b.Setting.Vendor.Name + " " + b.Setting.Key + ")"
		}
		all = append(all, strings.ReplaceAll(line, "  ", " "))
	}
	return all
}

// Each kind of file, bad cases first: the smallest file that shows the case.
func TestParse(t *testing.T) {
	const u = "192.168.1.2/mac=$mac"
	for _, test := range []struct {
		what, name, data string
		want             []string
	}{
		// What no phone and nobody wrote for us.
		{"empty", "x", " \n", []string{"error 0: the file is empty; " + expectedForms}},
		{"encrypted", "cfg000b82123456", "Salted__\x01\x02", []string{"error 0: the file is encrypted (OpenSSL, as by the vendor's configuration tool); expected its source"}},
		{"encrypted, base64", "x.xml", "U2FsdGVkX1+9Zm9vYmFy\n", []string{"error 0: the file is encrypted (OpenSSL, in base64); expected its source"}},
		{"binary", "cfg000b82123456", "\x00\x00\x01\x0bP8310=x", []string{"error 0: the file is binary, as made by the vendor's tool (cfg and the MAC address); expected its XML or text source"}},
		{"compressed", "x", "\x1f\x8b\x08", []string{"error 0: the file is compressed; expected its content"}},
		{"UTF-16", "x", "\xff\xfe<\x00", []string{"error 0: the file is in UTF-16; expected UTF-8"}},
		{"capture", "x", "\xd4\xc3\xb2\xa1", []string{"error 0: the file is a packet capture; " + expectedForms}},
		{"prose", "x", "hello\nworld\n", []string{"error 0: unknown kind of file; " + expectedForms}},

		// XML that is none, and other XML.
		{"not closed", "x", "<gs_provision>\n<config>\n", []string{"error 3: the file ends before </config> (opened in line 2)"}},
		{"closed crosswise", "x", "<gs_provision>\n<config>\n</gs_provision>", []string{"error 3: found </gs_provision>, expected </config> (opened in line 2)"}},
		{"tag cut", "x", "<gs_provision>\n<P8310", []string{"error 2: the tag does not end; expected >"}},
		{"comment cut", "x", "<gs_provision>\n<!-- <P8310>", []string{"error 2: the comment does not end; expected -->"}},
		{"two roots", "x", "<a/>\n<b/>", []string{"error 2: a second root element after <a>; expected one"}},
		{"a web page", "x", "<!DOCTYPE html>\n<html><body>x</body></html>", []string{"error 2: the element html is not the root of a known provisioning file; expected gs_provision, hl_provision, settings or the like"}},
		{"deep", "x", strings.Repeat("<a>", 200), []string{"error 1: elements are nested too deep; expected 100 levels at most"}},

		// Grandstream, XML.
		{"v1", "cfg000b82123456.xml", `<?xml version="1.0"?>
<gs_provision version="1">
 <mac>000B82123456</mac>
 <config version="1">
  <P2>admin</P2>
  <P8310>192.168.1.2/mac=$mac&amp;local=$local</P8310>
  <P8315> 192.168.1.2/x </P8315>
  <P8311></P8311><P8312/>
  <!-- <P8313>192.168.1.2/y</P8313> -->
  <P8314><![CDATA[192.168.1.2/a=$mac&b=1]]></P8314>
 </config>
</gs_provision>`, []string{
			"6 00:0b:82:12:34:56 incoming_call 192.168.1.2/mac=$mac&local=$local (grandstream P8310)",
			"7 00:0b:82:12:34:56 rejected_call 192.168.1.2/x (grandstream P8315)",
			"10 00:0b:82:12:34:56 terminated_call 192.168.1.2/a=$mac&b=1 (grandstream P8314)",
		}},
		{"v1, model", "cfggxp2135.xml", "<gs_provision><config><P8310>" + u + "</P8310></config></gs_provision>", []string{"1 incoming_call " + u + " (grandstream P8310)"}},
		{"v1, of two phones", "cfg000b82123456.xml", "<gs_provision><mac>000b82123457</mac><P8310>" + u + "</P8310></gs_provision>", []string{
			"warning 0: the file is for phone 00:0b:82:12:34:57, but its name says 00:0b:82:12:34:56; the content counts",
			"1 00:0b:82:12:34:57 incoming_call " + u + " (grandstream P8310)",
		}},
		{"v1, odd mac", "x.xml", "<gs_provision>\n<mac>12</mac><P8310>" + u + "</P8310></gs_provision>", []string{
			`warning 2: the mac element holds "12"; expected a MAC address such as 000b82123456`,
			"2 incoming_call " + u + " (grandstream P8310)",
		}},
		{"v1, bare &", "x", "<gs_provision><P8310>h/a=$mac&b=1</P8310></gs_provision>", []string{
			`warning 1: unescaped "&", which phones may refuse; expected "&amp;"`,
			"1 incoming_call h/a=$mac&b=1 (grandstream P8310)",
		}},
		{"v1, entities", "x", "<gs_provision><P8310>h/&lt;&gt;&quot;&apos;&#38;&#x3d;&amp;</P8310></gs_provision>", []string{"1 incoming_call h/<>\"'&=& (grandstream P8310)"}},
		{"v1, entities of none", "x", "<gs_provision><P8310>h/&nbsp;&#0;&#x110000000;&#;&;</P8310></gs_provision>", []string{
			`warning 1: unescaped "&", which phones may refuse; expected "&amp;"`,
			"1 incoming_call h/&nbsp;&#0;&#x110000000;&#;&; (grandstream P8310)",
		}},
		{"v1, escaped twice", "x", "<gs_provision><P8310>h/a=$mac&amp;amp;b=1</P8310></gs_provision>", []string{
			`warning 1: P8310 has a literal "&amp;", which phones send as it is; expected "&"`,
			"1 incoming_call h/a=$mac&amp;b=1 (grandstream P8310)",
		}},
		{"v1, twice", "x", "<gs_provision>\n<P8319>h/a</P8319>\n<P8319>h/b</P8319></gs_provision>", []string{
			"warning 3: P8319 is set again (first in line 2); both are kept",
			"2 forward_off h/a (grandstream P8319)", "3 forward_off h/b (grandstream P8319)",
		}},
		{"v1, no event", "x", "<gs_provision>\n<P8332>h/a</P8332><P8333>ntp</P8333></gs_provision>", []string{
			"warning 2: P8332 is skipped: its event is unknown ('actionurl catalog --vendor NAME' lists known settings)",
		}},
		{"v1, other feature", "x", "<gs_provision>\n<P9920>eventName=Call_Missed&amp;destName=a</P9920><P9921>eventName=x</P9921>\n<P8310>eventName=y</P8310></gs_provision>", []string{
			`warning 2: P9920 holds "eventName=" of another feature (Outbound Notification, Destination); such settings are skipped`,
			`warning 3: P8310 holds "eventName=" of another feature (Outbound Notification, Destination), which is skipped; expected a URL such as 192.168.1.2/mac=$mac`,
		}},
		{"v1, tags", "x", "<gs_provision>\n<config>\n{if isset($x)}<P8310>{$url}</P8310>{/if}</config></gs_provision>", []string{"error 3: P8310: " + fmt.Sprintf(engineSource, "{$url}")}},
		{"v1, tags elsewhere", "x", "<gs_provision>\n<mac>{$mac}</mac><P8310>" + u + "</P8310></gs_provision>", []string{
			"warning 2: " + fmt.Sprintf(tagsIgnored, "{$mac}"), "2 incoming_call " + u + " (grandstream P8310)",
		}},
		{"v1, no URL", "x", "<gs_provision>\n<P8310>ftp://h/a</P8310></gs_provision>", []string{
			`warning 2: P8310 is skipped: the template "ftp://h/a" has the scheme "ftp"; expected http or https`,
			"warning 0: no Action URL is configured in it",
		}},
		{"v1, long", "x", "<gs_provision><P8310>h/" + strings.Repeat("a", 255) + "</P8310></gs_provision>", []string{
			"warning 1: P8310: the URL has 257 bytes; Grandstream phones store at most 256",
			"1 incoming_call h/" + strings.Repeat("a", 255) + " (grandstream P8310)",
		}},
		{"v1, another vendor's variable", "x", "<gs_provision><P8310>h/ip=$ip</P8310></gs_provision>", []string{
			"warning 1: P8310: Grandstream phones do not replace $ip; expected $phone_ip",
			"1 incoming_call h/ip=$ip (grandstream P8310)",
		}},
		{"v2", "x", `<gs_provision>
<config version="2">
<item name="ONS.actionurl.INCOMINGCALL">h/a=$mac</item>
<item name="ons.actionUrl.holdCall"/>
<item name="ons.actionUrl"><part name="unholdCall">h/b</part><part name='unmute'>h/c</part></item>
<item name="account.1"><part name="name">x</part></item>
<item name="ons.actionUrl.lunch">h/d</item>
</config></gs_provision>`, []string{
			"warning 7: ons.actionUrl.lunch is skipped: its event is unknown ('actionurl catalog --vendor NAME' lists known settings)",
			"3 incoming_call h/a=$mac (grandstream ons.actionUrl.incomingCall)",
			"5 resume_call h/b (grandstream ons.actionUrl.unholdCall)",
			"5 unmute_call h/c (grandstream ons.actionUrl.unMute)",
		}},

		// Grandstream, text.
		{"text", "000b82123456.cfg", "# settings\nP2 = admin\n# P8311 = h/b\nP8310 = h/a=$mac#b\r\n8312=h/c\np8313=h/d\nP8316 =\n", []string{
			"4 00:0b:82:12:34:56 incoming_call h/a=$mac#b (grandstream P8310)",
			"5 00:0b:82:12:34:56 missed_call h/c (grandstream P8312)",
			"6 00:0b:82:12:34:56 established_call h/d (grandstream P8313)",
		}},
		{"text, &amp;", "x", "P8310=h/a=$mac&amp;b=1", []string{
			`warning 1: P8310 has a literal "&amp;", which phones send as it is; expected "&"`,
			"1 incoming_call h/a=$mac&amp;b=1 (grandstream P8310)",
		}},
		{"text, quoted", "x", "P8310 = \"h/a\"", []string{
			"warning 1: P8310 is quoted, which keeps some phones from replacing its variables; read without the quotes",
			"1 incoming_call h/a (grandstream P8310)",
		}},
		{"text, tags", "x", "P2={$password}\nP8310={$url}\n", []string{"error 2: P8310: " + fmt.Sprintf(engineSource, "{$url}")}},
		{"text, nothing", "x", "P2=admin\n", []string{"warning 0: no Action URL is configured in it"}},

		// Grandstream, the dump of the web pages.
		{"JSON", "x", "{\"configs\": [\n{\"alias\": \"ons.actionUrl.incomingCall\", \"pvalue\": \"8310\", \"value\": \"http:\\/\\/h\\/a=$mac\\u0026b=1\"},\n{\"alias\":\"\",\"pvalue\":8315,\"value\":\"h/r\"},{\"pvalue\":\"9920\",\"value\":\"eventName=x\"}]}", []string{
			`warning 3: P9920 holds "eventName=" of another feature (Outbound Notification, Destination); such settings are skipped`,
			"2 incoming_call http://h/a=$mac&b=1 (grandstream ons.actionUrl.incomingCall)",
			"3 rejected_call h/r (grandstream P8315)",
		}},
		{"JSON, contradiction", "x", `{"configs":[{"alias":"ons.actionUrl.mute","pvalue":"8310","value":"h/a"}]}`, []string{
			"warning 1: ons.actionUrl.mute is for mute_call, and P8310 beside it for incoming_call; the alias counts",
			"1 mute_call h/a (grandstream ons.actionUrl.mute)",
		}},
		{"JSON, cut", "x", "{\"configs\":\n[{", []string{"error 2: unexpected end of JSON input; expected JSON"}},
		{"JSON, a template's", "x", "{if $a}\nP8310=x", []string{"error 1: " + fmt.Sprintf(engineSource, "{if $a}")}},

		// Other vendors.
		{"Yealink", "001565123456.cfg", "#!version:1.0.0.1\naction_url.incoming_call = http://h/a?l=$local\naction_url.lunch = h/x\nfeatures.action_url.hold = h/y\nACTION_URL.HOLD=h/z?i=$phone_ip\n", []string{
			"warning 3: action_url.lunch is skipped: its event is unknown ('actionurl catalog --vendor NAME' lists known settings)",
			"warning 4: features.action_url.hold is skipped: phones do not know it; expected action_url.hold",
			"warning 5: action_url.hold: Yealink phones do not replace $phone_ip; expected $ip",
			"2 00:15:65:12:34:56 incoming_call http://h/a?l=$local (yealink action_url.incoming_call)",
			"5 00:15:65:12:34:56 hold_call h/z?i=$phone_ip (yealink action_url.hold)",
		}},
		{"FlyingVoice", "789912123456.cfg", "action_url.hold = h/a\n", []string{"1 78:99:12:12:34:56 hold_call h/a (flyingvoice action_url.hold)"}},
		{"Snom, XML", "snom370-000413123456.xml", `<settings><phone-settings>
<action_incoming_url perm="">http://h/in?n=$user_name1&amp;r=$remote</action_incoming_url>
<action_hold perm="RW"/></phone-settings></settings>`, []string{"2 00:04:13:12:34:56 incoming_call http://h/in?n=$user_name1&r=$remote (snom action_incoming_url)"}},
		{"Snom, text", "x", "<!-- -->", []string{"error 0: the file has no element; " + expectedForms}},
		{"Snom, text", "x", "language!: English\naction_incoming_url$: http://h/a\naction_outgoing_url!: http://h/b\naction_hold&: http://h/c\naction_unhold: http://h/d\n", []string{
			"2 incoming_call http://h/a (snom action_incoming_url)", "3 outgoing_call http://h/b (snom action_outgoing_url)",
			"4 hold_call http://h/c (snom action_hold)", "5 resume_call http://h/d (snom action_unhold)",
		}},
		{"Htek", "001fc1123456.xml", `<hl_provision version="1"><config version="1">
<P3701 para="ActionUrl.SetupCompleted"/><P3707 para="ActionUrl.IncomingCall">h/a</P3707></config></hl_provision>`,
			[]string{"2 00:1f:c1:12:34:56 incoming_call h/a (htek P3707)"}},
		{"Sangoma", "005058123456.xml", `<settings><P3733 para="ActionUrl.TransfeFailed">h/a</P3733></settings>`, []string{"1 00:50:58:12:34:56 transfer_failed h/a (sangoma P3733)"}},
		{"Htek's number in a Grandstream file", "x", "<gs_provision><P3707>h/a</P3707></gs_provision>", []string{"warning 0: no Action URL is configured in it"}},
		{"Akuvox", "0c1105123456.cfg", "Config.Features.ACTIONURL.Enable = 1\nConfig.Features.ACTIONURL.IncomingCall = http://h/a\nConfig.Features.ACTIONURL.RelayATriggered = http://h/b?s=$relay1status\nConfig.Features.ACTIONURL.DoorLog = http://h/c\n", []string{
			"warning 4: Config.Features.ACTIONURL.DoorLog is skipped: its event is unknown ('actionurl catalog --vendor NAME' lists known settings)",
			"2 0c:11:05:12:34:56 incoming_call http://h/a (akuvox Config.Features.ACTIONURL.IncomingCall)",
			"3 0c:11:05:12:34:56 relay_a_triggered http://h/b?s=$relay1status (akuvox Config.Features.ACTIONURL.RelayATriggered)",
		}},
		{"Akuvox, as its API has it", "x.json", `{"retcode":0,"data":{
"Config.Features.ACTIONURL.Enable":"0","Config.Features.ACTIONURL.Method":"POST",
"Config.Features.ACTIONURL.MakeCall":"http://h/a?r=$remote\u0026x",
"Config.Features.ACTIONURL.HangUp":"http://h/b","Config.Features.ACTIONURL.Method2":"","Config.Other":"x"}}`, []string{
			"warning 2: Config.Features.ACTIONURL.Enable is 0: the phone sends none of its Action URLs",
			"warning 2: Config.Features.ACTIONURL.Method is POST: the phone does not send its Action URLs by GET, but posts JSON",
			"3 outgoing_call http://h/a?r=$remote&x (akuvox Config.Features.ACTIONURL.MakeCall)",
			"4 terminated_call http://h/b (akuvox Config.Features.ACTIONURL.HangUp)",
		}},
		{"Mitel, whole", "x.cfg", "action uri poll: http://h/p?d=$$CALLDURATION$$\naction uri poll interval: 60\naction uri xml sip notify: http://h/n?ip=$$LOCALIP$$\naction uri onhook: http://h/" + strings.Repeat("x", 120) + "?n=$$INCOMINGNAME$&d=$$DISPLAYNAME$$\nsip xml notify event: 1\n", []string{
			"warning 4: action uri onhook: the URL has 165 bytes; Mitel phones store at most 128",
			"warning 4: action uri onhook: Mitel phones do not replace $$INCOMINGNAME$; expected $$INCOMINGNAME$$",
			"1 action_poll http://h/p?d=$$CALLDURATION$$ (mitel action uri poll)",
			"3 xml_notify http://h/n?ip=$$LOCALIP$$ (mitel action uri xml sip notify)",
			"4 on_hook http://h/" + strings.Repeat("x", 120) + "?n=$$INCOMINGNAME$&d=$$DISPLAYNAME$$ (mitel action uri onhook)",
		}},
		{"VTech", "00122a123456.cfg", "network.ip = 1\nsystem_event.incoming_call.action_uri = http://h/in?n=$$REMOTENUMBER$$&m=$$MAC$$&x=$$CALLDURATION$$\nsystem_event.timer.action_uri = http://h/t\n", []string{
			"warning 2: system_event.incoming_call.action_uri: VTech phones do not replace $$CALLDURATION$$",
			"warning 3: system_event.timer.action_uri is skipped: its event is unknown ('actionurl catalog --vendor NAME' lists known settings)",
			"2 00:12:2a:12:34:56 incoming_call http://h/in?n=$$REMOTENUMBER$$&m=$$MAC$$&x=$$CALLDURATION$$ (vtech system_event.incoming_call.action_uri)",
		}},
		{"Snom, as a web page", "snom-000413123456.htm", "<html><pre>\nsetting_server!: http://h/prov\naction_incoming_url!: http://h/in?from=$remote\naction_registered_url!: http://h/reg\n</pre></html>\n", []string{
			"warning 4: action_registered_url is skipped: its event is unknown ('actionurl catalog --vendor NAME' lists known settings)",
			"3 00:04:13:12:34:56 incoming_call http://h/in?from=$remote (snom action_incoming_url)",
		}},
		{"Snom, as a web page, in a line", "x.htm", "<html><pre>action_incoming_url!: http://h/in\n</pre></html>", []string{"1 incoming_call http://h/in (snom action_incoming_url)"}},
		{"old Yealink, dotted", "x.cfg", ";[ cfg:/phone/config/user.ini ]\n[ cfg:/phone/config/vpPhone/vpPhone.ini ]\nActionURL.IncomingCall = http://h/a?r=$remote\nActionURL.AwaysFWDOn = http://h/b\nActionURL.Lunch = http://h/c\n", []string{
			`warning 5: ActionURL.Lunch is skipped: its event is unknown ('actionurl catalog --vendor NAME' lists known settings)`,
			"3 incoming_call http://h/a?r=$remote (yealink ActionURL.IncomingCall)", "4 forward_always_on http://h/b (yealink ActionURL.AwaysFWDOn)",
		}},
		{"old Yealink, in sections", "x.cfg", "#!version:1.0.0.1\n[ ActionURL ]\npath = /config/Features/ActionURL.cfg\nIncomingCall = http://h/a\n[ Other ]\nHold = http://h/b\n", []string{
			"4 incoming_call http://h/a (yealink ActionURL.IncomingCall)",
		}},
		{"Htek, by names", "001fc1123456.cfg", "ActionUrl.OnfHook = http://h/a\nActionUrl.Hold = http://h/b?x=$remote&y=$callerID\n", []string{
			"warning 2: ActionUrl.Hold: Htek phones do not replace $callerID; expected $display_remote",
			"1 00:1f:c1:12:34:56 on_hook http://h/a (htek ActionUrl.OnfHook)", "2 00:1f:c1:12:34:56 hold_call http://h/b?x=$remote&y=$callerID (htek ActionUrl.Hold)",
		}},
		{"FlyingVoice, newer", "x.cfg", "DBID_ACTIONURL_RING = http://h/a?m=$mac\nDBID_ACTIONURL_HOLD_START = http://h/b\n", []string{
			"warning 2: DBID_ACTIONURL_HOLD_START is skipped: its event is unknown ('actionurl catalog --vendor NAME' lists known settings)",
			"1 incoming_call http://h/a?m=$mac (flyingvoice DBID_ACTIONURL_RING)",
		}},
		{"Fanvil, text", "x", "<<VOIP CONFIG FILE>>Version:2.0\ncti.CallActiveUrl = http://h/a\ncti.EnabledActionUrl=0\ncti.IncmoingCallUrl=http://h/b\n", []string{
			"warning 3: cti.EnabledActionUrl is 0: the phone sends none of its Action URLs",
			"2 established_call http://h/a (fanvil cti.CallActiveUrl)", "4 incoming_call http://h/b (fanvil cti.IncmoingCallUrl)",
		}},
		{"Fanvil, as it is posted", "x.xml", `<FanvilConfiguration Beep="" cmd="set">
<Item>cti.CallStopUrl = http://h/a?x=1&amp;y=2</Item><Item>cti.ActiveUriIP = 10.0.0.1</Item></FanvilConfiguration>`, []string{
			"2 terminated_call http://h/a?x=1&y=2 (fanvil cti.CallStopUrl)",
		}},
		{"Poly", "0004f2123456.cfg", `<?xml version="1.0"?>
<polycomConfig><apps><telNotification apps.telNotification.URL="http://h/pa" apps.telNotification.2.URL="http://h/pb" apps.telNotification.incomingEvent="1"
 apps.telNotification.callStateChangeEvent="0"/></apps></polycomConfig>`, []string{
			"warning 2: apps.telNotification.callStateChangeEvent is 0: the phone does not post how calls go on",
			"2 00:04:f2:12:34:56 unknown http://h/pa (poly apps.telNotification.URL)", "2 00:04:f2:12:34:56 unknown http://h/pb (poly apps.telNotification.1.URL)",
		}},
		{"Poly OBi", "x.xml", `<ParameterList><O><N>VoiceService.1.VoiceProfile.1.Line.3.CallingFeatures.</N>
<P><N>X_IncomingCallRingingActionURL</N><V>http://h/a?x=1&amp;y</V></P>
<P><N>X_CallEndedActionURL</N><V X_UD="Y"/></P>
</O><O><N>UserPref.PhoneBook.</N><P><N>ActionURL</N><V>http://h/$mac</V></P></O></ParameterList>`, []string{
			"2 incoming_call http://h/a?x=1&y (poly VoiceService.1.VoiceProfile.1.Line.1.CallingFeatures.X_IncomingCallRingingActionURL)",
		}},
		{"Grandstream GDS", "cfg000b82123456.xml", "<gs_provision><config>\n<P15410>0</P15410>\n<P15413>http://h/gds</P15413></config></gs_provision>", []string{
			"warning 2: P15410 is 0: the door phone sends no notifications", "3 00:0b:82:12:34:56 unknown http://h/gds (grandstream P15413)",
		}},
		{"a URL under a key that nobody knows", "x.cfg", "a = 1\nfoo.bar = http://h/x?r=$remote\nphonebook.url = http://h/$mac.xml\nfoo.baz = $remote\nfoo.bay = http://h/$HOME\n", []string{
			"warning 2: foo.bar holds a URL with $remote but is not a known Action URL setting; it is skipped (give the URL with -t or in a profile)",
		}},
		{"the same in XML", "x.xml", "<settings>\n<foo>http://h/x?r=$remote</foo><foo>http://h/</foo></settings>", []string{
			"warning 2: foo holds a URL with $remote but is not a known Action URL setting; it is skipped (give the URL with -t or in a profile)",
		}},
		{"sources of template engines", "x.cfg", "action_url.hold = http://{{ host }}/a\naction_url.unhold = http://<%= @host %>/b\naction_url.mute = http://__SERVER__/c\naction_url.unmute = http://${SERVER}/d\n" +
			"action_url.dnd_on = http://%%server%%/e\naction_url.dnd_off = http://{$server}/f\naction_url.held = http://h/a%20b%%/$mac__x\n{% endif %}\n# {{ a comment }}\n", []string{
			"error 1: action_url.hold: " + fmt.Sprintf(engineSource, "{{ host }}"), "error 2: action_url.unhold: " + fmt.Sprintf(engineSource, "<%= @host %>"),
			"error 3: action_url.mute: " + fmt.Sprintf(engineSource, "__SERVER__"), "error 4: action_url.unmute: " + fmt.Sprintf(engineSource, "${SERVER}"),
			"error 5: action_url.dnd_on: " + fmt.Sprintf(engineSource, "%%server%%"), "error 6: action_url.dnd_off: " + fmt.Sprintf(engineSource, "{$server}"),
			"error 8: " + fmt.Sprintf(engineSource, "{% endif %}"),
		}},
		{"the same in XML", "x.xml", "<gs_provision><P8310>http://<%= @host %>/a</P8310>\n<P8311>http://{{ host }}/b</P8311></gs_provision>", []string{
			"error 1: P8310: " + fmt.Sprintf(engineSource, "<%= @host %>"), "error 2: P8311: " + fmt.Sprintf(engineSource, "{{ host }}"),
		}},
		{"each variable that is not replaced", "001565123456.cfg", "action_url.hold = http://h/a?x=$remote&y=$phone_ip&z=$foo&w=$foo\n", []string{
			"warning 1: action_url.hold: Yealink phones do not replace $phone_ip; expected $ip", "warning 1: action_url.hold: Yealink phones do not replace $foo",
			"1 00:15:65:12:34:56 hold_call http://h/a?x=$remote&y=$phone_ip&z=$foo&w=$foo (yealink action_url.hold)",
		}},
		{"Fanvil", "x", "<sysConf><cti>\n<EnabledActionUrl>0</EnabledActionUrl><IncomingCallUrl>http://h/a</IncomingCallUrl><OnhookUri>http://h/b</OnhookUri></cti><IncomingCallUrl>http://h/c</IncomingCallUrl></sysConf>", []string{
			"warning 2: cti.EnabledActionUrl is 0: the phone sends none of its Action URLs",
			"2 incoming_call http://h/a (fanvil cti.IncomingCallUrl)", "2 on_hook http://h/b (fanvil cti.OnhookUri)",
		}},
		{"Mitel", "00085D123456.cfg", "time server1: 10.0.0.1\naction uri incoming: http://h/a?n=$$REMOTENUMBER$$\naction uri registration event: http://h/b?n=$$REMOTE$$\naction uri lunch: h\n", []string{
			"warning 3: action uri registration event: Mitel phones do not replace $$REMOTE$$; expected $$REMOTENUMBER$$",
			`warning 4: "action uri lunch" is skipped: its event is unknown ('actionurl catalog --vendor NAME' lists known settings)`,
			"2 00:08:5d:12:34:56 incoming_call http://h/a?n=$$REMOTENUMBER$$ (mitel action uri incoming)",
			"3 00:08:5d:12:34:56 registration_event http://h/b?n=$$REMOTE$$ (mitel action uri registration event)",
		}},

		// Profiles.
		{"no YAML", "x", "events:\n  incoming_call: [h/a\nphones: x\n", []string{"error 2: did not find expected ',' or ']'; expected YAML"}},
		{"unknown key", "x", "evnets:\n  incoming_call: h/a\n", []string{`error 1: unknown key "evnets"; expected some of events, phones, servers, variables, keys`}},
		{"unknown event", "x", "events:\n  lunch: h/a\n", []string{`error 2: unknown event "lunch"; expected a name such as incoming_call, "Incoming Call" or P8310 (actionurl catalog lists them)`}},
		{"an event by two names", "x", "events:\n  P8310: h/a\n  Incoming Call: h/b\n", []string{`error 3: "Incoming Call" is the same event as in line 2; expected one list of templates`}},
		{"twice", "x", "events:\n  P8310: h/a\n  P8310: h/b\n", []string{`error 3: key "P8310" is already in line 2; expected it once`}},
		{"no template", "x", "events:\n  P8310:\n  P8311: {a: b}\n  P8312: [ftp://h]\n", []string{
			"error 2: the template of incoming_call is empty; expected a text such as 192.168.1.2/mac=$mac",
			"error 3: the template of outgoing_call is a mapping; expected a text such as 192.168.1.2/mac=$mac",
			`error 4: the template "ftp://h" has the scheme "ftp"; expected http or https`,
		}},
		{"a list", "x", "events:\n- a\n", []string{"error 2: events is a list; expected keys with values (key: value)"}},
		{"no phone", "x", "phones:\n  reception: x\n  00:0b:82:12:34:56: {nmae: x}\n  000B82123456: y\n", []string{
			`error 2: "reception" is not a MAC address; expected one such as 00:0b:82:12:34:56`,
			`error 3: unknown key "nmae"; expected some of name, events`,
			`error 4: phone "000B82123456" is already in line 3; expected it once`,
		}},
		{"no server", "x", "servers:\n  http://h/: x\n  h:99999: y\n", []string{
			`error 2: "http://h/" is not a server; expected a host or a host with a port, such as 192.168.1.2 or crm.example:8080`,
			`error 3: "h:99999" is not a server; expected a host or a host with a port, such as 192.168.1.2 or crm.example:8080`,
		}},
		{"no variable", "x", "variables:\n  1st: x\nkeys:\n  r: romote\n", []string{
			`error 2: "1st" is not a name for a variable; expected a letter, then letters, digits, _ or -, such as extension`,
			`error 4: key "r" has the value "romote"; expected a variable (actionurl catalog variables lists them, or one of this file)`,
		}},
		{"two documents", "x", "events: {P8310: h/a}\n---\nevents: {}\n", []string{"error 2: a second document begins; expected one"}},
		{"only comments", "x", "# a\n---\n", []string{"error 0: the profile is empty; expected some of events, phones, servers, variables, keys"}},
		{"alias", "x", "events: &all\n  P8310: h/a\nphones:\n  000b82123456: {events: *all}\n", []string{
			"2 incoming_call h/a", "2 00:0b:82:12:34:56 incoming_call h/a",
		}},
		{"own variable", "x", "events: {P8310: h/$local_uri}\nvariables: {local_uri: x}\n", []string{"1 incoming_call h/$local_uri"}},
	} {
		t.Run(test.what, func(t *testing.T) {
			if diff := cmp.Diff(test.want, read(test.name, test.data)); diff != "" {
				t.Errorf("%s\n(-want +got):\n%s", test.data, diff)
			}
		})
	}
}

// The documented profile says all that a profile can.
func TestExample(t *testing.T) {
	data, err := os.ReadFile("../../testdata/profiles/site.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p := NewParser()
	if !p.Parse("site.yaml", data) || len(p.Warnings) > 0 {
		t.Fatal(lines(p, true))
	}
	at := func(line int) Place { return Place{"site.yaml", line} }
	for _, same := range []struct{ got, want any }{
		{p.Phones, []Name{{"00:0b:82:12:34:32", "Reception", at(16)}, {"00:0b:82:12:34:33", "Warehouse", at(21)}}},
		{p.Servers, []Name{{"192.168.40.207", "PBX", at(25)}, {"192.168.40.207:8085", "CRM", at(26)}}},
		{p.Variables, []Variable{{"queue", "call queue that the call came from", at(30)}}},
		{p.Keys, []Key{{"m", "mac", at(34)}, {"r", "remote", at(35)}, {"n", "display_remote", at(36)}}},
		{p.Files, []File{{"site.yaml", "profile", nil, "", 7}}},
	} {
		if diff := cmp.Diff(same.want, same.got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	var bound []string
	for _, template := range p.Templates() {
		if !template.Phone.IsZero() {
			bound = append(bound, template.Phone.String()+" "+template.Kind.Slug)
		}
	}
	if diff := cmp.Diff([]string{"00:0b:82:12:34:32 hold_call", "00:0b:82:12:34:32 resume_call"}, bound); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A file with an error adds nothing, and takes nothing from those before it.
func TestBadFileAddsNothing(t *testing.T) {
	p := NewParser()
	p.Parse("a", []byte("variables: {queue: x}\nevents: {P8310: h/$queue}\n"))
	p.Parse("b", []byte("variables: {other: x}\nservers: {h: x}\nevents:\n  P8311: h/b\n  lunch: x\n"))
	p.Parse("c", []byte("P8312 = h/$queue-$other\n"))
	want := []string{
		`error 5: unknown event "lunch"; expected a name such as incoming_call, "Incoming Call" or P8310 (actionurl catalog lists them)`,
		"used in spite of errors",
		"warning 1: P8312: Grandstream phones do not replace $other",
		"2 incoming_call h/$queue", "1 missed_call h/$queue-$other (grandstream P8312)",
	}
	if diff := cmp.Diff(want, lines(p, true)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(p.Variables) != 1 || len(p.Servers) != 0 || len(p.Files) != 2 {
		t.Errorf("%+v", p.Profile)
	}
}

func TestEqualTemplatesAreOne(t *testing.T) {
	p := NewParser()
	p.Parse("cfg000b82123456.xml", []byte("<gs_provision><P8310>h/a</P8310></gs_provision>"))
	p.Parse("cfg000b82123457.xml", []byte("<gs_provision><P8310>h/a</P8310></gs_provision>"))
	if len(p.Bindings) != 2 || p.Bindings[0].Template != p.Bindings[1].Template {
		t.Errorf("%+v", p.Bindings)
	}
}

// A small file may stand for a great many templates: the same for each phone.
func TestBindingsAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	var b strings.Builder
	b.WriteString("events: &all\n  P8310:\n")
	for i := range 2000 {
		fmt.Fprintf(&b, "  - h/%d\n", i)
	}
	b.WriteString("phones:\n")
	for i := range 2000 {
		fmt.Fprintf(&b, "  000b82%06x: {events: *all}\n", i)
	}
	p := NewParser()
	if p.Parse("x", []byte(b.String())) || len(p.Errors) != 1 || !strings.Contains(p.Errors[0].Text, "too many templates") || len(p.Bindings) > 0 {
		t.Errorf("%d bindings, %v", len(p.Bindings), p.Errors)
	}
}

func TestMACOfName(t *testing.T) {
	for name, want := range map[string]string{
		"cfg000b82123456.xml":         "00:0b:82:12:34:56",
		"/srv/tftp/cfg000b82123456":   "00:0b:82:12:34:56",
		`C:\tftp\000B82123456.cfg`:    "00:0b:82:12:34:56",
		"00-0b-82-12-34-56.json":      "00:0b:82:12:34:56",
		"00_0b_82_12_34_56.json":      "00:0b:82:12:34:56",
		"snom370-000413123456.htm":    "00:04:13:12:34:56",
		"001565123456.cfg":            "00:15:65:12:34:56",
		"cfggxp2135.xml":              "",
		"cfg.xml":                     "",
		"202603021200.xml":            "", // a date
		"010b82ab3456.xml":            "", // a group's address
		"0123456789abcdef.xml":        "",
		"deadbeefcafe0011223344.cfg":  "",
		"backup/000b82123456/cfg.xml": "",
		"000b82123456-2026-03-02.xml": "00:0b:82:12:34:56",
	} {
		if got := macOfName(name); got != want {
			t.Errorf("macOfName(%q) = %q, want %q", name, got, want)
		}
	}
}

// Files of any bytes neither panic nor grow without bound, and what is bound
// has a template, a place in the file and a phone that is one.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"<gs_provision><mac>000b82123456</mac><config><P8310>h/a&amp;b&#38;c&</P8310><item name='ons.actionUrl'><part name=\"mute\"/></item></config></gs_provision>",
		"<!DOCTYPE a [<!ENTITY x 'y'>]><a><![CDATA[x]]></a>", "P8310 = \"h/$mac\"\n# x\naction_url.hold=h", "action uri incoming: $$A$$",
		`{"configs":[{"alias":"ons.actionUrl.mute","pvalue":"8326","value":"h\/a"}]}`, "[1,{\"a\":[]}] ", "{$x}",
		"events: &a {P8310: [h/a, h/b]}\nphones: {000b82123456: {name: x, events: *a}}\nkeys: {r: remote}\nvariables: {a-b: c}\nservers: {'[::1]:80': x}",
		"a: &a [*a]\n", "Salted__", "U2FsdGVkX1", "<<a", "cfg", "\xef\xbb\xbf<a/>", "\xef\xbb\xbf",
	} {
		f.Add("cfg000b82123456.xml", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		p := NewParser()
		used := p.Parse(name, data)
		if used != (len(p.Errors) == 0) || len(p.Errors) > maxFileMessages || !used && len(p.Bindings) > 0 {
			t.Errorf("contradicts itself: %v %v", used, p.Errors)
		}
		last := 1 + strings.Count(string(data), "\n") + strings.Count(string(data), "\r") + strings.Count(string(data), "\u2028") + strings.Count(string(data), "\u2029") + strings.Count(string(data), "\u0085")
		for _, b := range p.Bindings {
			if b.Template == nil || b.Place.Line < 1 || b.Place.Line > last || b.Phone != "" && len(b.Phone) != 17 {
				t.Errorf("contradicts itself: %+v", b)
			}
		}
		Ambiguities(p.Bindings)
	})
}
