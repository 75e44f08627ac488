package capture

import (
	"fmt"

	"github.com/google/gopacket/layers"
)

// LinkType is a link-layer header type, by the numbers of
// https://www.tcpdump.org/linktypes.html. It has 16 bits, as in a pcapng
// interface description; gopacket's type of the same name has 8.
type LinkType uint16

// Link-layer header types that gopacket names.
const (
	LinkNull        = LinkType(layers.LinkTypeNull)
	LinkEthernet    = LinkType(layers.LinkTypeEthernet)
	LinkARCNET      = LinkType(layers.LinkTypeArcNet)
	LinkPPP         = LinkType(layers.LinkTypePPP)
	LinkFDDI        = LinkType(layers.LinkTypeFDDI)
	LinkPPPHDLC     = LinkType(layers.LinkTypePPP_HDLC)
	LinkPPPEther    = LinkType(layers.LinkTypePPPEthernet)
	LinkATM         = LinkType(layers.LinkTypeATM_RFC1483)
	LinkRaw         = LinkType(layers.LinkTypeRaw)
	LinkCHDLC       = LinkType(layers.LinkTypeC_HDLC)
	LinkWLAN        = LinkType(layers.LinkTypeIEEE802_11)
	LinkFrameRelay  = LinkType(layers.LinkTypeFRelay)
	LinkLoop        = LinkType(layers.LinkTypeLoop)
	LinkLinuxSLL    = LinkType(layers.LinkTypeLinuxSLL)
	LinkPFLOG       = LinkType(layers.LinkTypePFLog)
	LinkPrism       = LinkType(layers.LinkTypePrismHeader)
	LinkRadiotap    = LinkType(layers.LinkTypeIEEE80211Radio)
	LinkARCNETLinux = LinkType(layers.LinkTypeARCNetLinux)
	LinkIEEE1394    = LinkType(layers.LinkTypeIPOver1394)
	LinkIPv4        = LinkType(layers.LinkTypeIPv4)
	LinkIPv6        = LinkType(layers.LinkTypeIPv6)
)

// Those that it does not name.
const (
	LinkRaw12       LinkType = 12 // DLT_RAW of most systems, as some programs write it
	LinkRaw14       LinkType = 14 // DLT_RAW of OpenBSD
	LinkENC         LinkType = 109
	LinkPKTAPOld    LinkType = 149 // DLT_USER2, which macOS wrote for PKTAP
	LinkAVS         LinkType = 163
	LinkPPI         LinkType = 192
	LinkMPLS        LinkType = 219
	LinkNFLOG       LinkType = 239
	LinkNetAnalyzer LinkType = 240
	LinkPKTAP       LinkType = 258
	LinkLinuxSLL2   LinkType = 276

	LinkDSABroadcom        LinkType = 281
	LinkDSABroadcomPrepend LinkType = 282
	LinkDSA                LinkType = 283
	LinkEDSA               LinkType = 284

	linkUser0  LinkType = 147 // from here on, types that are left to their users
	linkUser15 LinkType = 162
)

// String returns the number, and of a type that is left to its users who they
// mostly are.
func (t LinkType) String() string {
	if t >= linkUser0 && t <= linkUser15 {
		return fmt.Sprintf("%d [DLT_USER%d: private use, as by text2pcap and vendors' probes]", uint16(t), t-linkUser0)
	}
	return fmt.Sprint(uint16(t))
}

// TypeQinQOld is the EtherType of stacked VLAN tags from before IEEE 802.1ad
// had one, which gopacket does not name.
const TypeQinQOld layers.EthernetType = 0x9100
