package report

import (
	"fmt"
	"io"

	"actionurl/decode/profile"
)

// WriteProfile writes a row for each thing that profiles say.
func WriteProfile(w io.Writer, o Options, p *profile.Profile) error {
	return WriteTable(w, o, []string{"what", "phone", "name", "value", "vendor", "setting", "known", "place"}, profileRows(p))
}

func profileRows(p *profile.Profile) [][]Value {
	var rows [][]Value
	row := func(place profile.Place, cells ...string) {
		values := make([]Value, 0, len(cells)+1)
		for _, c := range cells {
			values = append(values, Text(c))
		}
		rows = append(rows, append(values, Text(place.String())))
	}
	for _, b := range p.Bindings {
		var vendor, setting, known string
		if s := b.Setting; s != nil {
			vendor, setting, known = s.Vendor.Name, s.Key, string(s.Grade)
		}
		row(b.Place, "template", b.Phone, b.Template.Kind.Slug, b.Template.Text, vendor, setting, known)
	}
	for _, n := range p.Phones {
		row(n.Place, "phone", n.Of, n.Name, "", "", "", "")
	}
	for _, n := range p.Servers {
		row(n.Place, "server", "", n.Name, n.Of, "", "", "")
	}
	for _, v := range p.Variables {
		row(v.Place, "variable", "", "$"+v.Name, v.Meaning, "", "", "")
	}
	for _, k := range p.Keys {
		row(k.Place, "key", "", k.Key, "$"+k.Variable, "", "", "")
	}
	return rows
}

// Ambiguity says what two templates have in common.
func Ambiguity(a *profile.Ambiguity) string {
	of := ""
	switch {
	case a.Phones > 1:
		of = fmt.Sprintf(" (of %s and %s)", a.A.Phone, Plural(a.Phones-1, "other phone"))
	case a.Phones == 1:
		of = fmt.Sprintf(" (of %s)", a.A.Phone)
	}
	relation := fmt.Sprintf("can match what that of %s at %s matches, such as %q", a.B.Template.Kind.Slug, a.B.Place, a.Target)
	if a.Same {
		relation = fmt.Sprintf("matches the same as that of %s at %s", a.B.Template.Kind.Slug, a.B.Place)
	}
	return fmt.Sprintf("the template of %s%s %s", a.A.Template.Kind.Slug, of, relation)
}
