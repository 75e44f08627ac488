package report

import (
	"io"
	"testing"

	"actionurl/decode/actionurl"
	"actionurl/decode/packet"
)

func BenchmarkRecord(b *testing.B) {
	event := actionurl.Event{
		Kind: actionurl.Lookup("incoming_call"), By: actionurl.ByTemplate,
		PhoneMAC: packet.MAC{0x00, 0x0b, 0x82, 0x12, 0x34, 0x50}, CallID: "523072316-5062-13@BJC.BGI.BCE.GD",
		Vars: []actionurl.Var{filled("mac", "000b82123450"), filled("local", "5002"), filled("remote", "+15555550100"), filled("display_remote", "Jürgen Doe")},
	}
	r := request("/incoming?mac=000b82123450&local=5002&remote=+15555550100&display_remote=Jürgen Doe", announces(event))
	for _, format := range Plain().Names() {
		b.Run(format, func(b *testing.B) {
			sink, err := NewRecords(io.Discard, Options{Format: Plain().Named(format), Width: 120}, Events)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				r.Time++
				if err := sink.Write(r); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
