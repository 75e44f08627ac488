package packet_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/gopacket"
	"github.com/google/gopacket/ip4defrag"
	"github.com/google/gopacket/layers"

	"actionurl/capture/capturetest"
	"actionurl/decode/packet"
)

// lacking returns the encapsulations that gopacket does not decode, each with
// what it lacks: they are decoded by hand for this reason. The other ones are
// because its decoders of tunnels and cooked captures panic on damaged bytes
// (RadioTap, LinuxSLL, GRE, ERSPANII, Geneve), or are no layers that can be decoded
// into (MPLS, PPPoE, PPP, Geneve, AH, extension headers).
func lacking() map[string]string {
	const (
		link     = "the link type"
		port     = "the UDP port"
		fragment = "defragmentation of it"
	)
	return map[string]string{
		"raw-14": link, "ipv4": link, "ipv6-link": link, "ppp-hdlc": link, "ppp-ether": link, "c-hdlc": link, "frame-relay": link,
		"atm": link, "arcnet": link, "arcnet-linux": link, "ieee1394": link, "enc": link, "nflog": link, "netanalyzer": link,
		"mpls-link": link, "ppi": link, "avs": link,
		"sll2": "link types above 255", "pktap": "link types above 255", "dsa-broadcom": "link types above 255",
		"dsa-broadcom-prepend": "link types above 255", "dsa": "link types above 255", "edsa": "link types above 255",
		"amsdu":     "aggregated frames",
		"gre-aruba": "the EtherType", "gre-aruba-qos": "the EtherType", "ipv6-as-ipv4": "the EtherType",
		"qinq-9100": "the EtherType", "vn-tag": "the EtherType", "macsec": "the EtherType", "mac-in-mac": "the EtherType",
		"mpls-pseudowire": "Ethernet after MPLS", "mpls-pseudowire-control-word": "Ethernet after MPLS",
		"l2tpv3": "the IP protocol", "gre-wccp": "WCCP", "erspan-1": "type I, which it takes for type II", "erspan-3": "type III", "erspan-3-subheader": "type III",
		"vxlan-8472": port, "vxlan-gpe": port, "tzsp": port, "tzsp-wlan": port, "l2tp": port, "l2tp-sequence-offset": port, "teredo": port,
		"mpls-in-udp": port, "gre-in-udp": port, "capwap-8023": port, "capwap-80211": port, "capwap-80211-swapped": port, "capwap-fragments": port,
		"ipv6-headers": "whole packets with a fragment header", "ipv6-fragments": fragment, "ipv4-fragments-outside": fragment,
		"srh": "segment routing",
	}
}

// innermost returns the last TCP segment in a packet of gopacket's, without what
// is not in its layers.
func innermost(p gopacket.Packet) (s segment, ok bool) {
	for _, l := range p.Layers() {
		switch l := l.(type) {
		case *layers.IPv4:
			s.Src, s.Dst = l.SrcIP.String(), l.DstIP.String()
		case *layers.IPv6:
			s.Src, s.Dst = l.SrcIP.String(), l.DstIP.String()
		case *layers.TCP:
			s.Seq, s.Ack, s.Flags, s.Payload = l.Seq, l.Ack, flags(l.SYN, l.FIN, l.RST, l.ACK), string(l.LayerPayload())
			ok = true
		}
	}
	return s, ok
}

// Whatever gopacket finds in the ways in which frames reach a sensor is found.
func TestEncapsulationsAgainstGopacket(t *testing.T) {
	lacking := lacking()
	for _, e := range capturetest.Encapsulations() {
		t.Run(e.Name, func(t *testing.T) {
			c := capturetest.New()
			e.Scene().Make(c)
			compared := 0
			for i, f := range c.Frames {
				data := f.Data
				if slices.Contains([]string{"wlan", "wlan-from-ap", "wlan-bridge", "wlan-qos", "wlan-qos-ht", "radiotap-padded", "prism"}, e.Name) {
					data = append(slices.Clip(data), 1, 2, 3, 4) // gopacket takes the end of any 802.11 frame for its check sequence
				}
				want, ok := innermost(gopacket.NewPacket(data, layers.LinkType(e.Link), gopacket.DecodeOptions{NoCopy: true}))
				if !ok {
					continue
				}
				compared++
				var got segment
				packet.NewDecoder(func(s *packet.Segment) {
					got = segment{Src: s.Src.AddrPort().Addr().String(), Dst: s.Dst.AddrPort().Addr().String(),
						Seq: s.Seq, Ack: s.Ack, Flags: flags(s.SYN, s.FIN, s.RST, s.ACK), Payload: string(s.Payload)}
				}, packet.Config{}).Decode(frame(e.Link, f.Data))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("frame %d (-gopacket +got):\n%s", i+1, diff)
				}
			}
			if reason := lacking[e.Name]; (reason == "") != (compared > 0) {
				t.Errorf("gopacket finds %d segments; what it lacks: %q", compared, reason)
			}
			delete(lacking, e.Name)
		})
	}
	if len(lacking) > 0 {
		t.Errorf("there are no such encapsulations: %v", lacking)
	}
}

// Fragments are put together as gopacket does it, in any order. Its ip4defrag
// leaves fragments alone that must not be fragmented, and refuses a last one of
// less than 8 bytes.
func TestFragmentsAgainstGopacket(t *testing.T) {
	pieces := fragments(udp("192.0.2.50:5060", "192.0.2.10:5060", request+request+request), 32)
	for range 20 {
		pieces = append(pieces[1:], pieces[0])
		for _, order := range [][][]byte{pieces, slices.Concat(pieces[3:], pieces[:3]), slices.Concat(pieces[1:2], pieces[:1], pieces[2:])} {
			whole := ip4defrag.NewIPv4Defragmenter()
			var want string
			var got string
			d := packet.NewDecoder(func(*packet.Segment) {}, packet.Config{Datagram: func(d *packet.Datagram) bool {
				got = string(d.Payload)
				return true
			}})
			for _, f := range order {
				p := gopacket.NewPacket(f, layers.LayerTypeEthernet, gopacket.Default)
				ip, err := whole.DefragIPv4(p.NetworkLayer().(*layers.IPv4))
				if err != nil {
					t.Fatal(err)
				}
				if ip != nil {
					want = string(ip.Payload[8:])
				}
				d.Decode(frame(1, f))
				if got != want {
					t.Errorf("got %q, gopacket has %q", got, want)
				}
			}
			if want == "" {
				t.Error("gopacket finds no packet")
			}
		}
	}
}
