package capturetest

import "encoding/binary"

// ClientHello returns the first message of a TLS client (RFC 8446, section
// 4.1.2) that asks for the server of that name, or for none if it is empty.
func ClientHello(name string) string {
	vector := func(size int, b []byte) []byte {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(b)))
		return append(n[4-size:], b...)
	}
	extensions := []byte{0, 43, 0, 3, 2, 3, 4} // supported_versions: 1.3
	if name != "" {
		host := append([]byte{0}, vector(2, []byte(name))...)
		extensions = append(extensions, 0, 0)
		extensions = append(extensions, vector(2, vector(2, host))...)
	}
	hello := append([]byte{3, 3}, make([]byte, 32)...)
	hello = append(hello, 0)                // session id
	hello = append(hello, 0, 2, 0x13, 0x01) // cipher suites
	hello = append(hello, 1, 0)             // compression methods
	hello = append(hello, vector(2, extensions)...)
	message := append([]byte{1}, vector(3, hello)...)
	return string(append([]byte{22, 3, 1}, vector(2, message)...))
}
