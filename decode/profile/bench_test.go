package profile

import (
	"bytes"
	"fmt"
	"testing"

	"actionurl/decode/actionurl"
)

// fleet returns the provisioning files of phones with twenty events each, as
// names and contents. Own gives each phone URLs of its own.
func fleet(phones int, own bool) (names []string, files [][]byte) {
	kinds := actionurl.Kinds()[:20]
	for phone := range phones {
		mac := fmt.Sprintf("000b82%06x", phone)
		path := ""
		if own {
			path = "/" + mac
		}
		var b bytes.Buffer
		fmt.Fprintf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gs_provision version=\"1\">\n<mac>%s</mac>\n<config version=\"1\">\n", mac)
		for _, k := range kinds {
			fmt.Fprintf(&b, "  <!-- %s -->\n  <P%d>http://192.168.40.207:8085%s/%s?mac=$mac&amp;local=$local&amp;remote=$remote&amp;name=$display_remote</P%d>\n", k.Label, k.P, path, k.Slug, k.P)
		}
		b.WriteString("</config>\n</gs_provision>\n")
		names = append(names, "cfg"+mac+".xml")
		files = append(files, b.Bytes())
	}
	return names, files
}

// BenchmarkParse reads the files of 10,000 phones with 20 events each.
func BenchmarkParse(b *testing.B) {
	for _, bench := range []struct {
		what string
		own  bool
	}{{"alike", false}, {"each its own", true}} {
		b.Run("200000 templates, "+bench.what, func(b *testing.B) {
			names, files := fleet(10_000, bench.own)
			b.ReportAllocs()
			for b.Loop() {
				p := NewParser()
				for i, name := range names {
					p.Parse(name, files[i])
				}
				if len(p.Bindings) != 200_000 || len(p.Warnings) > 0 {
					b.Fatal(len(p.Bindings), p.Warnings)
				}
			}
		})
	}
}

// BenchmarkAmbiguities looks for ambiguities among 200,000 templates.
func BenchmarkAmbiguities(b *testing.B) {
	for _, bench := range []struct {
		what          string
		own, any, all bool
	}{{"alike", false, false, true}, {"each its own", true, false, true}, {"each its own, of any phone", true, true, true}} {
		b.Run("200000 templates, "+bench.what, func(b *testing.B) {
			names, files := fleet(10_000, bench.own)
			p := NewParser()
			for i, name := range names {
				p.Parse(name, files[i])
			}
			for i := range p.Bindings {
				if bench.any {
					p.Bindings[i].Phone = ""
				}
			}
			for b.Loop() {
				if found, whole := Ambiguities(p.Bindings); len(found) > 0 || whole != bench.all {
					b.Fatal(len(found), whole)
				}
			}
		})
	}
}
