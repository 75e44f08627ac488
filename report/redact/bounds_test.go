package redact

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"actionurl/capture"
	"actionurl/decode/actionurl"
	"actionurl/decode/packet"
)

// Beyond what is decoded of a record, base64 is replaced unread.
func TestEffort(t *testing.T) {
	r := newRedactor(t, Addresses, "")
	secret := base64.StdEncoding.EncodeToString([]byte("at 10.0.0.5"))
	harmless := strings.Repeat("QUJD", mostBase64/4) + " "
	got := r.scan(strings.Repeat(harmless, 3*maxEffort/mostBase64)+secret, freely)
	if strings.Contains(got, secret) {
		t.Error("an address passes behind much base64")
	}
	if r.effort > -maxEffort {
		t.Errorf("an effort of %d is left: correct the test", r.effort)
	}
}

// Values beyond the bound share a pseudonym, those before keep theirs, and what has no
// room is counted.
func TestKnownBound(t *testing.T) {
	r := newRedactor(t, All, "")
	for i := range maxKnown {
		r.book.of(aNumber, strconv.Itoa(100_000_000+i))
	}
	if n := len(r.book.known); n != maxKnown || r.Beyond() != 0 {
		t.Fatalf("%d values are known, %d are beyond", n, r.Beyond())
	}
	for _, number := range []string{"5001", "5002"} {
		if got := r.number(number); got != "number-beyond" {
			t.Errorf("%s: %s", number, got)
		}
	}
	if got := r.number("100000000"); got != "number-1" || len(r.book.known) != maxKnown || r.Beyond() == 0 {
		t.Errorf("the first is %s; %d values are known, %d are beyond", got, len(r.book.known), r.Beyond())
	}
}

// MAC and IP addresses have a bound each, beyond which one stands for all. With a key
// each still has its own.
func TestTypedBound(t *testing.T) {
	b := newRedactor(t, All, "").book
	macOf := func(i int) (m packet.MAC) { binary.BigEndian.PutUint32(m[2:], uint32(i+1)); return m }
	addrOf := func(i int) netip.Addr {
		return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(i+1))))
	}
	for i := range maxTyped {
		b.mac(macOf(i))
		b.addr(addrOf(i))
	}
	if len(b.macs) != maxTyped || len(b.addrs) != maxTyped || b.beyond != 0 {
		t.Fatalf("%d and %d are known, %d are beyond", len(b.macs), len(b.addrs), b.beyond)
	}
	for _, key := range []string{"", "sixteen bytes or more"} {
		b.key, b.beyond = []byte(key), 0
		if key == "" {
			b.key = nil
		}
		m, n := b.mac(macOf(maxTyped)), b.mac(macOf(maxTyped+1))
		a, c := b.addr(addrOf(maxTyped)), b.addr(addrOf(maxTyped+1))
		if len(b.macs) != maxTyped || len(b.addrs) != maxTyped || b.beyond != 4 {
			t.Errorf("%d and %d are known, %d are beyond", len(b.macs), len(b.addrs), b.beyond)
		}
		if (m == n) != (key == "") || (a == c) != (key == "") || m[0] != 0x03 || !strings.HasPrefix(a.String(), "add:") {
			t.Errorf("key %q: %v and %v, %v and %v", key, m, n, a, c)
		}
	}
}

// So many names of captures are found in messages, none of which come out of traffic.
func TestCapturesBound(t *testing.T) {
	r := newRedactor(t, All, "")
	for i := range 2 * maxCaptures {
		r.Message(fmt.Sprintf("anna%d.xml is no such file", i))
	}
	r.Capture("call of Anna.pcap")
	if got := r.Message("call of Anna.pcap:7: cut off"); strings.Contains(got, "Anna") || strings.Contains(got, "call of") {
		t.Errorf("names in messages take the room of captures: %s", got)
	}
	r.captures = nil
	for i := range maxCaptures + 5 {
		r.interfaceOf(&capture.Interface{Capture: strconv.Itoa(i)})
	}
	if len(r.captures) != maxCaptures {
		t.Errorf("%d names of captures are kept", len(r.captures))
	}
	r.captures = nil
	r.Capture(strings.Repeat("x", maxCapture+1))
	if len(r.captures) != 0 {
		t.Error("a name longer than a path is kept")
	}
}

// Templates are kept by their texts, whoever made them, up to a number of bytes.
func TestTemplatesBound(t *testing.T) {
	r := newRedactor(t, All, "")
	if r.room != maxTemplates {
		t.Errorf("there is room for %d bytes", r.room)
	}
	r.room = 10 << 10
	text, size := "/"+strings.Repeat("a", 400), 0
	for i := range 100 {
		for range 2 {
			r.template(&actionurl.Template{Text: fmt.Sprint(text, i)})
		}
	}
	for text, became := range r.templates {
		size += len(text) + len(became) + templateCost
	}
	if n := len(r.templates); n < 10 || size > 10<<10 {
		t.Errorf("%d templates are kept, which take %d bytes", n, size)
	}
	if got := r.template(&actionurl.Template{Text: "/$mac/" + strings.Repeat("Anna", 999)}); strings.Contains(got.Text, "Anna") {
		t.Errorf("beyond the bound: %s", got.Text)
	}
}
