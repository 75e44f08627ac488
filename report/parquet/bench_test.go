package parquet_test

import (
	"fmt"
	"io"
	"net/netip"
	"testing"
	"time"

	"actionurl/capture"
	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/report"
	"actionurl/report/parquet"
)

// storm returns the events of a site with so many phones, as a boot storm
// makes them.
func storm(phones, events int) []decode.Record {
	kinds := []string{"incoming_call", "established_call", "terminated_call", "off_hook", "on_hook", "registered", "dnd_on"}
	all := make([]decode.Record, events)
	for i := range all {
		phone := i * 7919 % phones
		mac := packet.MAC{0, 0x0b, 0x82, byte(phone >> 16), byte(phone >> 8), byte(phone)}
		addr := netip.AddrFrom4([4]byte{10, 20, byte(phone >> 8), byte(phone)})
		slug := kinds[i%len(kinds)]
		local, remote, id := fmt.Sprint(5000+phone), fmt.Sprint(225266542+int64(i)*104729%1_000_000), fmt.Sprintf("%08x@%s", i*2654435761&0xffffffff, addr)
		e := &actionurl.Event{
			Kind: actionurl.Lookup(slug), By: actionurl.ByName, PhoneMAC: mac, PhoneIP: addr, PhoneProduct: "GXP2170", PhoneVersion: "1.0.11.42",
			PhoneKnown: "url", CallID: id,
			Vars: []actionurl.Var{
				actionurl.VarOf("mac", fmt.Sprintf("%x", mac[:])), actionurl.VarOf("local", local), actionurl.VarOf("remote", remote), actionurl.VarOf("call-id", id),
			},
		}
		r := &all[i]
		r.Exchange = exchange(int64(i), addr)
		r.Target = fmt.Sprintf("/pbx/event.php?ev=%s&mac=%x&local=%s&remote=%s&call-id=%s", slug, mac[:], local, remote, id)
		r.UserAgent = fmt.Sprintf("Grandstream Model HW GXP2170 SW 1.0.11.42 DevId %x", mac[:])
		r.Event = e
	}
	return all
}

// BenchmarkRows writes the events of a storm in both formats that save them.
// Parquet is to cost no more than 1.3 times what NDJSON does, with what it
// takes to read a request.
func BenchmarkRows(b *testing.B) {
	records := storm(7000, 20_000)
	for _, format := range []report.Format{report.Plain().Named("ndjson"), parquet.Format()} {
		b.Run(format.Name, func(b *testing.B) {
			rows, err := report.NewRecords(io.Discard, report.Options{Format: format}, report.Events)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if err := rows.Write(&records[i%len(records)]); err != nil {
					b.Fatal(err)
				}
				i++
			}
			if err := rows.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// exchange returns the i-th request, of a phone with an address.
func exchange(i int64, addr netip.Addr) *httpwire.Exchange {
	return &httpwire.Exchange{
		Origin: packet.Origin{
			Interface: &capture.Interface{Capture: "storm.pcap", Link: capture.LinkEthernet}, Frame: int(i*5) + 1,
			Time: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).UnixNano() + i*53_123 + i%7,
		},
		Client: netip.AddrPortFrom(addr, uint16(10_000+i*31%50_000)), Server: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 1, byte(i % 8)}), 80),
		Method: "GET", Host: "pbx.example", Version: "HTTP/1.1", ContentLength: -1, Status: 200, Latency: 1_000_000 + i*7_919%3_000_000, Done: true,
	}
}
