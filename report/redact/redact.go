// Package redact replaces what must not be shown by pseudonyms: secrets, numbers,
// names and addresses.
//
// Analysis works on plain values; what it hands out passes through a [Redactor]
// before anything is written (record.go), so that no format, view or summary knows
// of it.
//
//  1. Values of known meaning are replaced as what they are: a number, a display
//     name, an address (value.go).
//  2. A URL is taken apart, and of its parts only those stay that are words of the
//     catalogue or of what URLs are made of (url.go, words.go): what is in doubt is
//     replaced.
//  3. In texts without structure, known values are replaced in whatever spelling, and
//     what looks like an address, a number or a token (text.go).
//
// A value has the same pseudonym all over a run (book.go), so calls, phones and
// groups stay whole. MAC and IP addresses become addresses that nobody has:
// columns keep their types, and whatever reads them works as before.
package redact

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"actionurl/capture"
	"actionurl/decode/timeline"
)

// A Set says what is replaced.
type Set uint8

const (
	Secrets   Set = 1 << iota // tokens, passwords, user:password@
	Numbers                   // of telephones, and SIP users
	Names                     // display names, and values of unknown meaning
	Addresses                 // MAC and IP addresses, and host names

	All = Secrets | Numbers | Names | Addresses
)

// Words returns the names of the sets.
func Words() []string { return []string{"secrets", "numbers", "names", "addresses", "all"} }

// ParseSet reads a list of names with commas between.
func ParseSet(list string) (Set, error) {
	var s Set
	for word := range strings.SplitSeq(list, ",") {
		switch strings.TrimSpace(word) {
		case "secrets":
			s |= Secrets
		case "numbers":
			s |= Numbers
		case "names":
			s |= Names
		case "addresses":
			s |= Addresses
		case "all":
			s |= All
		default:
			return 0, fmt.Errorf("expected some of %s, separated by commas", strings.Join(Words(), ", "))
		}
	}
	return s, nil
}

// leastKey is the fewest bytes of a key that nobody finds by trying.
const leastKey = 16

// ErrKey is the error of New for a key that is too short.
var ErrKey = errors.New("the key has less than 16 bytes; make one with: openssl rand -hex 32")

// maxKey is how many bytes of a key file are read.
const maxKey = 4 << 10

// ReadKey returns the key in a file, without the white space around it. That of an
// empty file is not nil, and so too short.
func ReadKey(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxKey+1))
	if err == nil && len(data) > maxKey {
		err = fmt.Errorf("%s: has more than %d bytes; expected a key", name, maxKey)
	}
	return append([]byte{}, bytes.TrimSpace(data)...), err
}

// Config says what a Redactor replaces.
type Config struct {
	Set  Set
	Key  []byte // makes pseudonyms that are the same over runs; nil for numbers in order of appearance
	Live bool   // captures are interfaces, whose names stay
}

// A Redactor replaces values by pseudonyms. It is safe for concurrent use; what its
// methods return is valid until the next call of the same method, and its strings
// stay valid.
type Redactor struct {
	mu   sync.Mutex
	set  Set
	live bool
	book book

	// Of the record at hand: the version of its phone, which is no address and no
	// number, and the values of its variables, each with what it became.
	kept   string
	values [][2]string
	effort int // bytes of base64 that may still be decoded

	last      *capture.Interface // the latest, and what it became
	redacted  *capture.Interface
	captures  []string          // the names of captures, in order of appearance; at most maxCaptures
	templates map[string]string // texts, and what they became
	room      int               // bytes that further ones may take; see maxTemplates
	phones    map[*timeline.Phone]*timeline.Phone
	calls     map[*timeline.Call]*timeline.Call // those that are not closed

	record record
}

// New returns a Redactor.
func New(c Config) (*Redactor, error) {
	if c.Key != nil && len(c.Key) < leastKey {
		return nil, ErrKey
	}
	return &Redactor{
		set: c.Set, live: c.Live, book: newBook(c.Key), room: maxTemplates,
		templates: map[string]string{}, phones: map[*timeline.Phone]*timeline.Phone{}, calls: map[*timeline.Call]*timeline.Call{},
	}, nil
}

// has reports whether one of the sets is replaced.
func (r *Redactor) has(s Set) bool { return r.set&s != 0 }

// Beyond returns how many values had no room in the book: they share a pseudonym,
// or, with a key, are not found in texts.
func (r *Redactor) Beyond() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.book.beyond
}
