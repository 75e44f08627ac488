package profile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAmbiguities(t *testing.T) {
	for _, test := range []struct {
		what, data string
		want       []string
	}{
		{"the same", "P8324: h/call=$call-id\n  P8325: h/call=$call_id", []string{`2 hold_call, 3 resume_call: same, 0 phones, "/call=*"`}},
		{"a literal and a variable", "P8310: h/e=$remote\n  P8311: h/e=incoming", []string{`2 incoming_call, 3 outgoing_call: 0 phones, "/e=incoming"`}},
		{"crosswise", "P8310: h/a$mac\n  P8311: h/$local/b", []string{`2 incoming_call, 3 outgoing_call: 0 phones, "/a/b"`}},
		{"a server and any", "P8310: h/a=$mac\n  P8311: /a=$mac", []string{`2 incoming_call, 3 outgoing_call: 0 phones, "/a=*"`}},
		{"one event", "P8310: [h/a=$mac, h/a=$local]", nil},
		{"two servers", "P8310: h/a=$mac\n  P8311: k/a=$mac", nil},
		{"two ports", "P8310: h:1/a=$mac\n  P8311: h:2/a=$mac", nil},
		{"two ends", "P8310: h/$mac/a\n  P8311: h/$mac/b", nil},
		{"two beginnings", "P8310: h/a/$mac\n  P8311: h/b/$mac", nil},
		{"two middles", "P8310: h/$mac/a=$local\n  P8311: h/$mac/b=$local", []string{`2 incoming_call, 3 outgoing_call: 0 phones, "//b=/a=*"`}},
		{"one parameter more", "P8310: h/a=$mac\n  P8311: h/a=$mac&b=$local", nil},
		{"other parameters", "P8310: h/?a=$mac&b=$local\n  P8311: h/?a=$mac&c=$local", nil},
	} {
		t.Run(test.what, func(t *testing.T) {
			p := NewParser()
			if !p.Parse("x", []byte("events:\n  "+test.data+"\n")) {
				t.Fatal(p.Errors)
			}
			if diff := cmp.Diff(test.want, ambiguities(p)); diff != "" {
				t.Errorf("%s\n(-want +got):\n%s", test.data, diff)
			}
		})
	}
}

// ambiguities renders what is ambiguous, a line each.
func ambiguities(p *Parser) []string {
	var all []string
	found, whole := Ambiguities(p.Bindings)
	for _, a := range found {
		same := ""
		if a.Same {
			same = "same, "
		}
		all = append(all, fmt.Sprintf("%d %s, %d %s: %s%d phones, %q", a.A.Place.Line, a.A.Template.Kind.Slug,
			a.B.Place.Line, a.B.Template.Kind.Slug, same, a.Phones, a.Target))
	}
	if !whole {
		all = append(all, "not whole")
	}
	return all
}

// What is of one phone only meets what is of that phone, and what phones have
// in common is reported once.
func TestAmbiguitiesOfPhones(t *testing.T) {
	p := NewParser()
	for _, mac := range []string{"000b82000001", "000b82000002", "000b82000003"} {
		p.Parse("cfg"+mac+".xml", []byte("<gs_provision>\n<P8324>h/c=$call-id</P8324>\n<P8325>h/c=$call-id</P8325></gs_provision>"))
	}
	p.Parse("cfg000b82000004.xml", []byte("<gs_provision>\n\n\n<P8310>h/c=$call-id</P8310></gs_provision>"))
	p.Parse("any.yaml", []byte("\n\n\n\nevents: {P8311: h/c=$call-id}"))
	if diff := cmp.Diff([]string{`2 hold_call, 3 resume_call: same, 3 phones, "/c=*"`}, ambiguities(p)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Templates that begin alike by the ten thousand are not compared for ever.
func TestAmbiguitiesAreBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	p := NewParser()
	var b strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&b, "P%d=h/a$mac/%d\n", 8304+i%3, i)
	}
	p.Parse("x.cfg", []byte(b.String()))
	if got := ambiguities(p); len(got) != 1 || got[0] != "not whole" {
		t.Error(got)
	}
}
