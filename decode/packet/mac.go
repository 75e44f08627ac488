package packet

// MAC is an Ethernet address, zero for none.
type MAC [6]byte

// IsZero reports whether there is none.
func (m MAC) IsZero() bool { return m == MAC{} }

// String returns the address in lower case with colons.
func (m MAC) String() string {
	text := m.Text()
	return string(text[:])
}

// Text is String without an allocation.
func (m MAC) Text() (text [17]byte) {
	const digits = "0123456789abcdef"
	for i, b := range m {
		text[3*i], text[3*i+1] = digits[b>>4], digits[b&15]
		if i < len(m)-1 {
			text[3*i+2] = ':'
		}
	}
	return text
}

// ParseMAC reads a MAC address. Its bytes may be written with colons, hyphens,
// dots, spaces or nothing between them.
func ParseMAC(s string) (mac MAC, ok bool) {
	if len(s) == 12 { // as most phones send it
		bad := byte(0)
		for i := range mac {
			hi, lo := HexDigit(s[2*i]), HexDigit(s[2*i+1])
			mac[i] = hi<<4 | lo
			bad |= hi | lo
		}
		if bad < 16 {
			return mac, true
		}
		return MAC{}, false
	}
	n := 0
	for i := range len(s) {
		c := s[i]
		if n%2 == 0 && (c == ':' || c == '-' || c == '.' || c == ' ') {
			continue
		}
		digit := HexDigit(c)
		if digit > 15 || n == 12 {
			return MAC{}, false
		}
		mac[n/2] = mac[n/2]<<4 | digit
		n++
	}
	if n < 12 {
		return MAC{}, false
	}
	return mac, true
}

// HexDigit returns the value of a hexadecimal digit, 0xff for what is none.
func HexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}
