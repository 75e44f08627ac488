package tls

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rc4"
	"encoding/binary"
	"encoding/hex"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"unsafe"

	"actionurl/capture/capturetest"
	"actionurl/decode/stream"
)

// A connection has one transcript, however many hellos its server sends.
func TestOneTranscript(t *testing.T) {
	r := NewReader(Config{Secrets: NewSecrets()})
	x := &exchange{}
	c := &Conn{h: new(Handshake), open: &opening{exchange: x}}
	hello := append([]byte{3, 3}, make([]byte, 32+1)...) // version, random, no session ID
	hello = append(hello, 0xc0, 0x2f, 0)                 // a suite, no compression
	whole := append([]byte{byte(serverHello), 0, 0, byte(len(hello))}, hello...)
	for range 5 {
		r.message(c, c.client.Other(), c.h, x, whole, false)
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

// Of hostile peers: a ServerHello of TLS 1.2 and what follows it.
const (
	someRandom = "0123456789abcdef0123456789abcdef"
	someHello  = "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" + someRandom + "\x00\xc0\x2f\x00"
	someChange = "\x14\x03\x03\x00\x01\x01"
	someData   = "\x17\x03\x03\x00\x20" + someRandom
	somePhone  = 0 // side of the client
	someServer = 1
)

// waiter returns a Reader whose key log grows.
func waiter() *Reader {
	secrets := NewSecrets()
	secrets.Grow()
	return NewReader(Config{Found: func(*Handshake) {}, Secrets: secrets, Inside: nothing{}})
}

// nothing takes what is inside.
type nothing struct{}

func (nothing) Data(*stream.Conn, stream.Side, []byte, uint32, *stream.Mark) int64   { return 0 }
func (nothing) Gap(*stream.Conn, stream.Side, uint32, int, bool, *stream.Mark) int64 { return 0 }
func (nothing) End(*stream.Conn, stream.Side, stream.End, *stream.Mark)              {}

// open has a Reader follow connections to the end of their handshake and behind it.
func open(r *Reader, connections int, behind ...string) []*stream.Conn {
	hello := []byte(capturetest.ClientHello("crm.example.com"))
	all := make([]*stream.Conn, connections)
	at := new(stream.Mark)
	for i := range all {
		c := new(stream.Conn)
		r.Data(c, somePhone, hello, 0, at)
		r.Data(c, someServer, []byte(someHello+someChange+someData), 0, at)
		r.Data(c, somePhone, []byte(someChange+someData), 0, at)
		for _, said := range behind {
			r.Data(c, somePhone, []byte(said), 0, at)
		}
		all[i] = c
	}
	return all
}

// What a connection held is let go of when it turns out that it cannot be read.
func TestHeldUnread(t *testing.T) {
	r := waiter()
	open(r, 1, someData[:20])
	if r.held < len(someData) {
		t.Fatalf("%d bytes are held while it waits", r.held)
	}
	r.Retry(maxWait + 1)
	if r.held != 0 || len(r.waiting) != 0 {
		t.Errorf("%d bytes are held after it", r.held)
	}
}

// Connections that wait for keys are held up to a bound, all of them and each: those
// beyond it wait no longer.
func TestWaitingBounds(t *testing.T) {
	for _, said := range []string{"", strings.Repeat("\x17\x03\x03\x00\x01x", 300), "\x17\x03\x03\x20\x00" + strings.Repeat("x", 8192), "\x17\x03\x03\x20\x00" + strings.Repeat("x", 4100)} {
		r := waiter()
		var conns []*stream.Conn
		got := capturetest.Grown(func() { conns = open(r, 6000, said) })
		got -= 6000 * int(unsafe.Sizeof(Conn{})+unsafe.Sizeof(opening{})+unsafe.Sizeof(stream.Conn{})) // theirs, read or not
		if r.held > maxRecords || got > maxRecords || len(r.waiting) < 100 {
			t.Errorf("behind %d bytes %d connections wait, %d bytes held, heap has grown by %d", len(said), len(r.waiting), r.held, got)
		}
		runtime.KeepAlive(conns)
	}
	r := waiter()
	most := 0
	c := open(r, 1)[0]
	for r.held > 0 && most < 2*maxWaiting {
		most = r.held
		r.Data(c, somePhone, []byte(someData), 0, new(stream.Mark))
	}
	if most > maxWaiting || most < maxWaiting-partSize-len(someData) {
		t.Errorf("a connection waits with %d bytes", most)
	}
}

// A hello is kept from its beginning on, up to a bound, and so are all together.
func TestHelloBounds(t *testing.T) {
	const connections = 4000
	r := waiter()
	conns := make([]stream.Conn, connections)
	head := "\x16\x03\x01\x40\x00\x01\xff\xff\xff\x03\x03"
	got := capturetest.Grown(func() {
		for i := range conns {
			for said := head; len(said) > 0; said = said[min(len(said), 1000):] {
				if said == head {
					said += strings.Repeat("h", 8000)
				}
				r.Data(&conns[i], somePhone, []byte(said[:min(len(said), 1000)]), 0, new(stream.Mark))
			}
			if kept := len(conns[i].State.(*Conn).sides[somePhone].message); kept > maxHello {
				t.Fatalf("%d bytes of a hello are kept", kept)
			}
		}
	})
	size := int(unsafe.Sizeof(Conn{}) + unsafe.Sizeof(opening{}) + unsafe.Sizeof(exchange{}) + unsafe.Sizeof(Handshake{}))
	if got -= connections * (size + 100); got > maxKept+maxKept/8 || r.kept > maxKept+maxKept/8 || r.kept < maxKept/2 {
		t.Errorf("%d bytes kept, heap has grown by %d", r.kept, got)
	}
	for i := range conns {
		r.End(&conns[i], somePhone, stream.Lost, new(stream.Mark))
	}
	if r.kept != 0 || r.open != 0 {
		t.Errorf("%d bytes are kept of %d connections after their end", r.kept, r.open)
	}
}

// A ClientHello stays until its answer comes; it leaves room for those that come in part.
func TestUnansweredHellos(t *testing.T) {
	r := waiter()
	hello := []byte(capturetest.ClientHello(strings.Repeat("a", 63) + "." + strings.Repeat("b", 63) + ".example.com"))
	conns := make([]stream.Conn, maxHandshakes)
	for i := range conns {
		ticket := append([]byte{0, 35, 1, 0}, make([]byte, 256)...) // an extension more
		long := append(bytes.Clone(hello), ticket...)
		for _, at := range []int{3, 7, 5 + 4 + 2 + 32 + 1 + 4 + 2} {
			binary.BigEndian.PutUint16(long[at:], binary.BigEndian.Uint16(long[at:])+uint16(len(ticket)))
		}
		r.Data(&conns[i], somePhone, long, 0, new(stream.Mark))
	}
	if r.kept > maxKept/2+1<<10 || r.kept < maxKept/2-1<<10 {
		t.Errorf("%d bytes kept", r.kept)
	}
	for i := range conns {
		r.Data(&conns[i], someServer, []byte(someHello), 0, new(stream.Mark))
	}
	if r.kept != 0 {
		t.Errorf("%d bytes are kept of hellos that were answered", r.kept)
	}
}

// Where a part of a hello was not kept, nothing behind that part is.
func TestHoleInHello(t *testing.T) {
	r := waiter()
	var c stream.Conn
	hello := capturetest.ClientHello("crm.example.com")
	r.Data(&c, somePhone, []byte(hello[:50]), 0, new(stream.Mark))
	r.kept += maxKept
	r.Data(&c, somePhone, []byte(hello[50:60]), 0, new(stream.Mark))
	r.kept -= maxKept
	r.Data(&c, somePhone, []byte(hello[60:70]), 0, new(stream.Mark))
	if kept := c.State.(*Conn).sides[somePhone].message; string(kept) != hello[recordHead:50] {
		t.Errorf("%q is kept of %q", kept, hello[recordHead:70])
	}
}

// A connection whose server's hello was too much is not taken for one of SSL 3.0.
func TestNoRoomForHello(t *testing.T) {
	r := waiter()
	var unread []Reason
	r.config.Found = func(h *Handshake) { unread = append(unread, h.Unread) }
	r.kept += maxKept
	if open(r, 1); len(unread) != 1 || unread[0] != JoinedLate {
		t.Errorf("%v", unread)
	}
}

// Handshakes are followed up to a bound; others are counted.
func TestMostHandshakes(t *testing.T) {
	r := NewReader(Config{Found: func(*Handshake) {}})
	conns := make([]stream.Conn, maxHandshakes+10)
	for i := range conns {
		r.Data(&conns[i], somePhone, []byte(capturetest.ClientHello("crm")), 0, new(stream.Mark))
	}
	if r.open != maxHandshakes || r.Crowded != 10 {
		t.Errorf("%d followed, %d not", r.open, r.Crowded)
	}
}

// Records in part are held up to a bound, which what is lost there does not use up.
func TestMostRecords(t *testing.T) {
	secrets := NewSecrets()
	if n, err := secrets.AddLog(strings.NewReader("CLIENT_RANDOM " + strings.Repeat("00", 32) + " " + strings.Repeat("01", 48))); n != 1 {
		t.Fatal(n, err)
	}
	r := NewReader(Config{Found: func(*Handshake) {}, Secrets: secrets, Inside: nothing{}})
	const connections = 2000
	part := "\x17\x03\x03\x40\x00" + strings.Repeat("x", 9000)
	var conns []*stream.Conn
	got := capturetest.Grown(func() { conns = open(r, connections, part) })
	if got -= connections * 2048; got > maxRecords || r.held > maxRecords+maxRecords/8 || r.held < maxRecords/2 {
		t.Errorf("%d bytes held, heap has grown by %d", r.held, got)
	}
	for _, c := range conns {
		r.End(c, somePhone, stream.Lost, new(stream.Mark))
	}
	if r.held != 0 {
		t.Errorf("%d bytes are held after the end", r.held)
	}
}

// Of an answer that is not TLS some bytes are kept.
func TestLongAnswer(t *testing.T) {
	var answer string
	r := NewReader(Config{Found: func(h *Handshake) { answer = h.Answer }})
	var c stream.Conn
	r.Data(&c, somePhone, []byte(capturetest.ClientHello("crm")), 0, new(stream.Mark))
	r.Data(&c, someServer, []byte("HTTP/1.1 "+strings.Repeat("x", 10*maxAnswer)), 0, new(stream.Mark))
	if len(answer) != maxAnswer || answer[:9] != "HTTP/1.1 " {
		t.Errorf("%d bytes: %q", len(answer), answer)
	}
}

// Behind a hole of maxMissed-1 records the next one is found, behind one more not.
func TestMostMissed(t *testing.T) {
	s := suiteOf(0x009c)
	seal := &keys{suite: s, version: TLS12, key: make([]byte, s.key), iv: make([]byte, 4)}
	block, err := aes.NewCipher(seal.key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	for missed, want := range map[uint64]bool{0: true, maxMissed - 1: true, maxMissed: false} {
		seal.number = missed
		record := gcm.Seal(make([]byte, 8), make([]byte, 12), []byte("said"), seal.header(applicationData, 4))
		k := *seal
		k.number = 0
		plain, _, ok := k.resume(applicationData, record, int(missed)*(recordHead+len(record)))
		if ok != want || ok && (string(plain) != "said" || k.number != missed+1) {
			t.Errorf("%d records missed: %v, %q", missed, ok, plain)
		}
	}
}

// The latest secrets of a long key log are kept, in so much memory.
func TestMostSecrets(t *testing.T) {
	s := NewSecrets()
	line := []byte("CLIENT_RANDOM " + strings.Repeat("0", 64) + " " + strings.Repeat("0b", 48) + "\n")
	number := line[14+48 : 14+64]
	const all = maxSecrets * 3 / 2 // both halves are full, and one was dropped
	got := capturetest.Grown(func() {
		var log bytes.Buffer
		for i := range all {
			hex.Encode(number, binary.BigEndian.AppendUint64(nil, uint64(i)))
			if log.Write(line); log.Len() > 1<<20 || i == all-1 {
				s.AddLog(&log)
			}
		}
	})
	n := len(s.logged[0]) + len(s.logged[1])
	if taken, dropped := s.Logged(); taken != all || n != maxSecrets || dropped != all-n || got > 50<<20 {
		t.Errorf("%d of %d kept, %d dropped; %d MiB", n, taken, dropped, got>>20)
	}
	for i, want := range map[int]bool{all - 1: true, all - maxSecrets: true, all - maxSecrets - 1: false} {
		key := logKey{kind: masterSecret}
		binary.BigEndian.PutUint64(key.random[24:], uint64(i))
		if (s.log(key) != nil) != want {
			t.Errorf("secret %d is kept: %v", i, !want)
		}
	}
}

// Sessions that may be resumed are kept up to a bound.
func TestMostSessions(t *testing.T) {
	s := NewSecrets()
	most := 0
	got := capturetest.Grown(func() {
		for i := range maxSessions + maxSessions/2 {
			s.remember(binary.BigEndian.AppendUint32(nil, uint32(i)), make([]byte, 48))
			most = max(most, len(s.sessions))
		}
	})
	if most != maxSessions || s.sessions[idOf(binary.BigEndian.AppendUint32(nil, maxSessions+5))] == nil || got > 13<<20 {
		t.Errorf("%d sessions, %d MiB", most, got>>20)
	}
}

// A line of a key log that is too long is passed over up to its end, in no memory; the
// next one is read.
func TestLongLine(t *testing.T) {
	line := "CLIENT_RANDOM " + strings.Repeat("0a", 32) + " " + strings.Repeat("0b", 48)
	for _, size := range []int{maxLine, 5 << 10, 16 << 20} {
		for _, end := range []string{"", "\n", " " + line + "\n", "\n" + line, "\n" + line + "\n"} {
			s := NewSecrets()
			got := capturetest.Grown(func() {
				s.AddLog(io.MultiReader(io.LimitReader(letters{}, int64(size)), iotest.OneByteReader(strings.NewReader(end))))
			})
			s.AddLog(strings.NewReader(line)) // the log goes on, or is another
			want := strings.Count(end, "\n"+line) + 1
			if n, _ := s.Logged(); n != want || cap(s.line) > 16<<10 || got > 1<<20 {
				t.Errorf("%d bytes and %q: %d secrets, %d bytes kept, heap has grown by %d", size, end, n, cap(s.line), got)
			}
		}
	}
	s := NewSecrets()
	if s.AddSecrets([]byte(line + strings.Repeat(" ", maxLine) + "\n" + line)); s.added != 1 {
		t.Errorf("%d secrets of a block", s.added)
	}
}

// letters never end.
type letters struct{}

func (letters) Read(b []byte) (int, error) { return copy(b, strings.Repeat("x", len(b))), nil }

// A key log gives the same secrets in whatever parts it comes.
func FuzzKeyLog(f *testing.F) {
	line := "CLIENT_RANDOM " + strings.Repeat("0a", 32) + " " + strings.Repeat("0B", 48)
	f.Add([]byte("\ufeff# of a server\r\n"+line+"\n"+strings.Replace(line, "CLIENT", "x", 1)+"\n"), uint16(3))
	f.Add([]byte(strings.Repeat(line+" ", 20)+"\n"+line), uint16(200))
	f.Add([]byte("SERVER_TRAFFIC_SECRET_0 "+strings.Repeat("0c", 32)+" "+strings.Repeat("0d", 32)+"\nRSA 0123456789abcdef "+strings.Repeat("03", 48)), uint16(77))
	f.Fuzz(func(t *testing.T, log []byte, size uint16) {
		block, whole, parts := NewSecrets(), NewSecrets(), NewSecrets()
		block.AddSecrets(log)
		if n, err := whole.AddLog(bytes.NewReader(log)); err != nil || n != whole.added {
			t.Fatal(n, err)
		}
		parts.Grow()
		for rest := log; len(rest) > 0; {
			n := min(len(rest), int(size)+1)
			parts.AddLog(bytes.NewReader(rest[:n]))
			if rest = rest[n:]; len(parts.line) > maxLine {
				t.Fatalf("%d bytes of a line are kept", len(parts.line))
			}
		}
		parts.AddLog(strings.NewReader("\n"))
		for _, s := range []*Secrets{block, parts} {
			if !reflect.DeepEqual(s.logged, whole.logged) || s.added != whole.added {
				t.Fatalf("%d secrets in parts of %d, %d of the whole", s.added, size, whole.added)
			}
		}
	})
}

// Of whatever bytes, nothing is held or counted behind the end, and Found is called once.
func FuzzReader(f *testing.F) {
	hello := capturetest.ClientHello("crm.example.com")
	f.Add([]byte(hello), []byte("\x15\x03\x01\x00\x02\x02\x46"), uint8(5), uint8(0))
	f.Add([]byte(hello), []byte("HTTP/1.1 400"), uint8(200), uint8(1))
	f.Add([]byte(hello+someChange+someData+someData), []byte(someHello+someChange+someData), uint8(99), uint8(2))
	f.Add([]byte(hello+someChange+someData+someData[:20]), []byte("HTTP/1.1 400"), uint8(250), uint8(2))
	f.Add([]byte(hello+someData), []byte(strings.Replace(someHello, "\x26\x03\x03", "\x26\x30\x30", 1)+someData), uint8(99), uint8(1))
	f.Fuzz(func(t *testing.T, phone, server []byte, size, late uint8) {
		found := 0
		r := waiter()
		if r.config.Found = func(*Handshake) { found++ }; late == 255 {
			r.config.Secrets = nil
		}
		c := new(stream.Conn)
		at := new(stream.Mark)
		for i := 0; len(phone)+len(server) > 0; i++ {
			if i == int(late) && late < 255 { // the random bytes of the hello are zeros
				r.config.Secrets.AddLog(strings.NewReader("CLIENT_RANDOM " + strings.Repeat("00", 32) + " " + strings.Repeat("01", 48) + "\n"))
				r.Retry(0)
			}
			for side, data := range []*[]byte{&phone, &server} {
				n := min(int(size)+1, len(*data))
				if n == 0 {
					continue
				}
				if c.State != nil && i%5 == 4 {
					r.Gap(c, stream.Side(side), 0, n, false, at)
				} else {
					r.Data(c, stream.Side(side), (*data)[:n], 0, at)
				}
				*data = (*data)[n:]
			}
		}
		if c.State == nil {
			return
		}
		r.End(c, 0, stream.Lost, at)
		if r.Flush(); found != 1 || r.held != 0 || r.kept != 0 || r.open != 0 || len(r.waiting) != 0 {
			t.Errorf("found %d times; behind the end %d bytes are held and %d kept, %d are open, %d wait", found, r.held, r.kept, r.open, len(r.waiting))
		}
	})
}

// A server may choose a suite that its version does not have, or a version that there
// is not: its records are not read.
func TestStrangeSuite(t *testing.T) {
	for version, suites := range map[Version][]uint16{TLS12: {0x1301, 0x1303}, TLS13: {0x0005, 0x000a, 0x002f, 0xc02f}, 0x0305: {0x1301, 0xc02f}, 0x3030: {0xc030}} {
		for _, suite := range suites {
			secrets := NewSecrets()
			for _, label := range []string{"CLIENT_RANDOM", "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"} {
				size := suiteOf(suite).prf.Size()
				if label == "CLIENT_RANDOM" {
					size = 48
				}
				secrets.AddLog(strings.NewReader(label + " " + strings.Repeat("00", 32) + " " + strings.Repeat("01", size) + "\n"))
			}
			c := &Conn{client: 0, version: version, suite: suite, open: &opening{exchange: new(exchange)}}
			if c.unlock(secrets); c.open.failed != UnknownSuite || c.sides[0].keys != nil || c.sides[1].keys != nil {
				t.Errorf("%v with suite %04x: %v", version, suite, c.open.failed)
			}
		}
	}
}
