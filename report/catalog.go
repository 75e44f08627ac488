package report

import (
	"fmt"
	"io"
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/vendor"
)

// CatalogTables returns the names of the tables of the catalogue.
func CatalogTables() []string { return []string{"events", "variables", "vendors", "findings"} }

// WriteCatalog writes a table of the catalogue, or what of it is a vendor's.
func WriteCatalog(w io.Writer, o Options, table string, v *vendor.Vendor) error {
	columns, rows := catalogTable(table, v)
	return WriteTable(w, o, columns, rows)
}

func catalogTable(table string, v *vendor.Vendor) (columns []string, rows [][]Value) {
	switch {
	case table == "findings":
		return []string{"finding", "severity", "meaning", "hint"}, findingRows()
	case table == "vendors":
		all := vendor.All()
		if v != nil {
			all = []*vendor.Vendor{v}
		}
		return []string{"vendor", "label", "settings", "oui", "user_agent", "url_bytes"}, vendorRows(all)
	case table == "variables" && v != nil:
		return []string{"variable", "meaning"}, spelledRows(v)
	case table == "variables":
		return []string{"variable", "meaning", "vendor", "guide"}, variableRows()
	case v != nil:
		return []string{"event", "label", "setting", "known"}, settingRows(v)
	}
	return []string{"event", "label", "p_value", "known", "alias", "guide"}, eventRows()
}

func eventRows() [][]Value {
	var rows [][]Value
	for _, k := range actionurl.Kinds() {
		p := ""
		if k.P != 0 {
			p = fmt.Sprintf("P%d", k.P)
		}
		rows = append(rows, []Value{
			Text(k.Slug), Text(k.Label), Text(p), Text(string(k.PGrade)),
			List(k.Alias), Text(yes(k.Guide)),
		})
	}
	return rows
}

func variableRows() [][]Value {
	var rows [][]Value
	for _, u := range vendor.Uses() {
		rows = append(rows, []Value{
			Text(u.Spelled), Text(u.Text), List(u.Vendors), Text(yes(u.Guide)),
		})
	}
	return rows
}

// settingRows are the settings of a vendor's phones that hold Action URLs.
func settingRows(v *vendor.Vendor) [][]Value {
	var rows [][]Value
	for _, s := range v.Settings {
		label := ""
		if k := actionurl.Lookup(s.Event); k != nil {
			label = k.Label
		}
		rows = append(rows, []Value{Text(s.Event), Text(label), Text(s.Key), Text(string(s.Grade))})
	}
	return rows
}

// spelledRows are a vendor's variables as they stand in its Action URLs.
func spelledRows(v *vendor.Vendor) [][]Value {
	var rows [][]Value
	for _, variable := range v.Variables {
		rows = append(rows, []Value{Text(v.Spell(variable.Name)), Text(variable.Text)})
	}
	return rows
}

// vendorRows say how vendors' phones are recognized, and the longest Action
// URL that they keep.
func vendorRows(all []*vendor.Vendor) [][]Value {
	var rows [][]Value
	for _, v := range all {
		longest := Value{}
		if v.MaxURL > 0 {
			longest = Number(int64(v.MaxURL))
		}
		rows = append(rows, []Value{
			Text(v.Name), Text(v.Label), Number(int64(len(v.Settings))),
			List(v.Blocks), List(v.UserAgents()), longest,
		})
	}
	return rows
}

// findingRows say what may be wrong, and what to do about it.
func findingRows() [][]Value {
	var rows [][]Value
	for _, k := range finding.Kinds() {
		rows = append(rows, []Value{
			Text(k.String()), Text(k.Severity().String()), Text(k.Meaning()), Text(k.Hint()),
		})
	}
	return rows
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

// Explain returns what is known of a finding, in 80 columns.
func Explain(k finding.Kind) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%v): %s\n", k, k.Severity(), k.Title())
	for _, part := range []struct{ title, text string }{
		{"What it means", Sentence(k.Meaning())},
		{"How it is recognized", k.Recognized()},
		{"When it is not reported", k.Silent()},
		{"Example", k.Example()},
		{"What to do", Sentence(k.Hint())},
		{"Where it is", "actionurl analyze --finding " + k.String() + " CAPTURE"},
	} {
		fmt.Fprintf(&b, "\n%s\n", part.title)
		for _, line := range Fold(part.text, 76) {
			fmt.Fprintf(&b, "    %s\n", line)
		}
	}
	return b.String()
}
