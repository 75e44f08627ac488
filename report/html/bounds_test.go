package html

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"actionurl/decode/finding"
	"actionurl/decode/timeline"
	"actionurl/report"
)

func TestTablesBound(t *testing.T) {
	tables := newTables()
	for i := range maxPhones + 5 {
		tables.phone(finding.Phone{Addr: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})}, nil)
	}
	if len(tables.labels) != maxPhones || len(tables.phones) != maxPhones-1 { // 0 is none
		t.Errorf("%d phones", len(tables.phones))
	}
	text := strings.Repeat("x", maxTextSize/100)
	for i := range 200 {
		tables.texts.add(fmt.Sprint(i, text))
		tables.texts.addBytes([]byte(fmt.Sprint(i, text, "y")))
	}
	if tables.texts.size > maxTextSize {
		t.Errorf("%d bytes of texts", tables.texts.size)
	}
}

func TestPageBound(t *testing.T) {
	p := New(nil, report.Options{})
	for i := range maxOpen + 5 {
		p.call(&timeline.Call{First: int64(i)})
	}
	if len(p.open) != maxOpen {
		t.Errorf("%d calls are open", len(p.open))
	}
	for range maxMarks + 5 {
		p.Found(&finding.Occurrence{Place: finding.Place{Time: 1}, Times: 1})
	}
	if len(p.marks) != maxMarks {
		t.Errorf("%d findings have a mark", len(p.marks))
	}
}

// Of each kind of chunk the oldest is dropped when the others have as many rows
// as are kept, or all take too much.
func TestChunksBound(t *testing.T) {
	for _, kind := range []struct {
		name         string
		rows, packed int
		of           func(*Page) *chunks
		pack         func(*Page) error
	}{
		{"events", maxEvents, maxEventsPacked, func(p *Page) *chunks { return &p.events.chunks }, func(p *Page) error {
			p.events.add(1, new([eventColumns]int64))
			return p.events.pack()
		}},
		{"details", maxDetailed, maxDetailsPacked, func(p *Page) *chunks { return &p.details.chunks }, func(p *Page) error {
			p.details.rows = append(p.details.rows, row{})
			return p.details.pack(p.detailed)
		}},
		{"calls", maxCalls, maxCallsPacked, func(p *Page) *chunks { return &p.calls.chunks }, func(p *Page) error {
			p.calls.n, p.calls.text = 1, []byte("[]\n")
			return p.calls.pack()
		}},
	} {
		for _, before := range []chunks{
			{all: []chunk{{rows: 3}, {rows: kind.rows - 1}}, rows: kind.rows + 2},
			{all: []chunk{{rows: 3, data: []byte("x")}}, rows: 3, bytes: kind.packed},
		} {
			p := New(nil, report.Options{})
			*kind.of(p) = before
			if err := kind.pack(p); err != nil {
				t.Fatal(err)
			}
			if n := kind.of(p).dropped; n != 3 {
				t.Errorf("%s: %d rows are dropped", kind.name, n)
			}
		}
	}
}
