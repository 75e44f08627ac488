package actionurl

import (
	"strings"
	"testing"
)

func TestVendorsAreWhole(t *testing.T) {
	names, ouis := map[string]bool{}, map[string]string{}
	for _, v := range Vendors() {
		if v.Name == "" || names[v.Name] || v.Label == "" || len(v.Settings) == 0 || len(v.OUIs) == 0 || len(v.Agents) == 0 {
			t.Errorf("%s is incomplete or there twice", v.Name)
		}
		names[v.Name] = true
		for _, oui := range v.OUIs {
			if other, again := ouis[oui]; again || len(oui) != 8 || NormalizeMAC(oui+":00:00:00") != oui+":00:00:00" {
				t.Errorf("OUI %q of %s is none, or of %s, too", oui, v.Name, other)
			}
			ouis[oui] = v.Name
		}
		keys := map[string]bool{}
		for _, s := range v.Settings {
			key := strings.ToLower(s.Key)
			if s.Kind == nil || s.Vendor != v || keys[key] || s.Grade == "" {
				t.Errorf("setting %q of %s is incomplete or there twice", s.Key, v.Name)
			}
			keys[key] = true
		}
		for _, variable := range v.Variables {
			if name, n := variableAt(v.Spell(variable.Name) + "&"); name != variable.Name || n != len(v.Spell(variable.Name)) {
				t.Errorf("%s is read as $%s", v.Spell(variable.Name), name)
			}
		}
	}
}

// The numbers of settings and events that the vendors' documents list.
func TestVendorsAreThoseOfTheirDocuments(t *testing.T) {
	for _, test := range []struct {
		name     string
		settings int
		key      string
		slug     string
		grade    Grade
	}{
		{"yealink", 44 + 5, "action_url.call_remote_canceled", "remote_canceled", Documented},
		{"flyingvoice", 44, "action_url.hold", "hold_call", Observed},
		{"snom", 24, "action_redirection_on_url", "forward_on", Documented},
		{"htek", 33, "P3733", "transfer_failed", Observed},
		{"sangoma", 33, "P3701", "boot_completed", Documented},
		{"akuvox", 34, "Config.Features.ACTIONURL.OpenDND", "dnd_on", Inferred},
		{"fanvil", 35, "OnhookUri", "on_hook", Observed},
		{"mitel", 10, "action uri registration event", "registration_event", Documented},
		{"grandstream", 79, "P8326", "mute_call", Inferred},
		{"grandstream", 79, "ons.actionUrl.closedDnd", "dnd_off", Observed},
	} {
		v := VendorNamed(strings.ToUpper(test.name))
		if v == nil || len(v.Settings) != test.settings {
			t.Errorf("%s: %+v", test.name, v)
			continue
		}
		found := false
		for _, s := range v.Settings {
			found = found || s.Key == test.key && s.Kind.Slug == test.slug && s.Grade == test.grade
		}
		if !found {
			t.Errorf("%s has no %s for %s that is %s", test.name, test.key, test.slug, test.grade)
		}
	}
	if v := VendorNamed("polycom"); v != nil {
		t.Errorf("VendorNamed(polycom) = %s", v.Name)
	}
}

func TestVendorOf(t *testing.T) {
	for mac, want := range map[string]string{
		"000B82-123456": "grandstream", "00:15:65:00:00:01": "yealink", "0004.1300.0001": "snom", "001fc1000001": "htek",
		"005058000001": "sangoma", "0c1105000001": "akuvox", "0c383e000001": "fanvil", "00085d000001": "mitel",
		"789912000001": "flyingvoice", "aabbcc000001": "", "00:0b:82": "", "": "",
	} {
		got := ""
		if v := VendorOf(mac); v != nil {
			got = v.Name
		}
		if got != want {
			t.Errorf("VendorOf(%q) = %q, want %q", mac, got, want)
		}
	}
}

func TestOwnVariables(t *testing.T) {
	for _, test := range []struct{ own, text, want string }{
		{"", "h/$local_uri", "local"},
		{"local_uri", "h/$local_uri", "local_uri"},
		{"loc", "h/$local", "local"},
		{"my-id", "h/$my-id&$my", "my-id my"},
		{"a ab", "h/$abc$ab$a", "abc ab a"},
	} {
		own := map[string]bool{}
		for _, name := range strings.Fields(test.own) {
			own[name] = true
		}
		template, err := ParseTemplateWith(Lookup("hold_call"), test.text, own)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for name := range template.Variables() {
			got = append(got, name)
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s with %q has the variables %q, want %s", test.text, test.own, got, test.want)
		}
	}
}

// What two templates are said to have in common is matched by both, and where
// they are said to have nothing in common, a request that one makes of plain
// values is not matched by the other.
func FuzzOverlap(f *testing.F) {
	f.Add("/a$mac", "/$local/b", "x")
	f.Add("/e=$remote", "/e=incoming", "incoming")
	f.Add("/a=$mac&b=$local", "/a=$mac&c=$local", "1")
	f.Add("/$mac$local*$ip", "/*$mac**", "*")
	f.Fuzz(func(t *testing.T, one, two, value string) {
		if len(one)+len(two) > 200 || strings.ContainsAny(one+two+value, "%\x00") {
			t.Skip() // escapes have readings of their own
		}
		s, err := ParseTemplate(Lookup("hold_call"), "/"+one)
		if err != nil {
			t.Skip()
		}
		u, err := ParseTemplate(Lookup("resume_call"), "/"+two)
		if err != nil {
			t.Skip()
		}
		matches := func(t *Template, target string) bool {
			set := new(Set)
			set.Add(t)
			return len(set.match(target)) > 0
		}
		var o Overlapper
		target, ok := o.Overlap(s, u)
		if ok && (!matches(s, target) || !matches(u, target)) {
			t.Errorf("%q and %q do not both match %q", s.Text, u.Text, target)
		}
		if strings.Contains(value, "&") {
			return
		}
		var made strings.Builder
		for _, p := range s.parts {
			if p.variable {
				made.WriteString(value)
			} else {
				made.WriteString(p.text)
			}
		}
		if !ok && !strings.Contains(two, "$") && matches(u, made.String()) {
			t.Errorf("%q and %q both match %q", s.Text, u.Text, made.String())
		}
	})
}

func TestInstead(t *testing.T) {
	for _, test := range []struct{ vendor, variable, want string }{
		{"grandstream", "ip", "$phone_ip"},
		{"grandstream", "callid", "$call-id"},
		{"grandstream", "call_id", "$call-id"}, // of two spellings
		{"grandstream", "remote_uri", ""},
		{"yealink", "phone_ip", "$ip"},
		{"yealink", "call-id", "$call_id"},
		{"mitel", "remote", "$$REMOTENUMBER$$"},
		{"htek", "call_id", ""}, // its variables are not known
	} {
		if got := VendorNamed(test.vendor).Instead(test.variable); got != test.want {
			t.Errorf("%s, $%s: got %q, want %q", test.vendor, test.variable, got, test.want)
		}
	}
}
