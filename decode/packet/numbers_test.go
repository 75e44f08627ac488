package packet

import (
	"testing"

	"github.com/google/gopacket/layers"
)

// The program does without package layers, whose tables of names take more to
// set up than all else at the start. Its numbers must be ours.
func TestNumbers(t *testing.T) {
	for _, test := range []struct {
		what      string
		ours, his int
	}{
		{"IPv4", typeIPv4, int(layers.EthernetTypeIPv4)},
		{"IPv6", typeIPv6, int(layers.EthernetTypeIPv6)},
		{"802.1Q", typeVLAN, int(layers.EthernetTypeDot1Q)},
		{"802.1ad", typeQinQ, int(layers.EthernetTypeQinQ)},
		{"MPLS", typeMPLS, int(layers.EthernetTypeMPLSUnicast)},
		{"MPLS multicast", typeMPLSMul, int(layers.EthernetTypeMPLSMulticast)},
		{"PPP", typePPP, int(layers.EthernetTypePPP)},
		{"PPPoE", typePPPoE, int(layers.EthernetTypePPPoESession)},
		{"bridged Ethernet", typeBridged, int(layers.EthernetTypeTransparentEthernetBridging)},
		{"ERSPAN", typeERSPAN, int(layers.EthernetTypeERSPAN)},
		{"IPv4 in PPP", pppIPv4, int(layers.PPPTypeIPv4)},
		{"IPv6 in PPP", pppIPv6, int(layers.PPPTypeIPv6)},
		{"MPLS in PPP", pppMPLS, int(layers.PPPTypeMPLSUnicast)},
		{"MPLS multicast in PPP", pppMPLSMul, int(layers.PPPTypeMPLSMulticast)},
		{"hop-by-hop options", protoHopByHop, int(layers.IPProtocolIPv6HopByHop)},
		{"IPv4 in IP", protoIPv4, int(layers.IPProtocolIPv4)},
		{"TCP", protoTCP, int(layers.IPProtocolTCP)},
		{"UDP", protoUDP, int(layers.IPProtocolUDP)},
		{"IPv6 in IP", protoIPv6, int(layers.IPProtocolIPv6)},
		{"routing header", protoRouting, int(layers.IPProtocolIPv6Routing)},
		{"fragment header", protoFragment, int(layers.IPProtocolIPv6Fragment)},
		{"GRE", protoGRE, int(layers.IPProtocolGRE)},
		{"AH", protoAH, int(layers.IPProtocolAH)},
		{"destination options", protoDestination, int(layers.IPProtocolIPv6Destination)},
		{"EtherIP", protoEtherIP, int(layers.IPProtocolEtherIP)},
		{"MPLS in IP", protoMPLS, int(layers.IPProtocolMPLSInIP)},
	} {
		if test.ours != test.his {
			t.Errorf("%s: %#x, gopacket has %#x", test.what, test.ours, test.his)
		}
	}
}
