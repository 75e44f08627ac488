package finding

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"actionurl/decode/packet"
)

// lines writes summaries down, one a line.
func lines(all []Summary) []string {
	var lines []string
	for _, s := range all {
		lines = append(lines, fmt.Sprintf("%s %d phones=%v %d-%d at %s:%d: %s", s.Kind, s.Count, s.Phones, s.First, s.Last, s.Capture, s.Frame, s.Details))
	}
	return lines
}

func TestTally(t *testing.T) {
	at := func(time int64, mac, addr string) *Place {
		p := &Place{Time: time, Capture: "a.pcap", Frame: int(time)}
		p.Phone.MAC, _ = packet.ParseMAC(mac)
		if addr != "" {
			p.Phone.Addr = netip.MustParseAddr(addr)
		}
		return p
	}
	found := func(k Kind, d Detail) *Finding { f := New(k, d); return &f }
	var tally Tally
	if got := tally.Summaries(); len(got) > 0 {
		t.Errorf("an empty one has %v", got)
	}
	tally.Add(found(RawBlank, Detail{Name: "n"}), at(5, "00:0b:82:12:34:32", "192.168.40.50"))
	tally.Add(found(RawBlank, Detail{Name: "n"}), at(6, "00:0b:82:12:34:32", "192.168.40.51")) // it has moved
	tally.Add(found(HTTPError, Detail{N: 404}), at(7, "00:0b:82:12:34:32", "192.168.40.50"))
	tally.Add(found(HTTPError, Detail{N: 500}), at(8, "", "192.168.40.52"))
	tally.Add(found(HTTPError, Detail{N: 404}), at(3, "", "192.168.40.52")) // earlier, and told later
	tally.Add(found(NoResponse, Detail{}), at(9, "", "192.168.40.52"))
	tally.Add(found(TooLong, Detail{N: 300, M: 256}), &Place{}) // of a template: nowhere
	for i := range maxDetails + 2 {
		tally.Add(found(BadValue, Detail{Name: strings.Repeat("n", 100), Other: fmt.Sprint(i)}), at(10, "", "192.168.40.52"))
	}
	n := strings.Repeat("n", maxDetail)
	want := []string{
		"http_error 3 phones=[00:0b:82:12:34:32 192.168.40.52] 3-8 at a.pcap:3: 404, 500",
		"no_response 1 phones=[192.168.40.52] 9-9 at a.pcap:9: ",
		"bad_value 6 phones=[192.168.40.52] 10-10 at a.pcap:10: " + n + "=0, " + n + "=1, " + n + "=2, " + n + "=3, and others",
		"raw_blank 2 phones=[00:0b:82:12:34:32] 5-6 at a.pcap:5: n",
		"too_long 1 phones=[] 0-0 at :0: 300 bytes of 256",
	}
	if diff := cmp.Diff(want, lines(tally.Summaries()), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestTallyBound(t *testing.T) {
	var tally Tally
	for i := range maxPhones + 5 {
		a := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		for range 2 {
			tally.Add(&Finding{Kind: RawPlus}, &Place{Time: 1, Phone: Phone{Addr: a}})
		}
	}
	s := tally.Summaries()[0]
	if s.Count != 2*(maxPhones+5) || len(s.Phones) != maxPhones || !s.MorePhones {
		t.Errorf("%d findings, %d phones, more: %v", s.Count, len(s.Phones), s.MorePhones)
	}
}
