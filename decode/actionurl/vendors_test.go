package actionurl

import (
	"slices"
	"strings"
	"testing"

	"actionurl/decode/vendor"
)

// Vendor files name events by their slugs, and cannot see the catalogue.
func TestVendorsNameEvents(t *testing.T) {
	for _, v := range vendor.All() {
		for _, s := range v.Settings {
			if s.Event == "" || s.Event == vendor.Any {
				continue
			}
			if k := Lookup(s.Event); k == nil || k.Slug != s.Event {
				t.Errorf("%s of %s is for the event %q, which is not in the catalogue", s.Key, v.Name, s.Event)
			}
		}
		for _, w := range v.Variables {
			if name, n := variableAt(v.Spell(w.Name) + "&"); name != w.Name || n != len(v.Spell(w.Name)) {
				t.Errorf("%s of %s is read as %q", v.Spell(w.Name), v.Name, name)
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
		grade    vendor.Grade
	}{
		{"yealink", 44 + 6 + 38, "action_url.call_remote_canceled", "remote_canceled", vendor.Documented},
		{"flyingvoice", 44 + 8, "action_url.hold", "hold_call", vendor.Observed},
		{"snom", 24, "action_redirection_on_url", "forward_on", vendor.Documented},
		{"htek", 33 + 25, "P3733", "transfer_failed", vendor.Observed},
		{"sangoma", 33 + 25, "P3701", "boot_completed", vendor.Documented},
		{"akuvox", 34 + 40, "Config.Features.ACTIONURL.OpenDND", "dnd_on", vendor.Inferred},
		{"fanvil", 35 + 10, "cti.OnhookUri", "on_hook", vendor.Observed},
		{"mitel", 11, "action uri registration event", "registration_event", vendor.Documented},
		{"grandstream", 79 + 2, "P8326", "mute_call", vendor.Inferred},
		{"grandstream", 79 + 2, "ons.actionUrl.closedDnd", "dnd_off", vendor.Observed},
	} {
		v := vendor.Named(strings.ToUpper(test.name))
		if v == nil || len(v.Settings) != test.settings {
			t.Errorf("%s has %d settings", test.name, len(v.Settings))
			continue
		}
		if !slices.Contains(v.Settings, vendor.Setting{Key: test.key, Event: test.slug, Grade: test.grade}) {
			t.Errorf("%s has no %s for %s that is %s", test.name, test.key, test.slug, test.grade)
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
			return len(set.match(target, &recipient{})) > 0
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
