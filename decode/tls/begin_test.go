package tls

import (
	"crypto/tls"
	"net"
	"testing"
	"time"
)

// hello returns what a real client sends first, to a server of that name.
func hello(t testing.TB, name string) []byte {
	t.Helper()
	client, server := net.Pipe()
	defer client.Close()
	defer server.Close()
	go tls.Client(client, &tls.Config{ServerName: name, InsecureSkipVerify: true}).HandshakeContext(t.Context())
	server.SetReadDeadline(time.Now().Add(10 * time.Second))
	buf := make([]byte, 8<<10)
	n, err := server.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return buf[:n]
}

// begin returns the name in a ClientHello.
func begin(data []byte) (name string, ok bool) {
	var h Handshake
	ok = h.Begin(data)
	return h.Name, ok
}

func TestBegin(t *testing.T) {
	whole := hello(t, "pbx.example.com")
	if name, ok := begin(whole); !ok || name != "pbx.example.com" {
		t.Errorf("got %q, %v", name, ok)
	}
	if name, ok := begin(hello(t, "")); !ok || name != "" {
		t.Errorf("without a name: got %q, %v", name, ok)
	}
	// Cut anywhere it has its name, or none.
	for n := range whole {
		name, ok := begin(whole[:n])
		if ok != (n >= 9) || name != "" && name != "pbx.example.com" {
			t.Errorf("the first %d bytes: got %q, %v", n, name, ok)
		}
	}
	serverHello := append([]byte(nil), whole...)
	serverHello[5] = 2
	if _, ok := begin(serverHello); ok {
		t.Error("a ServerHello is taken for a ClientHello")
	}
	hostile := []byte("\x16\x03\x01\x00\x40\x01\x00\x00\x3c\x03\x03" + "0123456789abcdef0123456789abcdef" +
		"\x00\x00\x02\x13\x01\x01\x00\x00\x0d\x00\x00\x00\x09\x00\x07\x00\x00\x04\x1b[2J")
	if name, ok := begin(hostile); !ok || name != "" {
		t.Errorf("what is no host name: got %q, %v", name, ok)
	}
}

func FuzzBegin(f *testing.F) {
	f.Add(hello(f, "pbx.example.com"))
	f.Add([]byte("\x16\x03\x01\xff\xff\x01\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if name, ok := begin(data); name != "" && (!ok || !isHost([]byte(name))) {
			t.Errorf("name %q, %v", name, ok)
		}
	})
}
