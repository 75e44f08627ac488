package packet

import (
	"encoding/binary"

	"actionurl/capture"
)

// Bits of the frame control field of 802.11, the first byte and the second
// (IEEE 802.11, section 9.2.4.1).
const (
	wlanVersion = 0x03
	wlanType    = 0x0c
	wlanData    = 0x08
	wlanNull    = 0x40 // no data
	wlanQoS     = 0x80

	wlanToDS      = 0x01
	wlanFromDS    = 0x02
	wlanMore      = 0x04 // fragments
	wlanProtected = 0x40
	wlanOrder     = 0x80 // with QoS: a field of 4 bytes more
)

// wlan decodes an 802.11 frame, with its check sequence or without.
func (d *Decoder) wlan(data []byte, fcs bool) {
	if fcs && len(data) >= 4 {
		data = data[:len(data)-4]
	}
	d.wlanPadded(data, 1)
}

// wlanSwapped decodes an 802.11 frame as CAPWAP carries it: some controllers
// swap the bytes of the frame control field.
func (d *Decoder) wlanSwapped(data []byte) {
	if len(data) >= 2 && data[0]&(wlanVersion|wlanType) != wlanData && data[1]&(wlanVersion|wlanType) == wlanData {
		swapped := append([]byte{data[1], data[0]}, data[2:]...)
		data = swapped
	}
	d.wlan(data, false)
}

// wlanPadded decodes an 802.11 frame whose header is padded to a multiple of
// align bytes.
func (d *Decoder) wlanPadded(data []byte, align int) {
	if len(data) < 24 {
		return // control frames are shorter
	}
	control, flags := data[0], data[1]
	if control&(wlanVersion|wlanType) != wlanData || control&wlanNull != 0 {
		return
	}
	if flags&wlanProtected != 0 {
		d.encrypted()
		return
	}
	if flags&wlanMore != 0 || binary.LittleEndian.Uint16(data[22:])&15 != 0 {
		d.Counts.Fragments++
		d.lost("it is a fragment of an 802.11 frame")
		return
	}
	header := 24
	source := 10 // the second address
	switch flags & (wlanToDS | wlanFromDS) {
	case wlanFromDS:
		source = 16
	case wlanToDS | wlanFromDS:
		source, header = 24, 30
	}
	aggregated := false
	if control&wlanQoS != 0 {
		if len(data) < header+2 {
			d.malformed()
			return
		}
		aggregated = data[header]&0x80 != 0
		header += 2
		if flags&wlanOrder != 0 {
			header += 4
		}
	}
	header = (header + align - 1) &^ (align - 1)
	if len(data) < header {
		d.malformed()
		return
	}
	if source+6 <= len(data) {
		d.seg.Source = MAC(data[source:])
	}
	if aggregated {
		d.aggregate(data[header:])
	} else {
		d.llc(data[header:])
	}
}

// aggregate decodes an A-MSDU (IEEE 802.11, section 9.3.2.2): several frames,
// each with two addresses and a length, padded to a multiple of 4.
func (d *Decoder) aggregate(data []byte) {
	for len(data) >= 14 {
		length := int(binary.BigEndian.Uint16(data[12:]))
		d.seg.Dest, d.seg.Source = MAC(data), MAC(data[6:])
		d.llc(data[14:min(len(data), 14+length)])
		data = data[min(len(data), (14+length+3)&^3):]
	}
}

// radiotap decodes a radiotap header (radiotap.org) and the frame after it.
// Of its fields only the flags matter, which are the second.
func (d *Decoder) radiotap(data []byte) {
	if len(data) < 8 || data[0] != 0 {
		d.malformed()
		return
	}
	length := int(binary.LittleEndian.Uint16(data[2:]))
	if length < 8 || length > len(data) {
		d.malformed()
		return
	}
	present := binary.LittleEndian.Uint32(data[4:])
	at := 8
	for more := present; more&(1<<31) != 0; at += 4 { // further words of presence bits
		if at+4 > length {
			d.malformed()
			return
		}
		more = binary.LittleEndian.Uint32(data[at:])
	}
	if present&1 != 0 { // a time stamp of 8 bytes, aligned
		at = (at+7)&^7 + 8
	}
	const hasFlags, fcs, padded = 2, 0x10, 0x20
	var flags byte
	if present&hasFlags != 0 && at < length {
		flags = data[at]
	}
	frame := data[length:]
	if flags&fcs != 0 && len(frame) >= 4 {
		frame = frame[:len(frame)-4]
	}
	align := 1
	if flags&padded != 0 {
		align = 4
	}
	d.wlanPadded(frame, align)
}

// ppi decodes a Per-Packet Information header (PPI specification 1.0.10,
// section 3): its length, the link type of what follows, then fields.
func (d *Decoder) ppi(data []byte) {
	if len(data) < 8 {
		d.malformed()
		return
	}
	length, inner := int(binary.LittleEndian.Uint16(data[2:])), binary.LittleEndian.Uint32(data[4:])
	if length < 8 || length > len(data) || inner > 0xffff || inner == uint32(capture.LinkPPI) {
		d.malformed()
		return
	}
	frame := data[length:]
	if capture.LinkType(inner) != capture.LinkWLAN {
		d.within(func(b []byte) { d.link(capture.LinkType(inner), b) }, frame)
		return
	}
	fcs := false
	for fields := data[8:length]; len(fields) >= 4; {
		const common = 2
		kind, size := binary.LittleEndian.Uint16(fields), int(binary.LittleEndian.Uint16(fields[2:]))
		if kind == common && size >= 10 && len(fields) >= 14 {
			fcs = fields[12]&1 != 0 // after a time stamp
		}
		fields = fields[min(len(fields), 4+size):]
	}
	d.wlan(frame, fcs)
}

// prism decodes the header of Prism chips: a message code and the header's
// length, in the byte order of the machine.
func (d *Decoder) prism(data []byte) {
	if len(data) < 8 {
		d.malformed()
		return
	}
	length := binary.LittleEndian.Uint32(data[4:])
	if length > 0xffff {
		length = binary.BigEndian.Uint32(data[4:])
	}
	if length < 8 || int64(length) > int64(len(data)) {
		d.malformed()
		return
	}
	d.wlan(data[length:], false)
}

// avs decodes the AVS header of wireless captures: a version and the header's
// length, big-endian.
func (d *Decoder) avs(data []byte) {
	if len(data) < 8 {
		d.malformed()
		return
	}
	length := binary.BigEndian.Uint32(data[4:])
	if length < 8 || int64(length) > int64(len(data)) {
		d.malformed()
		return
	}
	d.wlan(data[length:], false)
}
