package profile

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/phone"
	"actionurl/decode/vendor"
)

// A pair is a setting and its value.
type pair struct{ key, value string }

// A device is a phone of a vendor: its user agent, and the file that it is
// provisioned with, in the form that the vendor documents.
type device struct {
	mac, agent string
	file       string // its name
	render     func([]pair) string
}

func rendered(format string) func([]pair) string {
	return func(all []pair) string {
		var b strings.Builder
		for _, p := range all {
			fmt.Fprintf(&b, format+"\n", p.key, p.value)
		}
		return b.String()
	}
}

// escaped renders XML, a line for each setting by its key and its value.
func escaped(begin, end string, line func(key, value string) string) func([]pair) string {
	return func(all []pair) string {
		var b strings.Builder
		b.WriteString(begin + "\n")
		for _, p := range all {
			b.WriteString(line(p.key, strings.ReplaceAll(p.value, "&", "&amp;")) + "\n")
		}
		return b.String() + end
	}
}

func grandstreamXML(key, value string) string {
	if key[0] == 'P' {
		return fmt.Sprintf("<%s>%s</%[1]s>", key, value)
	}
	return fmt.Sprintf(`<item name="%s">%s</item>`, key, value)
}

// devices are by vendor. One that has settings and is not here fails the test.
var devices = map[string]device{
	"grandstream": {"00:0b:82:12:34:56", "Grandstream Model HW GXP2135 SW 1.0.7.97 DevId 000b82123456", "cfg000b82123456.xml",
		escaped("<gs_provision><config>", "</config></gs_provision>", grandstreamXML)},
	"yealink": {"80:5e:c0:11:22:33", "Yealink SIP-T46U 108.86.0.20 80:5e:c0:11:22:33", "805ec0112233.cfg", rendered("%s = %s")},
	"snom":    {"00:04:13:aa:bb:cc", "Mozilla/4.0 (compatible; snom710-SIP 8.7.5.35 1.1.5-IFX-05.01.12 000413aabbcc)", "snom710-000413AABBCC.htm", rendered("%s!: %s")},
	"htek": {"00:1f:c1:1a:8b:6c", "Htek UC926 2.42.6.5.54 00:1f:c1:1a:8b:6c", "cfg001fc11a8b6c.xml",
		escaped("<hl_provision><config>", "</config></hl_provision>", func(key, value string) string {
			if key[0] == 'P' {
				return fmt.Sprintf(`<%s para="x">%s</%[1]s>`, key, value)
			}
			return fmt.Sprintf(`<item name="%s">%s</item>`, key, value)
		})},
	"sangoma": {"00:50:58:1a:8b:6c", "Sangoma S500 2.0.4.2 00:50:58:1a:8b:6c", "cfg0050581a8b6c.cfg", rendered("%s=%s")},
	"akuvox": {"0c:11:05:aa:bb:cc", "", "0c1105aabbcc.json", func(all []pair) string {
		return "{\"data\":{\n\"" + strings.TrimSuffix(strings.ReplaceAll(rendered("%s\":\"%s\",")(all), "\nC", "\n\"C"), ",\n") + "\n}}"
	}},
	"fanvil": {"0c:38:3e:aa:bb:cc", "Fanvil X6U Pro 0.0.10 0c383eaabbcc", "0c383eaabbcc.xml",
		escaped("<sysConf><cti>", "</cti></sysConf>", func(key, value string) string {
			return fmt.Sprintf("<%s>%s</%[1]s>", strings.TrimPrefix(key, "cti."), value)
		})},
	"mitel":       {"00:08:5d:aa:bb:cc", "Aastra6867i MAC:00-08-5D-AA-BB-CC V:5.1.0.1024-SIP", "00085DAABBCC.cfg", rendered("%s: %s")},
	"flyingvoice": {"78:99:12:aa:bb:cc", "FlyingVoice P21 0.7.10 789912aabbcc", "789912aabbcc.cfg", rendered("%s = %s")},
	"poly": {"00:04:f2:aa:bb:cc", "PolycomVVX-VVX_450-UA/6.4.0 (SN)", "0004f2aabbcc.xml",
		escaped("<ParameterList>", "</ParameterList>", func(key, value string) string {
			dot := strings.LastIndexByte(key, '.') + 1
			return fmt.Sprintf("<O><N>%s</N><P><N>%s</N><V>%s</V></P></O>", key[:dot], key[dot:], value)
		})},
	"vtech":  {"00:12:2a:aa:bb:cc", "VTech VSP726A 1.1.4.0 00122aaabbcc", "VSP726A_00122AAABBCC.cfg", rendered("%s = %s")},
	"matrix": {"00:1b:09:aa:bb:cc", "", "001b09aabbcc.cfg", rendered("%s = %s")},
}

// The settings of each vendor are read, and what its phones make of them is
// decoded back: the event by its template, each variable by its value, and the
// phone by its user agent. Values are substituted as the vendors' documents say.
func TestVendors(t *testing.T) {
	for _, v := range vendor.All() {
		t.Run(v.Name, func(t *testing.T) {
			d, ok := devices[v.Name]
			if !ok {
				if len(v.Settings) > 0 {
					t.Fatal("it has settings, and no device")
				}
				return
			}
			if a := vendor.Read(d.agent); d.agent != "" && (a.Vendor != v || a.Version(d.agent) == "") {
				t.Errorf("%q is of %s, version %q", d.agent, a.Vendor.Title(), a.Version(d.agent))
			}
			settings, urls := settingsOf(v)
			p := NewParser()
			if !p.Parse(d.file, []byte(d.render(settings))) || len(p.Warnings) > 0 {
				t.Fatalf("%v %v", p.Errors, p.Warnings)
			}
			if len(p.Bindings) != len(settings) || len(settings) == 0 {
				t.Fatalf("%d of %d settings are read", len(p.Bindings), len(settings))
			}
			for i, b := range p.Bindings {
				event := urls[i].event
				if b.Setting.Vendor != v || b.Setting.Key != settings[i].key || b.Phone != d.mac || b.Template.Kind.Slug != event {
					t.Errorf("%s is read as %s of %s of %s for %s", settings[i].key, b.Setting.Key, b.Setting.Vendor.Name, b.Phone, b.Template.Kind.Slug)
				}
			}
			decoder := actionurl.NewDecoder(actionurl.Config{Templates: p.Templates()}, phone.NewRegistry())
			for i := range settings {
				target, want := urls[i].sent(d.mac)
				x := &httpwire.Exchange{Method: "GET", Target: target, Host: "192.168.40.207", UserAgent: d.agent,
					Client: netip.MustParseAddrPort("192.168.40.50:40000"), Server: netip.MustParseAddrPort("192.168.40.207:80")}
				x.Source, _ = packet.ParseMAC(d.mac)
				e := decoder.Decode(x)
				if e == nil || e.Kind.Slug != urls[i].event || e.By != actionurl.ByTemplate || e.PhoneMAC != x.Source || e.PhoneVendor != v {
					t.Errorf("%s is %+v", target, e)
					continue
				}
				got := map[string]string{}
				for _, w := range e.Vars {
					got[w.Name] = w.Value
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", target, diff)
				}
			}
		})
	}
}

// A urlOf is the URL of a setting.
type urlOf struct {
	number    int // events may have several settings
	event     string
	variables []vendor.Variable
	vendor    *vendor.Vendor
}

// settingsOf returns the settings of the vendor with URLs that have its variables
// by turns: as many as fit, as some phones keep 128 bytes.
func settingsOf(v *vendor.Vendor) (settings []pair, urls []urlOf) {
	next := 0
	for _, s := range v.Settings {
		if s.Event == "" || s.Event == vendor.Any {
			continue
		}
		u := urlOf{number: len(urls), event: s.Event, vendor: v}
		for range min(3, len(v.Variables)) {
			u.variables = append(u.variables, v.Variables[next%len(v.Variables)])
			next++
		}
		settings = append(settings, pair{s.Key, u.typed()})
		urls = append(urls, u)
	}
	return settings, urls
}

func (u *urlOf) typed() string {
	text := fmt.Sprintf("http://192.168.40.207/%d/%s?x=1", u.number, u.event)
	for i, w := range u.variables {
		text += fmt.Sprintf("&%c=%s", 'a'+i, u.vendor.Spell(w.Name))
	}
	return text
}

// sent returns what a phone makes of the URL, and the values of its variables.
func (u *urlOf) sent(mac string) (target string, values map[string]string) {
	values = map[string]string{}
	text := strings.TrimPrefix(u.typed(), "http://192.168.40.207")
	for i, w := range u.variables {
		value := fmt.Sprintf("value %d", i)
		switch w.Means {
		case vendor.MAC:
			value = mac
		case vendor.PhoneIP, vendor.IP:
			value = "192.168.40.50"
		case vendor.Duration, vendor.Battery, vendor.Count:
			value = "12"
		}
		values[w.Name] = value
		text = strings.Replace(text, fmt.Sprintf("&%c=%s", 'a'+i, u.vendor.Spell(w.Name)), fmt.Sprintf("&%c=%s", 'a'+i, strings.ReplaceAll(value, " ", "%20")), 1)
	}
	return text, values
}
