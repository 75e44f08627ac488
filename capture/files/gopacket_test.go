package files

import (
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"actionurl/capture"
)

// A gopacket program reads several captures as one.
func TestPackets(t *testing.T) {
	dir := folder(t, map[string][]byte{"a.pcap": pcap(t, 2*time.Second, "second"), "b.pcap": pcap(t, time.Second, "first")})
	c, err := Open(t.Context(), []string{dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got := ""
	for p := range gopacket.NewPacketSource(c, layers.LinkTypeEthernet).Packets() {
		on := p.Metadata().AncillaryData[0].(*capture.Interface)
		got += on.Capture[len(dir):] + " " + string(p.ApplicationLayer().Payload()) + "; "
	}
	if want := "/b.pcap first; /a.pcap second; "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
