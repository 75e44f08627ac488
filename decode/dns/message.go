package dns

import "encoding/binary"

// maxName bounds a name, in bytes (RFC 1035, section 2.3.4).
const maxName = 255

// Types of records that hold an address (RFC 1035, section 3.2.2; RFC 3596).
const (
	typeA    = 1
	typeAAAA = 28
)

// A message is a query for an address, or the answer to one.
type message struct {
	id        uint16
	response  bool
	truncated bool // the answer comes over TCP
	code      byte // of the response
	answers   int
	kind      uint16 // type of the question
	name      []byte // in lower case; valid until the next message
}

// parse reads a message with one question, of class Internet, for the address of a
// host. It is not ok for another one. gopacket's layer would also read, and allocate,
// every record of the answers; a fuzz target holds what is read here against it.
func (r *Reader) parse(b []byte) (m message, ok bool) {
	const header, internet = 12, 1
	if len(b) < header {
		return m, false
	}
	const response, opcode, truncated, code = 0x8000, 0x7800, 0x0200, 0x000f
	flags := binary.BigEndian.Uint16(b[2:])
	m.id = binary.BigEndian.Uint16(b)
	m.response, m.truncated, m.code = flags&response != 0, flags&truncated != 0, byte(flags&code)
	m.answers = int(binary.BigEndian.Uint16(b[6:]))
	if flags&opcode != 0 || binary.BigEndian.Uint16(b[4:]) != 1 {
		return m, false
	}
	if m.name, b, ok = r.readName(b[header:]); !ok || len(b) < 4 {
		return m, false
	}
	m.kind = binary.BigEndian.Uint16(b)
	return m, (m.kind == typeA || m.kind == typeAAAA) && binary.BigEndian.Uint16(b[2:]) == internet
}

// readName reads a name of letters, digits, hyphens and underscores, as hosts have
// it, and returns what follows. A question's has no pointers in it.
func (r *Reader) readName(b []byte) (name, rest []byte, ok bool) {
	name = r.name[:0]
	for {
		if len(b) == 0 {
			return nil, nil, false
		}
		n := int(b[0])
		if n == 0 {
			return name, b[1:], len(name) > 0
		}
		if n > 63 || n >= len(b) || len(name)+1+n > maxName {
			return nil, nil, false
		}
		if len(name) > 0 {
			name = append(name, '.')
		}
		for _, c := range b[1 : 1+n] {
			switch {
			case c >= 'A' && c <= 'Z':
				c += 'a' - 'A'
			case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
			default:
				return nil, nil, false
			}
			name = append(name, c)
		}
		b = b[1+n:]
	}
}

// outcome returns how a response says that a lookup failed, Found where it does not.
// Many hosts have no IPv6 address, and a server may not know of these.
func (m *message) outcome() Outcome {
	const success, serverFailure, nameError, refused = 0, 2, 3, 5
	switch m.code {
	case nameError:
		return NoName
	case serverFailure:
		return ServerFail
	case refused:
		return Refused
	case success:
		if m.answers == 0 && m.kind == typeA && !m.truncated {
			return NoAddress
		}
	}
	return Found
}
