package tls

import (
	"bytes"
	"encoding/binary"
)

// Extensions of hellos (RFC 6066, 7301, 7366, 7627, 5077, 8446).
const (
	serverName           = 0
	protocols            = 16
	encryptThenMAC       = 22
	extendedMasterSecret = 23
	sessionTicket        = 35
	earlyData            = 42
	supportedVersions    = 43
)

// clientHello reads the body of a ClientHello (RFC 8446, section 4.1.2), which
// may end early. What decrypting takes is noted in x, unless that is nil.
func (h *Handshake) clientHello(r reader, x *exchange) {
	h.Offered = Version(r.number(2))
	random := r.skip(32)
	if x != nil {
		x.offered = h.Offered
		copy(x.clientRandom[:], random)
	}
	r.vector(1) // session id
	r.vector(2) // cipher suites
	r.vector(1) // compression methods
	for kind, extension := range r.extensions() {
		switch kind {
		case serverName:
			names := extension.vector(2)
			kind, size := names.number(1), names.number(2)
			if name := names.skip(size); kind == 0 && len(name) == size && isHost(name) {
				h.Name = string(name)
			}
		case protocols:
			list := extension.vector(2)
			h.Protocol = string(list.vector(1))
			for more := h.Protocol; ; more = string(list.vector(1)) {
				h.offersHTTP2 = h.offersHTTP2 || more == "h2"
				if len(list) == 0 {
					break
				}
			}
		case earlyData:
			h.offersEarly = true
		case sessionTicket:
			if x != nil {
				x.ticket = idOf(extension)
			}
		case supportedVersions:
			for all := extension.vector(1); len(all) >= 2; {
				if v := Version(all.number(2)); v <= TLS13 && v > h.Offered { // above are reserved values (RFC 8701)
					h.Offered = v
				}
			}
		}
	}
}

// retry is the random value by which a ServerHello asks for another ClientHello
// (RFC 8446, section 4.1.3).
const retry = "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"

// serverHello reads the body of a ServerHello (RFC 8446, section 4.1.3).
func (h *Handshake) serverHello(r reader, x *exchange) {
	version := Version(r.number(2))
	random := r.skip(32)
	if string(random) == retry {
		return
	}
	session := r.vector(1)
	if x != nil {
		copy(x.serverRandom[:], random)
		x.session = bytes.Clone(session)
	}
	h.Suite = uint16(r.number(2))
	r.skip(1) // compression method
	for kind, extension := range r.extensions() {
		switch kind {
		case protocols:
			list := extension.vector(2)
			h.Protocol = string(list.vector(1))
		case supportedVersions:
			version = Version(extension.number(2))
		case encryptThenMAC:
			if x != nil {
				x.etm = true
			}
		case extendedMasterSecret:
			if x != nil {
				x.extended = true
			}
		}
	}
	h.Version = version
}

// A reader is what is left of a message. Behind its end there is nothing more.
type reader []byte

// skip returns the next n bytes, or what there is.
func (r *reader) skip(n int) reader {
	n = min(n, len(*r))
	skipped := (*r)[:n]
	*r = (*r)[n:]
	return skipped
}

// number reads a number of 1 or 2 bytes.
func (r *reader) number(size int) int {
	var b [2]byte
	copy(b[2-size:], r.skip(size))
	return int(binary.BigEndian.Uint16(b[:]))
}

// vector reads what stands behind its length, a number of that size.
func (r *reader) vector(size int) reader { return r.skip(r.number(size)) }

// extensions yields the extensions of a hello, each with its type.
func (r *reader) extensions() func(yield func(int, reader) bool) {
	all := r.vector(2)
	return func(yield func(int, reader) bool) {
		for len(all) >= 4 {
			kind := all.number(2)
			if !yield(kind, all.vector(2)) {
				return
			}
		}
	}
}

// isHost reports whether a name is one of a host, whole.
func isHost(name []byte) bool {
	for _, c := range name {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-', c == '_':
		default:
			return false
		}
	}
	return len(name) > 0 && len(name) <= 253
}
