// Package vendor knows the makers of phones: a file for each, with all that is
// particular to it.
//
//  1. Its phones are recognized by user agents ([Read]) and by the blocks of
//     MAC addresses that IEEE assigned to it ([Of]).
//  2. Its settings for Action URLs are keys, each with the event that it is for.
//  3. Its variables have names, a form in which they stand in a URL, and a
//     [Meaning] that is the same for all vendors.
//  4. Its quirks are fields: the longest URL, what $remote means, and so on.
//
// All commands ask this package, so they agree about a phone.
//
// # Adding a vendor
//
//  1. Copy the file of a vendor that is like it (snom.go, mitel.go), and fill
//     in its fields. Events are named by the slugs of package actionurl's
//     catalogue, whose test checks them. Each setting has the grade of its source.
//  2. Add a row for its user agent and its settings to the test beside the file.
//  3. Add a line to all, in list.go.
//
// Nothing else changes. A fact that no field holds needs a new field here, with
// a zero value that suits all other vendors.
package vendor

import (
	"slices"
	"strings"

	"actionurl/decode/packet"
)

// A Grade says how well a fact about phones is known.
type Grade string

const (
	Documented Grade = "documented" // by the vendor
	Observed   Grade = "observed"   // on a phone, or in a published provisioning template
	Inferred   Grade = "inferred"   // from what is beside it; no source shows it
)

// A Vendor is a maker of phones, and what is its own about Action URLs.
type Vendor struct {
	Name  string // as a flag takes it
	Label string

	Agents []string // what user agents begin with, lower case: see Read
	Blocks []string // of MAC addresses: 6 digits or more, lower case with colons
	Silent bool     // its phones announce nothing that is known

	Settings []Setting
	Prefixes []string // what the keys of its settings begin with, of those too that are not known; lower case
	Slips    []string // what people write before its keys, and phones do not know; lower case
	Others   []string // keys that look like its settings, and are of something else; with "*" at the end all that begin so; lower case
	Switches []Switch
	Roots    []string // elements that begin its XML files, where no other vendor has them
	Attr     string   // an attribute that only its settings have in XML
	Private  bool     // its keys mean other things to other vendors: they count only in files known as its own

	Variables []Variable     // empty where the list is not known
	Form      Form           // of a variable in a URL
	Open      bool           // its phones replace more than Variables, such as any of their settings
	MaxURL    int            // bytes of a URL that a phone keeps; 0 where that is not known
	MaxOf     map[string]int // likewise, of the events that have a limit of their own

	Posts  []string          // elements that begin what only its phones post, folded
	Events map[string]string // what that calls events: slugs by name
	Keys   []Variable        // what it calls values

	CallerIsRemote bool // $remote is who called and $local who was called, whichever of them the phone is
	EndsOnHook     bool // nothing but on_hook announces that a call is over
	Fixed          bool // its URLs have no variables: whatever it asks for is one, unless it is a file
	OwnCallIDs     bool // its call ids are handles that other phones have, too
}

// A Setting is the place in a phone's settings for the Action URL of an event.
type Setting struct {
	Key   string // as the vendor writes it
	Event string // slug; empty where it is not known, Any where the request says which it is
	Grade Grade
}

// Any stands for the event of a setting whose URL is that of all events.
const Any = "*"

// A Switch is a setting that keeps phones from sending Action URLs as they are
// known.
type Switch struct {
	Key  string
	Fine []string // values that do not
	Text string   // what others do
}

// Max returns how many bytes of an event's URL a phone keeps, 0 where that is
// not known.
func (v *Vendor) Max(event string) int {
	if n := v.MaxOf[event]; n > 0 {
		return n
	}
	return v.MaxURL
}

// A Form is how a variable is marked in a URL.
type Form uint8

const (
	Dollar  Form = iota // $name
	Dollars             // $$NAME$$
)

// EventOf returns the slug of the event whose setting the vendor calls so,
// without what all its settings begin with; empty for none. Case, spaces,
// hyphens and underscores do not matter.
func (v *Vendor) EventOf(name string) string {
	if len(name) > MaxName {
		return ""
	}
	var room [MaxName]byte
	return events[eventName{v.Name, string(fold(room[:0], name))}]
}

// An eventName is what a vendor calls an event.
type eventName struct{ vendor, name string }

// events are the slugs of events by the names that settings have.
var events = func() map[eventName]string {
	m := map[eventName]string{}
	for _, v := range all {
		for name, slug := range v.Events {
			m[eventName{v.Name, string(fold(nil, name))}] = slug
		}
		for _, s := range v.Settings {
			for _, name := range v.namesOf(s.Key) {
				m[eventName{v.Name, string(fold(nil, name))}] = s.Event
			}
		}
	}
	return m
}()

// namesOf returns what a setting may be called: its key without what all keys of the
// vendor begin with, and that without what only says that it is a URL.
func (v *Vendor) namesOf(key string) []string {
	name := strings.TrimSuffix(key, ".action_uri")
	for _, prefix := range v.Prefixes {
		if hasPrefix(name, prefix) && len(name) > len(prefix) {
			name = name[len(prefix):]
		}
	}
	name = strings.TrimPrefix(name[strings.LastIndexByte(name, '.')+1:], "X_")
	for _, end := range []string{"ActionURL", "_url", "Url", "Uri"} {
		if short := strings.TrimSuffix(name, end); short != name {
			return []string{name, short}
		}
	}
	return []string{name}
}

// Posting returns the vendor whose phones alone post XML with this element, nil
// for none.
func Posting(element string) *Vendor {
	if len(element) > MaxName {
		return nil
	}
	var room [MaxName]byte
	return posting[string(fold(room[:0], element))]
}

var posting = func() map[string]*Vendor {
	m := map[string]*Vendor{}
	for _, v := range all {
		for _, element := range v.Posts {
			m[element] = v
		}
	}
	return m
}()

// All returns the vendors. They and what they point to must not be changed.
func All() []*Vendor { return slices.Clone(all) }

// Named returns the vendor of that name, nil for none.
func Named(name string) *Vendor {
	for _, v := range all {
		if strings.EqualFold(v.Name, name) {
			return v
		}
	}
	return nil
}

// Of returns the vendor of the phone with this MAC address, nil if it is not known.
func Of(mac packet.MAC) *Vendor {
	for _, b := range blocks[beginning(mac)] {
		if b.has(mac) {
			return b.vendor
		}
	}
	return nil
}

// OfText is Of for an address as text, in any form.
func OfText(mac string) *Vendor {
	m, _ := packet.ParseMAC(mac)
	return Of(m)
}

// Title returns the label, empty where no vendor is known.
func (v *Vendor) Title() string {
	if v == nil {
		return ""
	}
	return v.Label
}

// A block is a range of MAC addresses.
type block struct {
	vendor *Vendor
	first  packet.MAC
	bits   int // that all its addresses have in common
}

func (b *block) has(mac packet.MAC) bool {
	for i := range mac {
		keep := min(max(b.bits-8*i, 0), 8)
		if (mac[i]^b.first[i])&^(0xff>>keep) != 0 {
			return false
		}
	}
	return true
}

// beginning returns the first three bytes of a MAC address, as a number: these are
// hashed faster.
func beginning(mac packet.MAC) uint32 { return uint32(mac[0])<<16 | uint32(mac[1])<<8 | uint32(mac[2]) }

// blocks are those of all vendors, by their first three bytes.
var blocks = newBlocks()

func newBlocks() map[uint32][]block {
	m := map[uint32][]block{}
	for _, v := range all {
		for _, text := range v.Blocks {
			b := block{vendor: v}
			for _, c := range []byte(text) {
				digit := strings.IndexByte("0123456789abcdef", c)
				if digit < 0 {
					continue // a colon
				}
				b.first[b.bits/8] |= byte(digit) << (4 - b.bits%8)
				b.bits += 4
			}
			key := beginning(b.first)
			m[key] = append(m[key], b)
		}
	}
	return m
}
