package redact

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"

	"actionurl/decode/packet"
)

// Bounds on what a book keeps, 128 MiB in all.
const (
	// maxKnown bounds the values, each in all its spellings: 262,144 of about 200
	// bytes with their place in an index, 50 MiB.
	maxKnown = 256 << 10
	// maxBytes bounds the texts of values beyond that, in bytes: 32 MiB.
	maxBytes = 32 << 20
	// maxTyped bounds the MAC addresses, and the IP addresses: 262,144 of each of
	// about 80 bytes, 40 MiB.
	maxTyped = 256 << 10
	// maxFolded is the longest value that is found in texts, in bytes. Of longer
	// ones a hash is kept.
	maxFolded = 256
	// maxCaptures bounds the names of captures, and maxCapture is the longest that is
	// kept, in bytes, as a path has: 4,096 of about 100 bytes, 16 MiB at most.
	maxCaptures = 4 << 10
	maxCapture  = 4 << 10
)

// A class is what a pseudonym stands for.
type class uint8

const (
	aSecret class = iota
	aNumber
	aName
	aValue
	aCall
	aHost
	aCapture
	aMAC
	anAddress
	classes
)

func (c class) String() string {
	return [...]string{"secret", "number", "name", "value", "call", "host", "capture", "mac", "address"}[c]
}

// set returns which sets a class is of: one of them is enough.
func (c class) set() Set {
	switch c {
	case aSecret:
		return Secrets
	case aNumber:
		return Numbers
	case aName, aValue:
		return Names
	case aHost: // people name hosts after people
		return Addresses | Names
	case aCall: // of numbers, counters and addresses
		return Numbers | Names | Addresses
	case aCapture: // people name files after whatever they look for
		return All
	}
	return Addresses
}

// A book has the pseudonyms of values.
type book struct {
	key    []byte            // nil for numbers in order of appearance
	known  map[string]string // pseudonyms by folded value
	macs   map[packet.MAC]packet.MAC
	addrs  map[netip.Addr]netip.Addr
	counts [classes]uint64
	bytes  int // of the values
	beyond int // values without room
}

func newBook(key []byte) book {
	return book{key: key, known: map[string]string{}, macs: map[packet.MAC]packet.MAC{}, addrs: map[netip.Addr]netip.Addr{}}
}

// find returns the pseudonym of a value, empty for none.
func (b *book) find(value string) string { return b.known[folded(value)] }

// of returns the pseudonym of a value, which becomes known.
func (b *book) of(c class, value string) string {
	key := folded(value)
	if known := b.known[key]; known != "" {
		return known
	}
	pseudonym := b.make(c, key)
	b.keep(key, pseudonym)
	return pseudonym
}

// also makes another spelling of a value known.
func (b *book) also(spelling, pseudonym string) {
	if key := folded(spelling); b.known[key] == "" {
		b.keep(key, pseudonym)
	}
}

// make returns a pseudonym that is not used, or, with a key, the one of the value.
func (b *book) make(c class, value string) string {
	if b.key != nil {
		sum := b.sum(c, value)
		return c.String() + "-" + hex.EncodeToString(sum[:6])
	}
	if b.full() {
		return c.String() + "-beyond"
	}
	b.counts[c]++
	return c.String() + "-" + strconv.FormatUint(b.counts[c], 10)
}

func (b *book) full() bool { return len(b.known) >= maxKnown || b.bytes >= maxBytes }

func (b *book) keep(key, pseudonym string) {
	if b.full() {
		b.beyond++
		return
	}
	key = strings.Clone(key)
	b.known[key] = pseudonym
	b.bytes += len(key) + len(pseudonym)
}

// sum returns the HMAC (RFC 2104) of a value with SHA-256.
func (b *book) sum(c class, value string) [sha256.Size]byte {
	h := hmac.New(sha256.New, b.key)
	h.Write(append([]byte{byte(c)}, value...))
	return [sha256.Size]byte(h.Sum(nil))
}

// mac returns the pseudonym of a MAC address: one of a group that is administered
// locally, as no phone has it (IEEE 802, clause 8.4).
func (b *book) mac(m packet.MAC) packet.MAC {
	if m.IsZero() {
		return m
	}
	if known, ok := b.macs[m]; ok {
		return known
	}
	pseudonym := packet.MAC{0x03}
	switch {
	case b.key != nil:
		sum := b.sum(aMAC, string(m[:]))
		copy(pseudonym[1:], sum[:])
	case len(b.macs) >= maxTyped:
		pseudonym = packet.MAC{0x03, 0xff, 0xff, 0xff, 0xff, 0xff}
	default:
		b.counts[aMAC]++
		binary.BigEndian.PutUint32(pseudonym[2:], uint32(b.counts[aMAC]))
	}
	if len(b.macs) >= maxTyped {
		b.beyond++
		return pseudonym
	}
	b.macs[m] = pseudonym
	return pseudonym
}

// addr returns the pseudonym of an IP address, add::1 and so on: 0000::/8 is
// reserved (RFC 4291, section 2.4), and nobody has one of these.
func (b *book) addr(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if !a.IsValid() {
		return a
	}
	if known, ok := b.addrs[a]; ok {
		return known
	}
	pseudonym := [16]byte{0x0a, 0xdd}
	switch {
	case b.key != nil:
		sum := b.sum(anAddress, string(a.AsSlice()))
		copy(pseudonym[8:], sum[:])
	case len(b.addrs) >= maxTyped:
		binary.BigEndian.PutUint64(pseudonym[8:], ^uint64(0))
	default:
		b.counts[anAddress]++
		binary.BigEndian.PutUint64(pseudonym[8:], b.counts[anAddress])
	}
	to := netip.AddrFrom16(pseudonym)
	if len(b.addrs) >= maxTyped {
		b.beyond++
		return to
	}
	b.addrs[a] = to
	return to
}

// folded returns the words of a value in lower case with a space between, so that
// all its spellings are one; of a value without words, the value.
func folded(value string) string {
	key := make([]byte, 0, len(value))
	for _, c := range lowered(value) {
		switch {
		case inWord(c):
			key = append(key, c)
		case len(key) > 0 && key[len(key)-1] != ' ':
			key = append(key, ' ')
		}
	}
	if n := len(key); n > 0 && key[n-1] == ' ' {
		key = key[:n-1]
	}
	if len(key) == 0 {
		key = append(append(key, 1), value...)
	}
	if len(key) > maxFolded {
		sum := sha256.Sum256(key)
		return "\x02" + string(sum[:])
	}
	return string(key)
}

// inWord reports whether a byte is of a word: a letter, a digit, or part of a
// character beyond ASCII.
func inWord(c byte) bool { return isDigit(c) || isLetter(c) || c >= 0x80 }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
