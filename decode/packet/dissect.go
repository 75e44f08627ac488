package packet

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"actionurl/capture"
)

// Dissect returns what gopacket decodes in a frame, for people, as a Packet's
// String does, or its Dump: layer by layer, with their bytes. Lines may hold what
// came off the wire, line feeds included. It allocates, and takes a thousand times
// what Decode does.
//
// gopacket's releases print from their GTP decoder to standard output; the version
// that is linked here does not, which a test holds.
func Dissect(f *capture.Frame, dump bool) (lines []string) {
	defer func() {
		if failed := recover(); failed != nil { // a layer's own String
			lines = append(lines, fmt.Sprintf("gopacket failed: %v", failed))
		}
	}()
	p := gopacket.NewPacket(f.Data, link(f.Interface.Link), gopacket.Default) // of a copy: RadioTap moves bytes
	if dump {
		lines = append(lines, fmt.Sprintf("-- FULL PACKET DATA (%d bytes) ------------------------------------", len(f.Data)))
		lines = appendHex(lines, f.Data)
	} else {
		truncated := ""
		if p.Metadata().Truncated {
			truncated = ", truncated"
		}
		lines = append(lines, fmt.Sprintf("PACKET: %d bytes%s, wire length %d cap length %d @ %v",
			len(f.Data), truncated, f.Length, len(f.Data), time.Unix(0, f.Time).UTC()))
	}
	for i, l := range p.Layers() {
		text := gopacket.LayerString(l)
		if failure, ok := l.(*gopacket.DecodeFailure); ok { // a panic is one, too
			text = fmt.Sprintf("%v\tgopacket failed: %v", l.LayerType(), failure.Error())
		}
		if dump {
			lines = appendHex(append(lines, fmt.Sprintf("--- Layer %d ---", i+1), text), l.LayerContents())
		} else {
			lines = append(lines, fmt.Sprintf("- Layer %d (%02d bytes) = %s", i+1, len(l.LayerContents()), text))
		}
	}
	return lines
}

func appendHex(lines []string, data []byte) []string {
	for line := range strings.Lines(hex.Dump(data)) {
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	return lines
}

// link is a link type as gopacket's decoder. It knows what layers.LinkType does,
// and some of what that lacks.
type link capture.LinkType

// Decode implements [gopacket.Decoder].
func (t link) Decode(data []byte, p gopacket.PacketBuilder) error {
	// after goes on after a header of n bytes, which gopacket has no layer for.
	after := func(n int, next func() gopacket.Decoder) error {
		if len(data) < n {
			return errors.New("the frame ends in its link's header")
		}
		p.AddLayer(&linkHeader{layers.BaseLayer{Contents: data[:n], Payload: data[n:]}})
		return p.NextDecoder(next())
	}
	ethernet := func() gopacket.Decoder { return layers.LayerTypeEthernet }
	switch t := capture.LinkType(t); t {
	case capture.LinkRaw12, capture.LinkRaw14, capture.LinkIPv4, capture.LinkIPv6:
		return layers.LinkTypeRaw.Decode(data, p)
	case capture.LinkLinuxSLL2:
		return after(20, func() gopacket.Decoder { return etherType(data) })
	case capture.LinkCHDLC:
		return after(4, func() gopacket.Decoder { return etherType(data[2:]) })
	case capture.LinkNetAnalyzer, capture.LinkDSABroadcomPrepend:
		return after(4, ethernet)
	case capture.LinkPPPHDLC:
		return layers.LayerTypePPP.Decode(data, p)
	case capture.LinkPPPEther:
		return layers.LayerTypePPPoE.Decode(data, p)
	case capture.LinkMPLS:
		return layers.LayerTypeMPLS.Decode(data, p)
	default:
		if t > 0xff {
			return fmt.Errorf("unable to decode link type %d", t)
		}
		return layers.LinkType(t).Decode(data, p)
	}
}

// A linkHeader is the header of a link that gopacket has no layer for.
type linkHeader struct{ layers.BaseLayer }

// LayerType implements [gopacket.Layer].
func (*linkHeader) LayerType() gopacket.LayerType { return gopacket.LayerTypePayload }
