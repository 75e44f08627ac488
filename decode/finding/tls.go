package finding

import "encoding/binary"

// clientHello reports whether data begin with a TLS ClientHello, and returns
// the name of the server that it asks for, empty for none (RFC 8446, sections
// 4.1.2 and 5.1; RFC 6066, section 3). Data may end early, as a long message
// goes on in further segments; then there is no name beyond the end.
func clientHello(data []byte) (server string, ok bool) {
	const handshake, hello = 22, 1
	if len(data) < 9 || data[0] != handshake || data[1] != 3 || data[5] != hello {
		return "", false
	}
	r := reader(data[9:])
	r.skip(2 + 32) // version and random
	r.vector(1)    // session id
	r.vector(2)    // cipher suites
	r.vector(1)    // compression methods
	extensions := r.vector(2)
	for len(extensions) > 0 {
		kind := extensions.number(2)
		extension := extensions.vector(2)
		if kind == 0 { // server_name
			names := extension.vector(2)
			kind, size := names.number(1), names.number(2)
			if name := names.skip(size); kind == 0 && len(name) == size && isHost(name) {
				return string(name), true
			}
			return "", true
		}
	}
	return "", true
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
