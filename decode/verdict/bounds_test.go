package verdict

import (
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"actionurl/capture"
	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/phone"
)

// asked returns a request of a phone, by its number, to a server, by its port.
func asked(from int, port uint16, target string) *decode.Record {
	a := netip.AddrFrom4([4]byte{10, 0, byte(from >> 8), byte(from)})
	return &decode.Record{
		Exchange: &httpwire.Exchange{
			Origin: packet.Origin{Interface: &capture.Interface{}, Time: 1e18},
			Client: netip.AddrPortFrom(a, 40000), Server: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), port),
			Target: target, Status: 200,
		},
		Event: &actionurl.Event{Kind: actionurl.Unknown, PhoneIP: a, PhoneKnown: phone.InAddress},
	}
}

func TestPhonesBound(t *testing.T) {
	c := New()
	for i := range maxPhones + 5 {
		c.Record(asked(i, 80, "/"))
	}
	if v := c.Verdict(); len(v.Phones) != maxPhones || len(c.phoneIDs) != maxPhones || !v.Crowded || v.Events != maxPhones+5 {
		t.Errorf("%d phones, crowded: %v", len(v.Phones), v.Crowded)
	}
}

func TestServersBound(t *testing.T) {
	c := New()
	for i := range maxServers + 5 {
		c.Record(asked(0, uint16(i+1), "/"))
	}
	if v := c.Verdict(); len(v.Servers) != maxServers || len(c.byAddr) != maxServers || !v.Crowded {
		t.Errorf("%d servers, crowded: %v", len(v.Servers), v.Crowded)
	}
}

func TestPairsBound(t *testing.T) {
	c := New()
	for i := range maxPairs + 5 {
		c.Record(asked(i/128, uint16(i%128+1), "/"))
	}
	if v := c.Verdict(); len(c.pairs) != maxPairs || !v.Crowded {
		t.Errorf("%d pairs, crowded: %v", len(c.pairs), v.Crowded)
	}
}

func TestFeaturesBound(t *testing.T) {
	c := New()
	for i := range maxFeatures + 5 {
		c.Record(asked(i/maxOfPair, 80, fmt.Sprintf("/%d/%s", i, strings.Repeat("x", maxText))))
	}
	if len(c.features) != maxFeatures || len(c.byText) != maxFeatures {
		t.Errorf("%d features", len(c.features))
	}
	for _, f := range c.features {
		if len(f.text) > maxText {
			t.Fatalf("a feature of %d bytes", len(f.text))
		}
	}
	for i := range maxOfPair + 5 {
		r := asked(0, 80, fmt.Sprintf("/more%d", i))
		r.Status = 400 + i
		c.Record(r)
	}
	if p := c.pairs[0]; len(p.features) != maxOfPair || len(p.failures) != maxOfPair {
		t.Errorf("%d features of a pair, %d failures", len(p.features), len(p.failures))
	}
}

func TestAttemptsBound(t *testing.T) {
	c := New()
	for i := range maxPairs + 5 {
		d := finding.Detail{Name: fmt.Sprint("192.0.2.1:", i)}
		c.Found(&finding.Occurrence{Finding: finding.New(finding.Refused, d), Times: 1})
	}
	v := c.Verdict()
	if len(c.failed) != maxPairs || !v.Crowded {
		t.Errorf("%d attempts, crowded: %v", len(c.failed), v.Crowded)
	}
	if found := c.Findings(); found[0].Count != maxPairs+5 {
		t.Errorf("%d findings", found[0].Count)
	}
}

func TestLatenciesBound(t *testing.T) {
	var l latencies
	for i := range maxExact + 5 {
		l.add(int64(i) * 1e6)
	}
	if l.exact != nil || l.n != maxExact+5 {
		t.Errorf("%d latencies of %d are kept as they are", len(l.exact), l.n)
	}
}

// As many pairs as are kept, each failing in as many ways as it can.
func TestFailuresBound(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	c := New()
	for i := range maxPairs {
		for status := range maxOfPair {
			r := asked(i%maxPhones, uint16(i%maxServers+1), fmt.Sprintf("/%d/%s", (i+status)%maxFeatures, strings.Repeat("x", maxText)))
			r.Status = 400 + status
			c.Record(r)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int(after.HeapAlloc) - int(before.HeapAlloc); grown > 12<<20 {
		t.Errorf("%d MiB", grown>>20)
	}
	if v := c.Verdict(); len(c.pairs) != maxPairs || c.ways != maxFailures || !v.Crowded {
		t.Errorf("%d pairs, %d ways to fail, crowded: %v", len(c.pairs), c.ways, v.Crowded)
	}
	runtime.KeepAlive(c)
}
