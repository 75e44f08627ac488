package actionurl

import (
	"fmt"
	"testing"

	"actionurl/decode/phone"
)

func BenchmarkDecode(b *testing.B) {
	guide := templates(b,
		"incoming_call=192.168.40.207/mac=$mac&local=$local",
		"outgoing_call=192.168.40.207/remote=$remote&phone_ip=$phone_ip",
		"resume_call=192.168.40.207/call-id=$call-id&program_version=$program_version")
	// Each event with a template of its own.
	var twenty []*Template
	for _, k := range Kinds()[:20] {
		twenty = append(twenty, templates(b, fmt.Sprintf(
			"%[1]s=http://192.168.40.207/%[1]s?mac=$mac&local=$local&remote=$remote&name=$display_remote&id=$call-id", k.Slug))...)
	}
	// Each event of each of a thousand phones with a template of its own.
	var site, fleet []*Template
	for phone := range 1000 {
		for _, k := range Kinds()[:20] {
			site = append(site, templates(b, fmt.Sprintf(
				"%[1]s=http://192.168.40.207/%012[2]x/%[1]s?mac=$mac&local=$local&remote=$remote&name=$display_remote&id=$call-id", k.Slug, phone))...)
			fleet = append(fleet, templates(b, fmt.Sprintf(
				"%[1]s=http://192.168.40.207/%[1]s?mac=$mac&local=$local&remote=$remote&name=$display_remote&id=$call-id", k.Slug))...)
		}
	}
	const tail = "/missed_call?mac=000b82632815&local=5002&remote=+15555550100&name=Jane Doe&id=523072316-5062-13@BJC.BGI.BCE.GD"
	for _, bench := range []struct {
		what      string
		templates []*Template
		target    string
		agent     string
		want      By
	}{
		{"guide", guide, "/mac=000b82632815&local=5002", "", ByTemplate},
		{"20 templates", twenty, tail, phoneAgent, ByTemplate},
		{"20000 templates", site, "/0000000003e7" + tail, phoneAgent, ByTemplate},
		{"20000 templates, 20 different", fleet, tail, phoneAgent, ByTemplate},
		{"20000 templates, no match", site, "/0000000003e8" + tail, phoneAgent, ByName},
		{"no templates", nil, tail, phoneAgent, ByName},
		{"no templates, no agent", nil, "/mac=000b82632815&local=5002", "", ByNothing},
		{"no Action URL", nil, "/cfg000b828aa872.xml", phoneAgent, "none"},
	} {
		b.Run(bench.what, func(b *testing.B) {
			d := NewDecoder(Config{Templates: bench.templates}, phone.NewRegistry())
			x := from(bench.agent, get(bench.target))
			by := By("none")
			if e := d.Decode(x); e != nil {
				by = e.By
			}
			if by != bench.want {
				b.Fatalf("known by %q", by)
			}
			b.ReportAllocs()
			for b.Loop() {
				d.Decode(x)
			}
		})
	}
	b.Run("hostile", func(b *testing.B) {
		template, target := hostile()
		d := NewDecoder(Config{Templates: templates(b, "incoming_call="+template)}, phone.NewRegistry())
		x := get(target)
		b.ReportAllocs()
		for b.Loop() {
			d.Decode(x)
		}
	})
}
