package tls_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	gotls "crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/decode/packet"
	"actionurl/decode/stream"
	"actionurl/decode/tls"
)

// A text gathers what is inside of the two directions.
type text [2]string

func (x *text) Data(c *stream.Conn, sd stream.Side, data []byte, seq uint32, at *stream.Mark) int64 {
	x[sd] += string(data)
	return 0
}

func (x *text) Gap(c *stream.Conn, sd stream.Side, _ uint32, n int, cut bool, at *stream.Mark) int64 {
	x[sd] += "<gap>"
	return 0
}

func (x *text) End(c *stream.Conn, sd stream.Side, how stream.End, at *stream.Mark) {
	if !strings.HasSuffix(x[sd], "<end>") { // the end of the other direction may be told of both
		x[sd] += "<end>"
	}
}

// follow returns the handshakes of a capture.
func follow(c *capturetest.Capture) []tls.Handshake {
	all, _ := decrypt(c, nil)
	return all
}

// decrypt returns the handshakes of a capture, and what is inside.
func decrypt(c *capturetest.Capture, secrets *tls.Secrets) (all []tls.Handshake, inside text) {
	return decryptWhile(c, secrets, func(int) {})
}

// decryptWhile is decrypt that calls before with the index of each frame before it is
// read, and with their number before the end.
func decryptWhile(c *capturetest.Capture, secrets *tls.Secrets, before func(frame int)) (all []tls.Handshake, inside text) {
	reader := tls.NewReader(tls.Config{Found: func(h *tls.Handshake) { all = append(all, *h) }, Secrets: secrets, Inside: &inside})
	streams := stream.NewAssembler(reader, stream.Config{})
	packets := packet.NewDecoder(streams.Segment, packet.Config{})
	lan := &capture.Interface{Link: capture.LinkEthernet}
	for i, f := range c.Frames {
		before(i)
		reader.Retry(f.Time.UnixNano())
		packets.Decode(&capture.Frame{Interface: lan, Number: i + 1, Time: f.Time.UnixNano(), Data: f.Data, Length: len(f.Data)})
	}
	packets.Flush()
	streams.Flush()
	before(len(c.Frames))
	reader.Retry(c.Frames[len(c.Frames)-1].Time.UnixNano())
	reader.Flush()
	return all, inside
}

// TestHoledHello cannot read a connection whose hello lacks bytes, and says so.
func TestHoledHello(t *testing.T) {
	capt := capturetest.New()
	k := capt.Conn("192.168.40.50:40000", "192.168.40.207:443").Open().Send(capturetest.ClientHello("crm.example.com"))
	k.Lose(false, 100)
	k.Reply("\x17\x03\x03\x00\x01x").Close()
	if all := follow(capt); len(all) != 1 || all[0].Outcome != tls.Unknown || all[0].Unread != tls.JoinedLate {
		t.Errorf("%+v", all)
	}
}

// talk records a request over TLS between real peers, each message in segments
// of at most size bytes.
func talk(t *testing.T, client, server *gotls.Config, size int) *capturetest.Capture {
	t.Helper()
	return converse(t, client, server, size, "GET / HTTP/1.1\r\n\r\n")
}

// converse is talk with several requests, each of 18 bytes.
func converse(t *testing.T, client, server *gotls.Config, size int, requests ...string) *capturetest.Capture {
	t.Helper()
	capt := capturetest.New()
	capt.Play(overheard(t, client, server, requests...), "192.168.40.50:40000", "192.168.40.207:443", size)
	return capt
}

// overheard records what two peers say with several requests, each of 18 bytes.
func overheard(t *testing.T, client, server *gotls.Config, requests ...string) *capturetest.Tape {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	tape := new(capturetest.Tape)
	deadline := time.Now().Add(5 * time.Second)
	a.SetDeadline(deadline)
	b.SetDeadline(deadline)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer b.Close()
		s := gotls.Server(tape.Conn(b, false), server)
		if s.Handshake() != nil {
			return
		}
		for range requests {
			io.ReadFull(s, make([]byte, 18))
			io.WriteString(s, "HTTP/1.1 200 OK\r\n\r\n")
		}
	}()
	c := gotls.Client(tape.Conn(a, true), client)
	if c.Handshake() == nil {
		for _, request := range requests {
			io.WriteString(c, request)
			io.ReadFull(c, make([]byte, 19))
		}
	}
	a.Close()
	<-done
	return tape
}

// certificate returns a self-signed one for crm.example.com.
func certificate(t *testing.T) (gotls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "crm"}, DNSNames: []string{"crm.example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return gotls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// rsaCertificate returns a self-signed one with an RSA key, and that key as PEM.
func rsaCertificate(t testing.TB) (gotls.Certificate, []byte) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{"crm.example.com"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	return gotls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// TestPeers holds what is read of handshakes against what real peers did.
func TestPeers(t *testing.T) {
	cert, pool := certificate(t)
	for _, c := range []struct {
		name           string
		client, server *gotls.Config
		want           string
	}{
		{"TLS 1.0", &gotls.Config{MinVersion: gotls.VersionTLS10, MaxVersion: gotls.VersionTLS10, RootCAs: pool}, &gotls.Config{MinVersion: gotls.VersionTLS10}, "opened TLS 1.0"},
		{"TLS 1.2", &gotls.Config{MaxVersion: gotls.VersionTLS12, RootCAs: pool, NextProtos: []string{"http/1.1"}}, &gotls.Config{NextProtos: []string{"http/1.1"}}, "opened TLS 1.2 http/1.1"},
		{"TLS 1.3", &gotls.Config{RootCAs: pool}, &gotls.Config{}, "opened TLS 1.3"},
		{"TLS 1.3 after another hello", &gotls.Config{RootCAs: pool, CurvePreferences: []gotls.CurveID{gotls.X25519, gotls.CurveP384}}, &gotls.Config{CurvePreferences: []gotls.CurveID{gotls.CurveP384}}, "opened TLS 1.3"},
		{"unknown authority, TLS 1.2", &gotls.Config{MaxVersion: gotls.VersionTLS12}, &gotls.Config{}, "rejected by client: bad_certificate"},
		{"unknown authority, TLS 1.3", &gotls.Config{}, &gotls.Config{}, "rejected by client: alert 255"},
		{"version", &gotls.Config{MaxVersion: gotls.VersionTLS11, MinVersion: gotls.VersionTLS10, RootCAs: pool}, &gotls.Config{MinVersion: gotls.VersionTLS12}, "rejected by server: protocol_version"},
		{"cipher", &gotls.Config{MaxVersion: gotls.VersionTLS12, RootCAs: pool, CipherSuites: []uint16{gotls.TLS_RSA_WITH_AES_128_CBC_SHA}}, &gotls.Config{}, "rejected by server: handshake_failure"},
		{"protocol", &gotls.Config{RootCAs: pool, NextProtos: []string{"x"}}, &gotls.Config{NextProtos: []string{"h2"}}, "rejected by server: no_application_protocol"},
	} {
		for _, size := range []int{1, 7, 1400, 1 << 14} {
			t.Run(fmt.Sprintf("%s/%d", c.name, size), func(t *testing.T) {
				c.client.ServerName = "crm.example.com"
				c.server.Certificates = []gotls.Certificate{cert}
				all := follow(talk(t, c.client, c.server, size))
				if len(all) != 1 {
					t.Fatalf("%d handshakes", len(all))
				}
				h := &all[0]
				if got := words(h); got != c.want {
					t.Errorf("%s, want %s", got, c.want)
				}
				if h.Name != "crm.example.com" || h.Server != netip.MustParseAddrPort("192.168.40.207:443") {
					t.Errorf("%q at %v", h.Name, h.Server)
				}
			})
		}
	}
}

// words renders a handshake.
func words(h *tls.Handshake) string {
	by := "server"
	if h.ByClient {
		by = "client"
	}
	switch h.Outcome {
	case tls.Opened:
		return strings.TrimSpace("opened " + h.Version.String() + " " + h.Protocol)
	case tls.Rejected:
		return "rejected by " + by + ": " + h.Alert.String()
	case tls.NotTLS:
		return fmt.Sprintf("answered %q", h.Answer)
	case tls.Reset:
		return "reset by " + by
	case tls.Closed:
		return "closed by " + by
	}
	return "unknown"
}

// TestEnds covers the ends that no real server of this test makes.
func TestEnds(t *testing.T) {
	hello := capturetest.ClientHello("crm.example.com")
	for _, c := range []struct {
		name string
		make func(k *capturetest.Conn)
		want string
	}{
		{"plain HTTP", func(k *capturetest.Conn) { k.Reply("HTTP/1.1 400 Bad Request\r\n\r\n").Close() }, `answered "HTTP/1.1 400 Bad Request\r\n\r\n"`},
		{"reset", func(k *capturetest.Conn) { k.Reset(false) }, "reset by server"},
		{"closed by the server", func(k *capturetest.Conn) { k.Finish(false) }, "closed by server"},
		{"closed by the client", func(k *capturetest.Conn) { k.Finish(true) }, "closed by client"},
		{"end of the capture", func(k *capturetest.Conn) {}, "unknown"},
		{"a hole in the answer", func(k *capturetest.Conn) {
			k.Lose(false, 100)
			k.Reply("\x17\x03\x03\x00\x01x").Close()
		}, "unknown"},
		{"a warning", func(k *capturetest.Conn) {
			k.Reply("\x15\x03\x01\x00\x02\x01\x70")
			k.Reset(false)
		}, "reset by server"},
		{"an alert byte by byte", func(k *capturetest.Conn) {
			for _, b := range "\x15\x03\x01\x00\x02\x02\x46" {
				k.Reply(string(b))
			}
		}, "rejected by server: protocol_version"},
		{"a record that is too long", func(k *capturetest.Conn) { k.Reply("\x16\x03\x03\xff\xff").Close() }, "unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			capt := capturetest.New()
			k := capt.Conn("192.168.40.50:40000", "192.168.40.207:443").Open()
			c.make(k.Send(hello))
			all := follow(capt)
			if len(all) != 1 {
				t.Fatalf("%d handshakes", len(all))
			}
			if got := words(&all[0]); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// TestCutHello cuts a ClientHello anywhere: what is left has its name, or none.
func TestCutHello(t *testing.T) {
	hello := capturetest.ClientHello("crm.example.com") + "\x00\x00" // the name is not the last of it
	hello = hello[:3] + string([]byte{hello[3], hello[4] + 2}) + hello[5:8] + string(hello[8]+2) + hello[9:]
	named := 0
	for n := 6; n < len(hello); n++ {
		capt := capturetest.New()
		capt.Conn("192.168.40.50:40000", "192.168.40.207:443").Open().Send(hello[:n])
		all := follow(capt)
		if len(all) != 1 || all[0].Outcome != tls.Unknown || all[0].Name != "" && all[0].Name != "crm.example.com" {
			t.Errorf("the first %d bytes: %+v", n, all)
		}
		if len(all) == 1 && all[0].Name != "" {
			named++
		}
	}
	if named == 0 {
		t.Error("no part of it names the server")
	}
}

// TestDecrypt opens what real peers said to each other in every version and
// suite that Go's crypto/tls speaks, by key log and by the server's RSA key.
func TestDecrypt(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	cert, _ := certificate(t)
	forRSA, file := rsaCertificate(t)
	together, logs := capturetest.New(), new(bytes.Buffer) // for tshark
	var names []string
	for version := uint16(gotls.VersionTLS10); version <= gotls.VersionTLS13; version++ {
		for _, suite := range append(gotls.CipherSuites(), gotls.InsecureCipherSuites()...) {
			if !slices.Contains(suite.SupportedVersions, version) {
				continue
			}
			var log bytes.Buffer
			client := &gotls.Config{MinVersion: version, MaxVersion: version, CipherSuites: []uint16{suite.ID}, InsecureSkipVerify: true, KeyLogWriter: &log}
			server := &gotls.Config{MinVersion: version, CipherSuites: []uint16{suite.ID}, Certificates: []gotls.Certificate{forRSA, cert}}
			tape := overheard(t, client, server, "GET / HTTP/1.1\r\n\r\n")
			capt := capturetest.New()
			capt.Play(tape, "192.168.40.50:40000", "192.168.40.207:443", 1400)
			together.Play(tape, fmt.Sprintf("192.168.40.50:%d", 40000+len(names)), "192.168.40.207:443", 1400)
			names = append(names, fmt.Sprintf("%v with %s", tls.Version(version), suite.Name))
			logs.Write(log.Bytes())
			ways := map[string]*tls.Secrets{"key log": tls.NewSecrets()}
			if n, err := ways["key log"].AddLog(&log); err != nil || n == 0 {
				t.Fatalf("key log: %d secrets, %v", n, err)
			}
			if strings.HasPrefix(suite.Name, "TLS_RSA_") {
				ways["private key"] = tls.NewSecrets()
				if err := ways["private key"].AddPrivateKey(file); err != nil {
					t.Fatal(err)
				}
			}
			for way, secrets := range ways {
				all, inside := decrypt(capt, secrets)
				name := fmt.Sprintf("%s with %s by %s", tls.Version(version), suite.Name, way)
				if len(all) != 1 || all[0].Outcome != tls.Opened || all[0].Unread != tls.Decrypted {
					t.Errorf("%s: %+v", name, all)
					continue
				}
				if version < gotls.VersionTLS13 && "TLS_"+tls.SuiteName(all[0].Suite) != suite.Name {
					t.Errorf("%s: suite %s", name, tls.SuiteName(all[0].Suite))
				}
				if want := (text{"GET / HTTP/1.1\r\n\r\n<end>", "HTTP/1.1 200 OK\r\n\r\n<end>"}); inside != want && inside != (text{want[1], want[0]}) {
					t.Errorf("%s: %q", name, inside)
				}
			}
			all, inside := decrypt(capt, tls.NewSecrets())
			if len(all) != 1 || all[0].Unread != tls.NoKey || inside != (text{}) {
				t.Errorf("without keys: %+v %q", all, inside)
			}
		}
	}
	ports := tshark(t, together, logs.Bytes())
	for i, name := range names {
		if ports != nil && !slices.Contains(ports, fmt.Sprint(40000+i)) {
			t.Errorf("tshark finds no request in %s", name)
		}
	}
}

// tshark returns the ports of the clients whose requests tshark finds in a
// capture with the secrets of a key log.
func tshark(t *testing.T, capt *capturetest.Capture, log []byte) []string {
	t.Helper()
	program, err := exec.LookPath("tshark")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Log(err)
		return nil
	}
	dir := t.TempDir()
	var file bytes.Buffer
	if err := capt.WritePcap(&file); err != nil {
		t.Fatal(err)
	}
	name, keys := filepath.Join(dir, "tls.pcap"), filepath.Join(dir, "keys")
	if err := errors.Join(os.WriteFile(name, file.Bytes(), 0o600), os.WriteFile(keys, log, 0o600)); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(program, "-r", name, "-o", "tls.keylog_file:"+keys, "-d", "tcp.port==443,tls", "-Y", "http.request", "-T", "fields", "-e", "tcp.srcport").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

// TestHoles takes frames out of a conversation, one and several: what is in
// other records is read all the same, and the hole is said.
func TestHoles(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	cert, _ := rsaCertificate(t)
	var requests []string
	for i := range 9 {
		requests = append(requests, fmt.Sprintf("GET /%d HTTP/1.1\n\r\n", i))
	}
	for _, suite := range []uint16{
		gotls.TLS_RSA_WITH_RC4_128_SHA, gotls.TLS_RSA_WITH_AES_128_CBC_SHA, gotls.TLS_RSA_WITH_AES_128_GCM_SHA256,
		gotls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, gotls.TLS_AES_128_GCM_SHA256,
	} {
		version := uint16(gotls.VersionTLS12)
		if suite == gotls.TLS_AES_128_GCM_SHA256 {
			version = gotls.VersionTLS13
		}
		var log bytes.Buffer
		whole := converse(t,
			&gotls.Config{MinVersion: version, MaxVersion: version, CipherSuites: []uint16{suite}, InsecureSkipVerify: true, KeyLogWriter: &log},
			&gotls.Config{CipherSuites: []uint16{suite}, Certificates: []gotls.Certificate{cert}},
			30, requests...)
		secrets := tls.NewSecrets()
		secrets.AddLog(&log)
		_, inside := decrypt(whole, secrets)
		first := 0 // frames of the handshake stay
		for first = len(whole.Frames); first > 0; first-- {
			part := &capturetest.Capture{Frames: whole.Frames[:first]}
			if _, got := decrypt(part, secrets); !strings.Contains(got[0]+got[1], "GET /2") {
				break
			}
		}
		if first == 0 || strings.Count(inside[0]+inside[1], "GET /") != 9 {
			t.Fatalf("%s: the whole: %q", gotls.CipherSuiteName(suite), inside)
		}
		for n := 1; n < 9; n++ {
			for at := first; at+n < len(whole.Frames)-40; at++ {
				part := &capturetest.Capture{Frames: slices.Delete(slices.Clone(whole.Frames), at, at+n)}
				_, got := decrypt(part, secrets)
				all := got[0] + got[1]
				if !strings.Contains(all, "GET /1") || !strings.Contains(all, "GET /8") {
					t.Fatalf("%s: without %d frames from %d: %q", gotls.CipherSuiteName(suite), n, at, got)
				}
			}
		}
	}
}

// TestHoledHandshake takes a frame out of the handshake, behind the server's hello: a key
// log still opens what comes after it.
func TestHoledHandshake(t *testing.T) {
	cert, _ := rsaCertificate(t)
	for _, version := range []uint16{gotls.VersionTLS12, gotls.VersionTLS13} {
		var log bytes.Buffer
		whole := converse(t,
			&gotls.Config{MaxVersion: version, InsecureSkipVerify: true, KeyLogWriter: &log},
			&gotls.Config{Certificates: []gotls.Certificate{cert}, CurvePreferences: []gotls.CurveID{gotls.X25519}}, 150, "GET /1 HTTP/1.1\n\n\n", "GET /2 HTTP/1.1\n\n\n")
		secrets := tls.NewSecrets()
		secrets.AddLog(&log)
		hello := slices.IndexFunc(whole.Frames, func(f capturetest.Frame) bool {
			sent := f.Data[54:]
			return len(sent) > 5 && sent[0] == 22 && sent[5] == 2
		})
		holes := 0
		for at := hello + 1; at < len(whole.Frames)-12; at++ {
			all, inside := decrypt(&capturetest.Capture{Frames: slices.Delete(slices.Clone(whole.Frames), at, at+1)}, secrets)
			if len(all) != 1 || all[0].Outcome != tls.Opened || !strings.Contains(inside[0]+inside[1], "GET /2") {
				t.Errorf("%v, without frame %d: %v, %q", tls.Version(version), at, all, inside)
			}
			holes++
		}
		if hello < 0 || holes < 5 {
			t.Errorf("%v: %d frames taken out", tls.Version(version), holes)
		}
	}
}

// TestRenewedTicket resumes a session by a ticket that a resumed one renewed.
func TestRenewedTicket(t *testing.T) {
	cert, file := rsaCertificate(t)
	client := &gotls.Config{
		MaxVersion: gotls.VersionTLS12, CipherSuites: []uint16{gotls.TLS_RSA_WITH_AES_128_CBC_SHA}, InsecureSkipVerify: true,
		ClientSessionCache: gotls.NewLRUClientSessionCache(1), ServerName: "crm.example.com",
	}
	server := &gotls.Config{Certificates: []gotls.Certificate{cert}, CipherSuites: client.CipherSuites}
	capt := capturetest.New()
	for i := range 3 {
		server.SetSessionTicketKeys([][32]byte{{byte(min(i, 1))}, {0}}) // the second renews
		capt.Play(overheard(t, client, server, "GET / HTTP/1.1\r\n\r\n"), fmt.Sprintf("192.168.40.50:%d", 40000+i), "192.168.40.207:443", 1400)
	}
	secrets := tls.NewSecrets()
	if err := secrets.AddPrivateKey(file); err != nil {
		t.Fatal(err)
	}
	all, _ := decrypt(capt, secrets)
	for i, h := range all {
		if h.Unread != tls.Decrypted {
			t.Errorf("connection %d: %v", i, h.Unread)
		}
	}
}

// TestLongTicket splits a ticket over records that begin like a KeyUpdate.
func TestLongTicket(t *testing.T) {
	cert, _ := certificate(t)
	ticket := bytes.Repeat([]byte{24}, 20000)
	var log bytes.Buffer
	capt := converse(t,
		&gotls.Config{InsecureSkipVerify: true, KeyLogWriter: &log, ClientSessionCache: gotls.NewLRUClientSessionCache(1)},
		&gotls.Config{
			Certificates: []gotls.Certificate{cert},
			WrapSession:  func(gotls.ConnectionState, *gotls.SessionState) ([]byte, error) { return ticket, nil },
		}, 1400, "GET /1 HTTP/1.1\n\n\n")
	secrets := tls.NewSecrets()
	secrets.AddLog(&log)
	if _, inside := decrypt(capt, secrets); !strings.Contains(inside[0]+inside[1], "200 OK") {
		t.Errorf("no answer in %q", inside)
	}
}

// TestLaterKeys has the lines of a growing key log come one at a time, from any
// frame on: what is inside is read all the same, holes and the end included.
func TestLaterKeys(t *testing.T) {
	cert, _ := certificate(t)
	for _, version := range []uint16{gotls.VersionTLS12, gotls.VersionTLS13} {
		var log bytes.Buffer
		whole := converse(t,
			&gotls.Config{MinVersion: version, MaxVersion: version, InsecureSkipVerify: true, KeyLogWriter: &log},
			&gotls.Config{Certificates: []gotls.Certificate{cert}}, 200, "GET /1 HTTP/1.1\n\n\n", "GET /2 HTTP/1.1\n\n\n", "GET /3 HTTP/1.1\n\n\n")
		holed := whole
		for at := len(whole.Frames) - 4; at > 0; at-- { // the last frame without which bytes are missing
			holed = &capturetest.Capture{Frames: slices.Delete(slices.Clone(whole.Frames), at, at+1)}
			secrets := tls.NewSecrets()
			secrets.AddLog(bytes.NewReader(log.Bytes()))
			if _, got := decrypt(holed, secrets); strings.Contains(got[0]+got[1], "<gap>") {
				break
			}
		}
		for name, capt := range map[string]*capturetest.Capture{"whole": whole, "with a hole": holed} {
			secrets := tls.NewSecrets()
			secrets.AddLog(bytes.NewReader(log.Bytes()))
			_, want := decrypt(capt, secrets)
			if strings.Count(want[0]+want[1], "GET /") < 2 || name != "whole" && !strings.Contains(want[0]+want[1], "<gap>") {
				t.Fatalf("%v, %s, by a whole log: %q", tls.Version(version), name, want)
			}
			for first := range len(capt.Frames) + 1 {
				rest := bytes.SplitAfter(log.Bytes(), []byte("\n"))
				secrets := tls.NewSecrets()
				secrets.Grow()
				all, got := decryptWhile(capt, secrets, func(i int) {
					for i >= first && len(rest) > 0 {
						half := len(rest[0]) / 2 // a line comes in two parts
						secrets.AddLog(bytes.NewReader(rest[0][:half]))
						secrets.AddLog(bytes.NewReader(rest[0][half:]))
						if rest = rest[1:]; i < len(capt.Frames) {
							break
						}
					}
				})
				if len(all) != 1 || all[0].Unread != tls.Decrypted || got != want {
					t.Errorf("%v, %s, from frame %d on: %+v\n%q, want\n%q", tls.Version(version), name, first, all, got, want)
				}
			}
		}
	}
}

// TestNoLaterKeys waits for keys that do not come: the connection is given up
// after some time, and said to have none.
func TestNoLaterKeys(t *testing.T) {
	cert, _ := certificate(t)
	capt := talk(t, &gotls.Config{InsecureSkipVerify: true}, &gotls.Config{Certificates: []gotls.Certificate{cert}}, 1400)
	n := len(capt.Frames)
	capt.Wait(6 * time.Second)
	capt.Conn("192.168.40.50:40001", "192.168.40.207:443").Open()
	secrets := tls.NewSecrets()
	secrets.Grow()
	var all []tls.Handshake
	var inside text
	reader := tls.NewReader(tls.Config{Found: func(h *tls.Handshake) { all = append(all, *h) }, Secrets: secrets, Inside: &inside})
	streams := stream.NewAssembler(reader, stream.Config{})
	packets := packet.NewDecoder(streams.Segment, packet.Config{})
	lan := &capture.Interface{Link: capture.LinkEthernet}
	for i, f := range capt.Frames {
		reader.Retry(f.Time.UnixNano())
		packets.Decode(&capture.Frame{Interface: lan, Number: i + 1, Time: f.Time.UnixNano(), Data: f.Data, Length: len(f.Data)})
		if i == n-1 && len(all) != 0 {
			t.Error("given up at once")
		}
	}
	if len(all) != 1 || all[0].Unread != tls.NoKey || inside != (text{}) {
		t.Errorf("%+v %q", all, inside)
	}
}

// TestRejectedWhileWaiting ends a handshake whose connection waits for keys: it waits no
// longer.
func TestRejectedWhileWaiting(t *testing.T) {
	cert, _ := certificate(t)
	capt := talk(t, &gotls.Config{ServerName: "crm.example.com"}, &gotls.Config{Certificates: []gotls.Certificate{cert}}, 1400)
	secrets := tls.NewSecrets()
	secrets.Grow()
	if all, _ := decrypt(capt, secrets); len(all) != 1 || all[0].Outcome != tls.Rejected {
		t.Errorf("%+v", all)
	}
}

// TestNamed names what is not read.
func TestNamed(t *testing.T) {
	cert, _ := certificate(t)
	for _, version := range []uint16{gotls.VersionTLS12, gotls.VersionTLS13} {
		for _, preface := range []string{"PRI * HTTP/2.0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"} {
			var log bytes.Buffer
			capt := converse(t,
				&gotls.Config{MaxVersion: version, InsecureSkipVerify: true, KeyLogWriter: &log, NextProtos: []string{"http/1.1", "h2"}},
				&gotls.Config{Certificates: []gotls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}}, 200, preface)
			secrets := tls.NewSecrets()
			secrets.AddLog(&log)
			all, inside := decrypt(capt, secrets)
			want := tls.HTTP2
			if preface[0] == 'G' {
				want = tls.Decrypted
			}
			if len(all) != 1 || all[0].Unread != want || (inside != text{}) != (want == tls.Decrypted) {
				t.Errorf("%v, %.3s: %+v %q", tls.Version(version), preface, all, inside)
			}
		}
	}

	random := strings.Repeat("r", 32)
	hello := "\x03\x00" + random + "\x00" + "\x00\x02\x00\x2f" + "\x01\x00"
	answer := "\x03\x00" + random + "\x00" + "\x00\x2f" + "\x00"
	message := func(kind, body string) string {
		m := kind + "\x00\x00" + string(rune(len(body))) + body
		return "\x16\x03\x00\x00" + string(rune(len(m))) + m
	}
	finished := "\x14\x03\x00\x00\x01\x01" + "\x16\x03\x00\x00\x20" + strings.Repeat("f", 32)
	capt := capturetest.New()
	k := capt.Conn("192.168.40.50:40000", "192.168.40.207:443").Open()
	k.Send(message("\x01", hello)).Reply(message("\x02", answer)).Send(finished).Reply(finished).Close()
	secrets := tls.NewSecrets()
	secrets.AddLog(strings.NewReader("CLIENT_RANDOM " + strings.Repeat("00", 32) + " " + strings.Repeat("00", 48)))
	if all, _ := decrypt(capt, secrets); len(all) != 1 || all[0].Unread != tls.OldVersion {
		t.Errorf("SSL 3.0: %+v", all)
	}

	// Early data: the extension in the hello, and records that nobody can read.
	var log bytes.Buffer
	tape := overheard(t, &gotls.Config{InsecureSkipVerify: true, KeyLogWriter: &log}, &gotls.Config{Certificates: []gotls.Certificate{cert}}, "GET / HTTP/1.1\r\n\r\n")
	client := &tape.Parts[0]
	data := []byte(client.Data)
	at := 5 + 4 + 2 + 32
	at += 1 + int(data[at])
	at += 2 + int(data[at])<<8 + int(data[at+1])
	at += 1 + int(data[at])
	for _, i := range []int{3, 7, at} { // lengths of the record, of the message, and of the extensions
		binary.BigEndian.PutUint16(data[i:], binary.BigEndian.Uint16(data[i:])+4)
	}
	client.Data = string(data) + "\x00\x2a\x00\x00" + strings.Repeat("\x17\x03\x03\x00\x40"+strings.Repeat("e", 64), 2)
	capt = capturetest.New()
	capt.Play(tape, "192.168.40.50:40000", "192.168.40.207:443", 1400)
	secrets = tls.NewSecrets()
	secrets.AddLog(&log)
	if all, inside := decrypt(capt, secrets); len(all) != 1 || !all[0].Early || all[0].Unread != tls.Decrypted || !strings.Contains(inside[0]+inside[1], "GET / ") {
		t.Errorf("early data: %+v %q", all, inside)
	}
}

// TestKeyLog reads what editors and systems make of a key log.
func TestKeyLog(t *testing.T) {
	line := "CLIENT_RANDOM " + strings.Repeat("0a", 32) + " " + strings.Repeat("0B", 48)
	for log, want := range map[string]int{
		line: 1, "\ufeff" + line + "\r\n": 1, "# of a server\n\n \t" + line + "\n": 1, line[:len(line)-1]: 0, "CLIENT_RANDOM\n" + line[14:]: 0, "": 0,
	} {
		secrets := tls.NewSecrets()
		for range 2 { // the second time there is nothing more
			secrets.AddLog(strings.NewReader(log))
			log = ""
		}
		if got, _ := secrets.Logged(); got != want {
			t.Errorf("%q: %d secrets", log, got)
		}
	}
}

// TestPrivateKey says of keys that open nothing why.
func TestPrivateKey(t *testing.T) {
	for _, test := range []struct {
		block pem.Block
		want  string
	}{
		{pem.Block{Type: "ENCRYPTED PRIVATE KEY"}, "openssl pkey"},
		{pem.Block{Type: "RSA PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-128-CBC,00"}}, "openssl pkey"},
		{pem.Block{Type: "EC PRIVATE KEY"}, "only signs"},
		{pem.Block{Type: "CERTIFICATE"}, "no private key"},
	} {
		err := tls.NewSecrets().AddPrivateKey(pem.EncodeToMemory(&test.block))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.block.Type, err)
		}
	}
	_, file := rsaCertificate(t)
	ec := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY"})
	if err := tls.NewSecrets().AddPrivateKey(append(ec, file...)); err != nil {
		t.Errorf("an RSA key beside an EC key: %v", err)
	}
}

// BenchmarkDecrypt reads records of a conversation, of the sizes that a TCP
// segment and a record hold at most.
func BenchmarkDecrypt(b *testing.B) {
	for _, suite := range []uint16{gotls.TLS_RSA_WITH_AES_128_GCM_SHA256, gotls.TLS_RSA_WITH_AES_128_CBC_SHA} {
		for _, size := range []int{1200, 16 << 10} {
			b.Run(fmt.Sprintf("%s/%d", tls.SuiteName(suite), size), func(b *testing.B) {
				cert, _ := rsaCertificate(b)
				const bytesInside = 4 << 20
				tape := new(capturetest.Tape)
				client, server := net.Pipe()
				go func() {
					s := gotls.Server(tape.Conn(server, false), &gotls.Config{
						CipherSuites: []uint16{suite}, Certificates: []gotls.Certificate{cert}, DynamicRecordSizingDisabled: true,
					})
					defer server.Close()
					for range bytesInside / size {
						s.Write(make([]byte, size))
					}
				}()
				var log bytes.Buffer
				io.Copy(io.Discard, gotls.Client(tape.Conn(client, true), &gotls.Config{MaxVersion: gotls.VersionTLS12, InsecureSkipVerify: true, KeyLogWriter: &log, CipherSuites: []uint16{suite}}))
				client.Close()
				secrets := tls.NewSecrets()
				secrets.AddLog(&log)
				n := 0
				for b.Loop() {
					n = 0
					r := tls.NewReader(tls.Config{Found: func(*tls.Handshake) {}, Secrets: secrets, Inside: counter{&n}})
					var c stream.Conn
					at := new(stream.Mark)
					for _, p := range tape.Parts {
						sd := stream.Side(0)
						if !p.Client {
							sd = 1
						}
						r.Data(&c, sd, []byte(p.Data), 0, at)
					}
				}
				if n < bytesInside-size {
					b.Fatalf("%d bytes inside", n)
				}
				b.SetBytes(int64(n))
			})
		}
	}
}

// A counter counts the bytes that are inside.
type counter struct{ n *int }

func (x counter) Data(_ *stream.Conn, _ stream.Side, data []byte, _ uint32, _ *stream.Mark) int64 {
	*x.n += len(data)
	return 0
}

func (x counter) Gap(*stream.Conn, stream.Side, uint32, int, bool, *stream.Mark) int64 { return 0 }
func (x counter) End(*stream.Conn, stream.Side, stream.End, *stream.Mark)              {}
