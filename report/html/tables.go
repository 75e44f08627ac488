package html

import (
	"strconv"
	"strings"

	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/phone"
	"actionurl/decode/timeline"
	"actionurl/report"
)

// A table is texts by number. Number 0 is none, and stands for each beyond the
// bounds.
type table struct {
	numbers map[string]int64
	texts   []string
	size    int
}

const (
	// maxTexts and maxTextSize bound a table: 8,192 texts of 512 KiB, which takes 1.5
	// MiB with its index. There are six.
	maxTexts    = 8 << 10
	maxTextSize = 512 << 10

	// maxPhones bounds the phones: 16,384 of about 250 bytes, and their numbers, 7
	// MiB. The others share a lane.
	maxPhones = 16 << 10
)

func newTable() table { return table{numbers: map[string]int64{"": 0}, texts: []string{""}} }

// add returns the number of a text.
func (t *table) add(text string) int64 {
	n, known := t.numbers[text]
	if known || len(t.texts) == maxTexts || t.size+len(text) > maxTextSize {
		return n
	}
	return t.insert([]byte(text))
}

// addBytes is add for bytes that are used again.
func (t *table) addBytes(text []byte) int64 {
	n, known := t.numbers[string(text)]
	if known || len(t.texts) == maxTexts || t.size+len(text) > maxTextSize {
		return n
	}
	return t.insert(text)
}

func (t *table) insert(text []byte) int64 {
	own, n := string(text), int64(len(t.texts))
	t.numbers[own] = n
	t.texts = append(t.texts, own)
	t.size += len(own)
	return n
}

// tables are the texts that events share. The entries of some are arrays in JSON.
type tables struct {
	texts         table // methods of SIP, reasons, templates and so on
	captures      table
	servers       table
	heads         table // method, version, host, user agent and TLS
	clients       table // address and VLANs
	candidateSets table

	phones   map[phone.Key]int64
	labels   []label // by number
	kinds    []*actionurl.Kind
	kindIDs  map[*actionurl.Kind]int64
	findings []finding.Kind
	foundIDs map[finding.Kind]int64
	sets     []finding.Set
	setIDs   map[finding.Set]int64
	scratch  []byte
}

// A label is what the page says of a phone.
type label struct {
	finding.Phone
	product, version string
	accounts         []string
}

func newTables() *tables {
	return &tables{
		texts: newTable(), captures: newTable(), servers: newTable(), heads: newTable(), clients: newTable(), candidateSets: newTable(),
		phones: map[phone.Key]int64{}, labels: make([]label, 1), kinds: make([]*actionurl.Kind, 1), kindIDs: map[*actionurl.Kind]int64{}, findings: make([]finding.Kind, 1), foundIDs: map[finding.Kind]int64{},
		sets: make([]finding.Set, 1), setIDs: map[finding.Set]int64{0: 0},
	}
}

// phone returns the number of a phone, of which an event may say more.
func (t *tables) phone(p finding.Phone, e *actionurl.Event) int64 {
	key := phone.KeyOf(p.MAC, p.Addr)
	n, known := t.phones[key]
	if !known {
		if len(t.labels) == maxPhones || key == (phone.Key{}) {
			return 0
		}
		n = int64(len(t.labels))
		t.phones[key] = n
		t.labels = append(t.labels, label{Phone: p})
	}
	l := &t.labels[n]
	if l.Name == "" {
		l.Name = p.Name
	}
	if e != nil && l.product == "" && e.PhoneProduct != "" {
		l.product, l.version = strings.Clone(e.PhoneProduct), strings.Clone(e.PhoneVersion)
	}
	return n
}

// accounts notes the accounts of a phone, if it is on the page.
func (t *tables) accounts(p *timeline.Phone) {
	for _, addr := range p.Addresses {
		if n, known := t.phones[phone.KeyOf(p.MAC, addr)]; known {
			t.labels[n].accounts = p.Accounts
		}
	}
}

// server returns the number of a server: its address and its name.
func (t *tables) server(r *decode.Record) int64 {
	key := append(t.scratch[:0], `["`...)
	key = r.Server.AppendTo(key)
	key = report.AppendString(append(key, `",`...), r.Event.ServerName)
	t.scratch = append(key, ']')
	return t.servers.addBytes(t.scratch)
}

// head returns the number of what a request has beside its target.
func (t *tables) head(r *decode.Record) int64 {
	key := report.AppendString(append(t.scratch[:0], '['), r.Method)
	for _, text := range [...]string{r.Version, r.Host, r.UserAgent, r.TLS} {
		key = report.AppendString(append(key, ','), text)
	}
	t.scratch = append(key, ']')
	return t.heads.addBytes(t.scratch)
}

// client returns the number of the address that a request came from, with the
// VLANs around it.
func (t *tables) client(r *decode.Record) int64 {
	key := append(t.scratch[:0], `["`...)
	key = append(r.Client.Addr().AppendTo(key), '"')
	for _, id := range r.VLANs.IDs() {
		key = strconv.AppendUint(append(key, ','), uint64(id), 10)
	}
	t.scratch = append(key, ']')
	return t.clients.addBytes(t.scratch)
}

// kind returns the number of a kind of event.
func (t *tables) kind(k *actionurl.Kind) int64 {
	n, known := t.kindIDs[k]
	if !known && len(t.kinds) < maxTexts {
		n = int64(len(t.kinds))
		t.kindIDs[k] = n
		t.kinds = append(t.kinds, k)
	}
	return n
}

// candidates returns the number of what an event may be.
func (t *tables) candidates(all []*actionurl.Kind) int64 {
	key := t.scratch[:0]
	for _, k := range all {
		key = strconv.AppendInt(append(key, ','), t.kind(k), 10)
	}
	key[0] = '['
	t.scratch = append(key, ']')
	return t.candidateSets.addBytes(t.scratch)
}

// finding returns the number of a kind of finding.
func (t *tables) finding(k finding.Kind) int64 {
	n, known := t.foundIDs[k]
	if !known {
		n = int64(len(t.findings))
		t.foundIDs[k] = n
		t.findings = append(t.findings, k)
	}
	return n
}

// set returns the number of a set of findings.
func (t *tables) set(s finding.Set) int64 {
	n, known := t.setIDs[s]
	if !known && len(t.sets) < maxTexts {
		n = int64(len(t.sets))
		t.setIDs[s] = n
		t.sets = append(t.sets, s)
		for k := range s.All() {
			t.finding(k)
		}
	}
	return n
}

// number returns the number of a phone, 0 if it is not on the page.
func (t *tables) number(p finding.Phone) int64 { return t.phones[phone.KeyOf(p.MAC, p.Addr)] }
