package decode

import (
	"fmt"
	"testing"

	"actionurl/capture"
	"actionurl/decode/packet"
	"actionurl/decode/timeline"
)

// What was lost is named with its number, and nothing else is.
func TestLosses(t *testing.T) {
	var s Summary
	s.UnknownLink, s.Links = 3, []capture.LinkType{20, 147}
	s.UnknownTunnel, s.Tunnels = 1, []packet.Tunnel{{Name: "GRE", Protocol: 0x9001}}
	s.Stream.Gaps, s.Stream.GapBytes = 1, 220
	s.Calls = timeline.Counts{Cut: 2}
	if got, want := fmt.Sprint(s.Losses(false)), "[3 frames of unknown link types (20, 147 [DLT_USER0: private use, as by text2pcap and vendors' probes]) 1 frame in tunnels with unknown protocols (GRE protocol 0x9001) 1 gap in TCP streams (220 bytes missing)]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(s.Losses(true)[3:]), "[2 calls shown before the end: too many open]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
