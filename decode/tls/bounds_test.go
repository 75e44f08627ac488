package tls

import (
	"crypto/rc4"
	"testing"
)

// A connection has one transcript, however many hellos its server sends.
func TestOneTranscript(t *testing.T) {
	x := &exchange{}
	c := &Conn{h: new(Handshake), open: &opening{exchange: x}}
	hello := append([]byte{3, 3}, make([]byte, 32+1)...) // version, random, no session ID
	hello = append(hello, 0xc0, 0x2f, 0)                 // a suite, no compression
	whole := append([]byte{byte(serverHello), 0, 0, byte(len(hello))}, hello...)
	for range 5 {
		c.message(NewSecrets(), c.client.Other(), serverHello, whole, reader(hello))
	}
	if c.version != TLS12 || len(x.transcript) != 1 {
		t.Errorf("version %#x, %d hashes", c.version, len(x.transcript))
	}
}

// Behind a hole in which more was lost than is tried, RC4 does not go on: its stream
// would have to be made up to there.
func TestWideHole(t *testing.T) {
	s, err := rc4.NewCipher([]byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	k := &keys{suite: &suite{cipher: rc4Stream}, stream: s}
	if n := testing.AllocsPerRun(1, func() { k.resume(applicationData, make([]byte, 64), 1<<30) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
	if k.stream != s || k.number != 0 {
		t.Error("the keys have moved")
	}
}
