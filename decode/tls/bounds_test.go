package tls

import (
	"crypto/rc4"
	"testing"

	"actionurl/capture/capturetest"
	"actionurl/decode/stream"
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

// What a connection held is let go of when it turns out that it cannot be read.
func TestHeldUnread(t *testing.T) {
	const (
		random = "0123456789abcdef0123456789abcdef"
		answer = "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" + random + "\x00\xc0\x2f\x00"
		change = "\x14\x03\x03\x00\x01\x01"
		data   = "\x17\x03\x03\x00\x20" + random
	)
	secrets := NewSecrets()
	secrets.Grow()
	r := NewReader(Config{Found: func(*Handshake) {}, Secrets: secrets})
	var c stream.Conn
	at := new(stream.Mark)
	r.Data(&c, 0, []byte(capturetest.ClientHello("crm")), 0, at)
	r.Data(&c, 1, []byte(answer+change+data), 0, at)
	r.Data(&c, 0, []byte(change+data+data[:20]), 100, at)
	if r.held < len(data) {
		t.Fatalf("%d bytes are held while it waits", r.held)
	}
	r.Retry(maxWait + 1)
	if r.held != 0 || len(r.waiting) != 0 {
		t.Errorf("%d bytes are held after it", r.held)
	}
}
