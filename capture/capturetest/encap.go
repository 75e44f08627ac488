package capturetest

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"actionurl/capture"
)

// An Encapsulation is a way in which frames reach a sensor.
type Encapsulation struct {
	Name string
	Link capture.LinkType
	// Wrap returns the frames that an Ethernet frame with an IP packet becomes.
	Wrap func(frame []byte) [][]byte
}

// Scene returns the capture of a request and its response in this encapsulation.
func (e Encapsulation) Scene() Scene {
	return Scene{Name: "encap/" + e.Name + ".pcap", Link: e.Link, Make: func(c *Capture) {
		client, server := phone+":40001", server
		if slices.Contains([]string{"ipv6", "ipv6-as-ipv4", "6in4", "teredo", "ipv6-link", "ipv6-headers", "ipv6-fragments", "srh"}, e.Name) {
			client, server = "[2001:db8::50]:40001", "[2001:db8::207]:80"
		}
		k := c.Conn(client, server).Open()
		k.Send(get("/mac=000b82123432&local=5002", "192.168.40.207", ""))
		k.Reply(ok).Close()
		var frames []Frame
		for _, f := range c.Frames {
			for _, data := range e.Wrap(f.Data) {
				frames = append(frames, Frame{Time: f.Time, Data: data})
			}
		}
		c.Frames = frames
	}}
}

// Addresses of the two ends of a tunnel.
var (
	tunnelA = netip.MustParseAddr("10.99.0.1")
	tunnelB = netip.MustParseAddr("10.99.0.2")
	tunnel6 = netip.MustParseAddr("2001:db8:99::1")
)

// Encapsulations returns all that are decoded.
func Encapsulations() []Encapsulation {
	one := func(name string, link capture.LinkType, wrap func(frame []byte) []byte) Encapsulation {
		return Encapsulation{name, link, func(f []byte) [][]byte { return [][]byte{wrap(f)} }}
	}
	ethernet := func(name string, wrap func(frame []byte) []byte) Encapsulation {
		return one(name, capture.LinkEthernet, wrap)
	}
	// link is a link type whose header stands before the IP packet.
	link := func(name string, link capture.LinkType, header ...byte) Encapsulation {
		return one(name, link, func(f []byte) []byte { return cat(header, f[14:]) })
	}
	gre := func(name string, ip bool, header ...byte) Encapsulation {
		return ethernet(name, func(f []byte) []byte { return inIP(layers.IPProtocolGRE, cat(header, strip(f, ip))) })
	}
	udp := func(name string, port uint16, ip bool, header ...byte) Encapsulation {
		return ethernet(name, func(f []byte) []byte { return inUDP(port, cat(header, strip(f, ip))) })
	}
	wlan := func(f []byte) []byte { return cat(wlanHeader(0x08, 0x01), snap(f)) }
	radiotap := []byte{0, 0, 9, 0, 2, 0, 0, 0, 0x10} // with flags: a check sequence follows

	return []Encapsulation{
		// Link types.
		link("null", capture.LinkNull, 2, 0, 0, 0),
		link("null-big-endian", capture.LinkNull, 0, 0, 0, 2),
		link("loop", capture.LinkLoop, 0, 0, 0, 2),
		link("raw", capture.LinkRaw),
		link("raw-12", capture.LinkRaw12),
		link("raw-14", capture.LinkRaw14),
		link("ipv4", capture.LinkIPv4),
		link("sll", capture.LinkLinuxSLL, 0, 0, 0, 1, 0, 6, 0, 0x0b, 0x82, 0x12, 0x34, 0x32, 0, 0, 8, 0),
		link("sll2", capture.LinkLinuxSLL2, 8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 0, 0x0b, 0x82, 0x12, 0x34, 0x32, 0, 0),
		link("ppp", capture.LinkPPP, 0xff, 3, 0, 0x21),
		link("ppp-short", capture.LinkPPP, 0x21),
		link("ppp-hdlc", capture.LinkPPPHDLC, 0xff, 3, 0, 0x21),
		one("ppp-ether", capture.LinkPPPEther, func(f []byte) []byte {
			return cat([]byte{0x11, 0, 0, 7}, length(f[14:], 2), []byte{0, 0x21}, f[14:])
		}),
		link("c-hdlc", capture.LinkCHDLC, 0x0f, 0, 8, 0),
		link("frame-relay", capture.LinkFrameRelay, 0x18, 0x41, 3, 0xcc),
		link("atm", capture.LinkATM, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0),
		link("fddi", capture.LinkFDDI, 0x50, 2, 0, 0, 0, 0, 0xcf, 0, 0x0b, 0x82, 0x12, 0x34, 0x32, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0),
		link("arcnet", capture.LinkARCNET, 1, 2, 240),
		link("arcnet-linux", capture.LinkARCNETLinux, 1, 2, 0, 0, 212, 0, 0, 1),
		link("ieee1394", capture.LinkIEEE1394, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 9, 8, 0),
		link("enc", capture.LinkENC, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0),
		one("nflog", capture.LinkNFLOG, func(f []byte) []byte {
			size := binary.LittleEndian.AppendUint16(nil, uint16(4+len(f[14:])))
			return cat([]byte{2, 0, 0, 1, 8, 0, 1, 0, 8, 0, 3, 0, 5, 0, 10, 0, 'x', 0, 0, 0}, size, []byte{9, 0}, f[14:])
		}),
		one("pktap", capture.LinkPKTAP, func(f []byte) []byte {
			return cat([]byte{108, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0}, make([]byte, 96), f)
		}),
		one("netanalyzer", capture.LinkNetAnalyzer, func(f []byte) []byte { return cat([]byte{0, 0, 0, 0}, f) }),
		one("mpls-link", capture.LinkMPLS, func(f []byte) []byte { return cat([]byte{0, 1, 0x01, 64}, f[14:]) }),
		one("dsa-broadcom", capture.LinkDSABroadcom, func(f []byte) []byte { return cat(f[:12], []byte{0, 0, 0, 1}, f[12:]) }),
		one("dsa-broadcom-prepend", capture.LinkDSABroadcomPrepend, func(f []byte) []byte { return cat([]byte{0, 0, 0, 1}, f) }),
		one("dsa", capture.LinkDSA, func(f []byte) []byte { return cat(f[:12], []byte{0x60, 0x08, 0, 40}, f[12:]) }),
		one("edsa", capture.LinkEDSA, func(f []byte) []byte { return cat(f[:12], []byte{0xda, 0xda, 0, 0, 0x40, 0x08, 0, 0}, f[12:]) }),

		// 802.11.
		one("wlan", capture.LinkWLAN, wlan),
		one("wlan-from-ap", capture.LinkWLAN, func(f []byte) []byte { return cat(wlanHeader(0x08, 0x02), snap(f)) }),
		one("wlan-bridge", capture.LinkWLAN, func(f []byte) []byte {
			return cat(wlanHeader(0x08, 0x03), []byte{0, 0x0b, 0x82, 0x12, 0x34, 0x32}, snap(f))
		}),
		one("wlan-qos", capture.LinkWLAN, func(f []byte) []byte { return cat(wlanHeader(0x88, 0x01), []byte{0, 0}, snap(f)) }),
		one("wlan-qos-ht", capture.LinkWLAN, func(f []byte) []byte {
			return cat(wlanHeader(0x88, 0x81), []byte{0, 0, 0, 0, 0, 0}, snap(f))
		}),
		one("radiotap", capture.LinkRadiotap, func(f []byte) []byte { return cat(radiotap, wlan(f), []byte{1, 2, 3, 4}) }),
		one("radiotap-padded", capture.LinkRadiotap, func(f []byte) []byte {
			// A time stamp, and a header that is padded to a multiple of 4.
			return cat([]byte{0, 0, 17, 0, 3, 0, 0, 0}, make([]byte, 8), []byte{0x20},
				wlanHeader(0x88, 0x01), []byte{0, 0}, []byte{0, 0}, snap(f))
		}),
		{"amsdu", capture.LinkWLAN, aggregate()},
		one("ppi", capture.LinkPPI, func(f []byte) []byte {
			return cat([]byte{0, 0, 32, 0, 105, 0, 0, 0, 2, 0, 20, 0}, make([]byte, 8), []byte{1, 0}, make([]byte, 10), wlan(f), []byte{1, 2, 3, 4})
		}),
		one("prism", capture.LinkPrism, func(f []byte) []byte {
			return cat([]byte{0x44, 0, 0, 0, 144, 0, 0, 0}, make([]byte, 136), wlan(f))
		}),
		one("avs", capture.LinkAVS, func(f []byte) []byte {
			return cat([]byte{0x80, 0x21, 0x10, 1, 0, 0, 0, 64}, make([]byte, 56), wlan(f))
		}),

		// Tags.
		ethernet("vlan", func(f []byte) []byte { return cat(f[:12], []byte{0x81, 0, 0xa0, 40}, f[12:]) }),
		ethernet("vlan-priority", func(f []byte) []byte { return cat(f[:12], []byte{0x81, 0, 0xa0, 0}, f[12:]) }),
		ethernet("qinq", func(f []byte) []byte { return cat(f[:12], []byte{0x88, 0xa8, 0, 7, 0x81, 0, 0, 40}, f[12:]) }),
		ethernet("qinq-9100", func(f []byte) []byte { return cat(f[:12], []byte{0x91, 0, 0, 7, 0x81, 0, 0, 40}, f[12:]) }),
		ethernet("snap", func(f []byte) []byte {
			return cat(f[:12], binary.BigEndian.AppendUint16(nil, uint16(len(snap(f)))), snap(f))
		}),
		ethernet("vn-tag", func(f []byte) []byte { return cat(f[:12], []byte{0x89, 0x26, 0, 1, 0, 2}, f[12:]) }),
		ethernet("macsec", func(f []byte) []byte {
			return cat(f[:12], []byte{0x88, 0xe5, 0x20, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8}, f[12:], make([]byte, 16))
		}),
		ethernet("mac-in-mac", func(f []byte) []byte { return inEthernet(0x88e7, cat([]byte{0, 0, 0, 9}, f)) }),
		ethernet("pppoe", func(f []byte) []byte {
			return inEthernet(layers.EthernetTypePPPoESession, cat([]byte{0x11, 0, 0, 7}, length(f[14:], 2), []byte{0, 0x21}, f[14:]))
		}),
		ethernet("mpls", func(f []byte) []byte {
			return inEthernet(layers.EthernetTypeMPLSUnicast, cat([]byte{0, 1, 0, 64, 0, 2, 1, 64}, f[14:]))
		}),
		ethernet("mpls-pseudowire", func(f []byte) []byte {
			return inEthernet(layers.EthernetTypeMPLSUnicast, cat([]byte{0, 1, 1, 64}, f))
		}),
		ethernet("mpls-pseudowire-control-word", func(f []byte) []byte {
			return inEthernet(layers.EthernetTypeMPLSUnicast, cat([]byte{0, 1, 1, 64, 0, 0, 0, 0}, f))
		}),

		// In IP.
		ethernet("ipip", func(f []byte) []byte { return inIP(layers.IPProtocolIPv4, f[14:]) }),
		ethernet("6in4", func(f []byte) []byte { return inIP(layers.IPProtocolIPv6, f[14:]) }),
		ethernet("4in6", func(f []byte) []byte { return inIPv6(layers.IPProtocolIPv4, f[14:]) }),
		ethernet("etherip", func(f []byte) []byte { return inIP(layers.IPProtocolEtherIP, cat([]byte{0x30, 0}, f)) }),
		ethernet("l2tpv3", func(f []byte) []byte { return inIP(layers.IPProtocol(115), cat([]byte{0, 0, 0, 9, 0, 0, 0, 0}, f)) }),
		ethernet("mpls-in-ip", func(f []byte) []byte { return inIP(layers.IPProtocolMPLSInIP, cat([]byte{0, 1, 1, 64}, f[14:])) }),
		ethernet("ah", func(f []byte) []byte {
			return inIP(layers.IPProtocolAH, cat([]byte{4, 4, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1}, make([]byte, 12), f[14:]))
		}),
		gre("gre", true, 0, 0, 8, 0),
		gre("gre-key-sequence-checksum", true, 0xb0, 0, 8, 0, 0x12, 0x34, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1),
		gre("gre-bridging", false, 0, 0, 0x65, 0x58),
		gre("gre-pptp", true, 0x30, 0x81, 0x88, 0x0b, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 1, 0xff, 3, 0, 0x21),
		gre("gre-wccp", true, 0, 0, 0x88, 0x3e, 0, 0, 0, 0),
		gre("erspan-1", false, 0, 0, 0x88, 0xbe),
		gre("erspan-2", false, 0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 40, 0, 1, 0, 0, 0, 1),
		gre("erspan-3", false, 0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 40, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0),
		gre("erspan-3-subheader", false, 0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 40, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0x08, 0, 0, 1, 0, 0, 0, 2),
		ethernet("gre-aruba", func(f []byte) []byte {
			return inIP(layers.IPProtocolGRE, cat([]byte{0, 0, 0x82, 0}, wlan(f)))
		}),
		ethernet("gre-aruba-qos", func(f []byte) []byte {
			return inIP(layers.IPProtocolGRE, cat([]byte{0, 0, 0x83, 0xf0}, wlanHeader(0x88, 0x01), []byte{0, 0}, snap(f)))
		}),
		gre("gre-mpls", true, 0, 0, 0x88, 0x47, 0, 1, 1, 64),

		// In UDP.
		udp("vxlan", 4789, false, 8, 0, 0, 0, 0, 0, 9, 0),
		udp("vxlan-8472", 8472, false, 8, 0, 0, 0, 0, 0, 9, 0),
		udp("vxlan-policy", 4789, false, 0x88, 0, 0, 7, 0, 0, 9, 1),
		udp("vxlan-gpe", 4790, true, 0x0c, 0, 0, 1, 0, 0, 9, 0),
		udp("geneve", 6081, false, 1, 0, 0x65, 0x58, 0, 0, 9, 0, 1, 2, 3, 0),
		udp("tzsp", 37008, false, 1, 0, 0, 1, 13, 2, 0, 1, 0, 1),
		ethernet("tzsp-wlan", func(f []byte) []byte { return inUDP(37008, cat([]byte{1, 0, 0, 18, 1}, wlan(f))) }),
		ethernet("gtp-u", func(f []byte) []byte {
			return inUDP(2152, cat([]byte{0x30, 0xff}, length(f[14:], 0), []byte{0, 0, 0, 9}, f[14:]))
		}),
		ethernet("gtp-u-extension", func(f []byte) []byte {
			return inUDP(2152, cat([]byte{0x36, 0xff}, length(f[14:], 8), []byte{0, 0, 0, 9, 0, 1, 0, 0x85, 1, 0x10, 9, 0}, f[14:]))
		}),
		ethernet("l2tp", func(f []byte) []byte {
			return inUDP(1701, cat([]byte{0x40, 2}, length(f[14:], 12), []byte{0, 1, 0, 2, 0xff, 3, 0, 0x21}, f[14:]))
		}),
		udp("l2tp-sequence-offset", 1701, true, 0x0a, 2, 0, 1, 0, 2, 0, 1, 0, 1, 0, 2, 0, 0, 0, 0x21),
		udp("teredo", 3544, true, 0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0xf2, 0x27, 0x3d, 0xaa, 0xbb, 0xcc),
		udp("mpls-in-udp", 6635, true, 0, 1, 1, 64),
		udp("gre-in-udp", 4754, true, 0, 0, 8, 0),
		udp("capwap-8023", 5247, false, 0, 0x10, 0x02, 0, 0, 0, 0, 0),
		ethernet("capwap-80211", func(f []byte) []byte { return inUDP(5247, cat([]byte{0, 0x10, 0x03, 0, 0, 0, 0, 0}, wlan(f))) }),
		ethernet("capwap-80211-swapped", func(f []byte) []byte {
			w := wlan(f)
			w[0], w[1] = w[1], w[0]
			return inUDP(5247, cat([]byte{0, 0x10, 0x03, 0, 0, 0, 0, 0}, w))
		}),
		{"capwap-fragments", capture.LinkEthernet, func(f []byte) [][]byte {
			w := wlan(f)
			return [][]byte{
				inUDP(5247, cat([]byte{0, 0x10, 0x03, 0x80, f[19], f[18], 0, 0}, w[:40])),
				inUDP(5247, cat([]byte{0, 0x10, 0x03, 0xc0, f[19], f[18], 0, 40}, w[40:])),
			}
		}},
		ethernet("nested", func(f []byte) []byte { // a bridge over ERSPAN over VXLAN
			return inUDP(4789, cat([]byte{8, 0, 0, 0, 0, 0, 9, 0},
				inIP(layers.IPProtocolGRE, cat([]byte{0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 40, 0, 1, 0, 0, 0, 1}, cat(f[:12], []byte{0x81, 0, 0, 40}, f[12:])))))
		}),

		// Fragments and extension headers.
		{"ipv4-fragments", capture.LinkEthernet, func(f []byte) [][]byte { return fragments(f, false) }},
		{"ipv4-fragments-reversed", capture.LinkEthernet, func(f []byte) [][]byte {
			all := fragments(f, true)
			slices.Reverse(all)
			return all
		}},
		{"ipv4-fragments-outside", capture.LinkEthernet, func(f []byte) [][]byte {
			return fragments(inUDP(4789, cat([]byte{8, 0, 0, 0, 0, 0, 9, 0}, f)), true)
		}},
		{"ipv4-fragments-inside", capture.LinkEthernet, func(f []byte) [][]byte {
			all := fragments(f, false)
			for i := range all {
				all[i] = inIP(layers.IPProtocolGRE, cat([]byte{0, 0, 0x65, 0x58}, all[i]))
			}
			return all
		}},
		{"ipv6-fragments", capture.LinkEthernet, fragments6},
		ethernet("ipv6", func(f []byte) []byte { return f }),
		ethernet("ipv6-as-ipv4", func(f []byte) []byte { return cat(f[:12], []byte{8, 0}, f[14:]) }),
		one("ipv6-link", capture.LinkIPv6, func(f []byte) []byte { return f[14:] }),
		ethernet("ipv6-headers", func(f []byte) []byte {
			// Hop-by-hop options, destination options, a fragment header of a whole packet, authentication.
			return extend(f, 0, []byte{60, 0, 1, 4, 0, 0, 0, 0, 44, 0, 1, 4, 0, 0, 0, 0, 51, 0, 0, 0, 0, 0, 0, 9, 6, 1, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1})
		}),
		ethernet("srh", func(f []byte) []byte { // segment routing (RFC 8754) with one segment
			return extend(f, 43, cat([]byte{6, 2, 4, 0, 0, 0, 0, 0}, f[38:54]))
		}),
	}
}

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// strip returns a frame, or the IP packet in it.
func strip(f []byte, ip bool) []byte {
	if ip {
		return f[14:]
	}
	return f
}

// length returns the length of b and more bytes, in two bytes.
func length(b []byte, more int) []byte {
	return binary.BigEndian.AppendUint16(nil, uint16(len(b)+more))
}

// snap returns an Ethernet frame's packet after LLC and SNAP.
func snap(f []byte) []byte { return cat([]byte{0xaa, 0xaa, 3, 0, 0, 0}, f[12:]) }

// wlanHeader returns the header of an 802.11 data frame with three addresses.
func wlanHeader(control, flags byte) []byte {
	return cat([]byte{control, flags, 0, 0},
		[]byte{2, 0, 0, 0, 0, 1}, []byte{0, 0x0b, 0x82, 0x12, 0x34, 0x32}, []byte{2, 0, 0, 0, 0, 0xcf}, []byte{0x10, 0})
}

// aggregate returns a wrapper that puts a frame after one of another protocol
// into an A-MSDU.
func aggregate() func(f []byte) [][]byte {
	return func(f []byte) [][]byte {
		sub := func(f []byte) []byte {
			b := cat(f[:12], length(snap(f), 0), snap(f))
			return cat(b, make([]byte, (4-len(b)%4)%4))
		}
		arp := cat(f[:12], []byte{8, 6}, make([]byte, 28))
		return [][]byte{cat(wlanHeader(0x88, 0x01), []byte{0x80, 0}, sub(arp), sub(f))}
	}
}

// inEthernet returns a frame between the ends of a tunnel.
func inEthernet(t layers.EthernetType, payload []byte) []byte {
	return Serialize(&layers.Ethernet{SrcMAC: MAC(tunnelA), DstMAC: MAC(tunnelB), EthernetType: t}, gopacket.Payload(payload))
}

// inIP returns a frame with an IPv4 packet between the ends of a tunnel.
func inIP(p layers.IPProtocol, payload []byte) []byte {
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: p, SrcIP: tunnelA.AsSlice(), DstIP: tunnelB.AsSlice()}
	return Serialize(&layers.Ethernet{SrcMAC: MAC(tunnelA), DstMAC: MAC(tunnelB), EthernetType: layers.EthernetTypeIPv4},
		ip, gopacket.Payload(payload))
}

// inIPv6 is inIP with IPv6.
func inIPv6(p layers.IPProtocol, payload []byte) []byte {
	ip := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: p, SrcIP: tunnel6.AsSlice(), DstIP: tunnel6.Next().AsSlice()}
	return Serialize(&layers.Ethernet{SrcMAC: MAC(tunnelA), DstMAC: MAC(tunnelB), EthernetType: layers.EthernetTypeIPv6},
		ip, gopacket.Payload(payload))
}

// inUDP returns a frame with a datagram to a port of the tunnel's end.
func inUDP(port uint16, payload []byte) []byte {
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: tunnelA.AsSlice(), DstIP: tunnelB.AsSlice()}
	udp := &layers.UDP{SrcPort: 49152, DstPort: layers.UDPPort(port)}
	udp.SetNetworkLayerForChecksum(ip)
	return Serialize(&layers.Ethernet{SrcMAC: MAC(tunnelA), DstMAC: MAC(tunnelB), EthernetType: layers.EthernetTypeIPv4},
		ip, udp, gopacket.Payload(payload))
}

// fragments returns an IPv4 frame in fragments of 48 bytes, with the bit that
// forbids it or without.
func fragments(f []byte, dontFragment bool) [][]byte {
	const size = 48
	header, payload := f[14:34], f[34:14+int(binary.BigEndian.Uint16(f[16:]))] // without padding
	var all [][]byte
	for at := 0; at < len(payload); at += size {
		part := payload[at:min(len(payload), at+size)]
		h := bytes.Clone(header)
		field := uint16(at / 8)
		if at+size < len(payload) {
			field |= 0x2000
		}
		if dontFragment {
			field |= 0x4000
		}
		binary.BigEndian.PutUint16(h[2:], uint16(len(h)+len(part)))
		binary.BigEndian.PutUint16(h[6:], field)
		all = append(all, cat(f[:14], h, part))
	}
	return all
}

// fragments6 is fragments with IPv6.
func fragments6(f []byte) [][]byte {
	const size = 48
	payload := f[54:]
	var all [][]byte
	for at := 0; at < len(payload); at += size {
		part := payload[at:min(len(payload), at+size)]
		field := uint16(at)
		if at+size < len(payload) {
			field |= 1
		}
		id := []byte{f[58], f[59], f[60], f[61]} // the sequence number: unlike in each segment
		header := cat([]byte{6, 0}, binary.BigEndian.AppendUint16(nil, field), id)
		fragment := extend(cat(f[:54], part), 44, header)
		all = append(all, fragment)
	}
	return all
}

// extend returns an IPv6 frame with extension headers, the first
// of this kind.
func extend(f []byte, kind byte, headers []byte) []byte {
	b := cat(f[:54], headers, f[54:])
	b[20] = kind
	binary.BigEndian.PutUint16(b[18:], uint16(len(b)-54))
	return b
}
