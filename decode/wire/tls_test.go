package wire

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	gotls "crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math/big"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/decode/httpwire"
	"actionurl/decode/tls"
)

// overTLS records a request over TLS 1.3 between real peers, each part of it in a record
// of its own, and the key log.
func overTLS(t *testing.T, request ...string) (*capturetest.Tape, string) {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	if err != nil {
		t.Fatal(err)
	}
	a, b := net.Pipe()
	tape := new(capturetest.Tape)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s := gotls.Server(tape.Conn(b, false), &gotls.Config{
			Certificates: []gotls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, SessionTicketsDisabled: true,
		})
		io.ReadFull(s, make([]byte, len(strings.Join(request, ""))))
		io.WriteString(s, answer)
		b.Close()
	}()
	var log bytes.Buffer
	c := gotls.Client(tape.Conn(a, true), &gotls.Config{InsecureSkipVerify: true, KeyLogWriter: &log})
	for _, part := range request {
		io.WriteString(c, part)
	}
	io.ReadFull(c, make([]byte, len(answer)))
	a.Close()
	<-done
	return tape, log.String()
}

// readOverTLS returns what is read of a request over TLS to a server, with its key log, in
// segments of at most so many bytes.
func readOverTLS(t *testing.T, server string, segment int, request ...string) string {
	t.Helper()
	tape, log := overTLS(t, request...)
	capt := capturetest.New()
	capt.Play(tape, "192.168.40.50:49152", server, segment)
	secrets := tls.NewSecrets()
	if _, err := secrets.AddLog(strings.NewReader(log)); err != nil {
		t.Fatal(err)
	}
	s := new(sink)
	d := New(Config{ResponseTimeout: time.Second, Secrets: secrets}, s)
	d.Batch(batch(capt.Frames))
	d.Flush()
	return strings.Join(s.lines, "\n")
}

// A hundred thousand connections of TLS that are open at once, with the keys of
// each, stay within what their bounds add up to.
func TestManyKeys(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const connections = 100_000
	tape, log := overTLS(t, get("/mac=000b82123456&local=5002"))
	capt := capturetest.New()
	capt.Play(tape, "192.168.40.50:49152", "192.168.40.207:443", 1400)
	frames := batch(capt.Frames[:len(capt.Frames)-4]).Frames // without the end
	random := tape.Parts[0].Data[11:43]
	requests := 0
	secrets := tls.NewSecrets()
	d := New(Config{ResponseTimeout: time.Hour, Secrets: secrets}, &sink{exchange: func(x *httpwire.Exchange) {
		if strings.HasPrefix(x.TLS, "TLS 1.3") && x.Status == 200 {
			requests++
		}
	}})
	got := capturetest.Grown(func() {
		fresh := []byte(random)
		for i := range connections {
			binary.BigEndian.PutUint32(fresh, uint32(i))
			lines := strings.ReplaceAll(log, hex.EncodeToString([]byte(random)), hex.EncodeToString(fresh))
			if _, err := secrets.AddLog(strings.NewReader(lines)); err != nil {
				t.Fatal(err)
			}
			b := batch(nil)
			for _, f := range frames {
				f.Data = bytes.Replace(f.Data, []byte(random), fresh, 1) // a copy
				f.Time += int64(i) * int64(time.Millisecond)
				client := f.Data[26:30]
				if client[3] != 50 {
					client = f.Data[30:34]
				}
				copy(client, []byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
				for _, at := range []int{38, 42} { // sequence numbers: the same ones would be a copy of the first
					binary.BigEndian.PutUint32(f.Data[at:], binary.BigEndian.Uint32(f.Data[at:])+uint32(i)*7919)
				}
				b.Frames = append(b.Frames, f)
			}
			d.Batch(b)
		}
	})
	t.Logf("%d bytes a connection", got/connections)
	if s := d.Summary(); requests != connections || s.TLS[tls.Decrypted] != connections || s.Stream.Evicted != 0 {
		t.Errorf("%d requests read, %+v", requests, s)
	}
	if got > 160<<20 {
		t.Errorf("%d connections take %d MiB", connections, got>>20)
	}
	runtime.KeepAlive(d)
}

// SIP over TLS is read as SIP in the clear is.
func TestSIPOverTLS(t *testing.T) {
	var said []string
	call := capturetest.New().SIPCall("192.168.40.50:5061", "192.168.40.10:5061", "<sip:101@pbx>", "<sip:+4930123456@pbx>", "3f1c6a2e@phone")
	call.Send = func(_, _, message string) { said = append(said, message) }
	call.Request(true, "INVITE", capturetest.Talk).Request(true, "CANCEL", "")
	got := readOverTLS(t, "192.168.40.10:5061", 100, strings.Join(said, ""))
	for _, want := range []string{" INVITE 0 192.168.40.50 > 192.168.40.10\n", " CANCEL 0 192.168.40.50 > 192.168.40.10\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// A request that begins with a record of one byte is read: up to TLS 1.0 many clients
// send one before each, so that nobody knows what the next is encrypted with.
func TestRecordOfOneByte(t *testing.T) {
	var invite string
	call := capturetest.New().SIPCall("192.168.40.50:5061", "192.168.40.10:5061", "<sip:101@pbx>", "<sip:+4930123456@pbx>", "3f1c6a2e@phone")
	call.Send = func(_, _, message string) { invite = message }
	call.Request(true, "INVITE", capturetest.Talk)
	for _, parts := range [][]string{{"G", get("/inside")[1:]}, strings.Split(get("/inside"), ""), strings.Split(invite, "")} {
		if got := readOverTLS(t, "192.168.40.207:443", 1400, parts...); !strings.Contains(got, "/inside 200") && !strings.Contains(got, " INVITE 0 ") {
			t.Errorf("%q is not read in %d records:\n%s", strings.Join(parts, ""), len(parts), got)
		}
	}
}

// A connection that waits for keys when the client closes its side goes on as the same
// one when they have come, and its end is none of another's.
func TestHalfClosedWhileWaiting(t *testing.T) {
	tape, log := overTLS(t, get("/inside"))
	capt := capturetest.New()
	k := capt.Conn("192.168.40.50:49152", "192.168.40.207:443").Open()
	last := len(tape.Parts) - 1
	for _, p := range tape.Parts[:last] {
		if p.Client {
			k.Send(p.Data)
		} else {
			k.Reply(p.Data)
		}
	}
	k.Finish(true)
	waiting := len(capt.Frames)
	k.Reply(tape.Parts[last].Data)
	k.Finish(false)
	other := capt.Conn("192.168.40.51:49152", "192.168.40.207:80").Open().Send(get("/other"))
	capt.Conn("192.168.40.50:49152", "192.168.40.207:443").Open()
	other.Reply(answer).Close()

	secrets := tls.NewSecrets()
	secrets.Grow()
	s := new(sink)
	d := New(Config{ResponseTimeout: time.Second, Secrets: secrets}, s)
	d.Batch(batch(capt.Frames[:waiting]))
	if _, err := secrets.AddLog(strings.NewReader(log)); err != nil {
		t.Fatal(err)
	}
	d.Batch(batch(capt.Frames[waiting:]))
	d.Flush()
	got := strings.Join(s.lines, "\n")
	if tape.Parts[last].Client || !strings.Contains(got, "/inside 200") || !strings.Contains(got, "/other 200") {
		t.Errorf("%s", got)
	}
}

// What is inside begins once: a word in capitals is a method there, and no method behind
// other bytes.
func TestBeginsOnce(t *testing.T) {
	for _, parts := range [][]string{{"XYZZY /inside HTTP/1.1\r\n\r\n"}, {"\x00\x01", "XYZZY /inside HTTP/1.1\r\n\r\n"}} {
		if got := readOverTLS(t, "192.168.40.207:443", 1400, parts...); strings.Contains(got, "/inside") != (len(parts) == 1) {
			t.Errorf("of %q:\n%s", parts, got)
		}
	}
}

// Where the key log lacks the server's secret, nobody says that the server did not answer.
func TestNoServerSecret(t *testing.T) {
	tape, log := overTLS(t, get("/inside"))
	capt := capturetest.New()
	capt.Play(tape, "192.168.40.50:49152", "192.168.40.207:443", 1400)
	client := log[strings.Index(log, "CLIENT_TRAFFIC_SECRET_0"):]
	client, _, _ = strings.Cut(client, "\n")
	other := "\nSERVER_TRAFFIC_SECRET_0 " + strings.Fields(client)[1] + " "
	for _, log := range []string{client, client + other + strings.Repeat("0d", 32), client + other + strings.Repeat("0d", 48)} {
		secrets := tls.NewSecrets()
		if _, err := secrets.AddLog(strings.NewReader(log)); err != nil {
			t.Fatal(err)
		}
		var got []httpwire.Reason
		d := New(Config{ResponseTimeout: time.Second, Secrets: secrets}, &sink{exchange: func(x *httpwire.Exchange) { got = append(got, x.NoResponse) }})
		d.Batch(batch(capt.Frames))
		if d.Flush(); len(got) != 1 || got[0] != httpwire.NotCaptured {
			t.Errorf("with the key log\n%s\n%v", log, got)
		}
	}
}

// A connection of TLS whose beginning was not captured is counted once; one of
// HTTP whose body looks like it goes on being read.
func TestJoinedLate(t *testing.T) {
	tape, _ := overTLS(t, get("/late"))
	capt := capturetest.New()
	capt.Play(tape, "192.168.40.50:49152", "192.168.40.207:443", 1400)
	late := capt.Frames[len(capt.Frames)-10:]
	k := capturetest.New()
	body := k.Conn("192.168.40.50:49153", "192.168.40.207:80")
	body.Send("\x17\x03\x03\x00\x10").Send(get("/read")).Reply(answer)
	s := new(sink)
	d := New(Config{ResponseTimeout: time.Second}, s)
	d.Batch(batch(append(late, k.Frames...)))
	d.Flush()
	if n := d.Summary().TLS[tls.JoinedLate]; n != 2 { // the second only looks like it
		t.Errorf("%d connections were joined late", n)
	}
	if got := strings.Join(s.lines, "\n"); !strings.Contains(got, "/read") {
		t.Errorf("no request in\n%s", got)
	}
}

// A connection whose SYN was not captured is read from its ClientHello on.
func TestWithoutSYN(t *testing.T) {
	tape, log := overTLS(t, get("/inside"))
	capt := capturetest.New()
	capt.Play(tape, "192.168.40.50:49152", "192.168.40.207:443", 1400)
	secrets := tls.NewSecrets()
	if _, err := secrets.AddLog(strings.NewReader(log)); err != nil {
		t.Fatal(err)
	}
	s := new(sink)
	d := New(Config{ResponseTimeout: time.Second, Secrets: secrets}, s)
	d.Batch(batch(capt.Frames[3:]))
	d.Flush()
	if got := strings.Join(s.lines, "\n"); !strings.Contains(got, "/inside 200") || d.Summary().TLS[tls.JoinedLate] != 0 {
		t.Errorf("%+v of\n%s", d.Summary().TLS, got)
	}
}

// Secrets that the capture holds open it.
func TestSecretsOfCapture(t *testing.T) {
	tape, log := overTLS(t, get("/inside"))
	capt := capturetest.New()
	capt.Play(tape, "192.168.40.50:49152", "192.168.40.207:443", 1400)
	b := batch(capt.Frames)
	for kind, want := range []bool{false, true} {
		b.Secrets = []capture.Secret{{Kind: tls.KeyLogBlock - 1 + uint32(kind), Data: []byte(log)}}
		s := new(sink)
		d := New(Config{ResponseTimeout: time.Second}, s)
		d.Batch(b)
		d.Flush()
		if got := strings.Contains(strings.Join(s.lines, "\n"), "/inside 200"); got != want {
			t.Errorf("secrets of kind %x: request read %v", b.Secrets[0].Kind, got)
		}
	}
}
