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

// OpenTLS adds a TLS 1.2 handshake with a server of that name, and an encrypted
// record of the client. Nothing of it can be decrypted.
func (k *Conn) OpenTLS(name string) *Conn {
	const (
		encrypted = "\x16\x03\x03\x00\x04abcd"
		change    = "\x14\x03\x03\x00\x01\x01"
		random    = "0123456789abcdef0123456789abcdef"
		hello     = "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" + random + "\x00\xc0\x2f\x00"
	)
	k.Send(ClientHello(name))
	k.Reply(hello)
	k.Send(change + encrypted)
	k.Reply(change + encrypted)
	return k.Send("\x17\x03\x03\x00\x04efgh")
}
