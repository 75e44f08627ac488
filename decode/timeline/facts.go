package timeline

import (
	"hash/maphash"

	"actionurl/decode/actionurl"
)

// facts are what an event says about its call.
type facts struct {
	actionurl.Sides
	id         string
	idHash     uint64 // 0 for none; of 63 bits, so that it is as good as the id
	remoteHash uint32 // of the other side's number; 0 for none
	localHash  uint32 // of what is the other side's number if the phone called; 0 for none
	own        uint32 // of the phone's account or number; 0 for none
}

// read reads what an event says.
func (t *Timeline) read(e *actionurl.Event) facts {
	s := facts{Sides: e.Sides, id: e.CallID}
	s.idHash, s.remoteHash = t.hash(s.id), uint32(t.hash(bare(s.Remote)))
	own := s.Account
	if s.ByCaller {
		s.localHash = uint32(t.hash(bare(s.Local)))
	} else if own == "" {
		own = s.Local
	}
	s.own = uint32(t.hash(bare(own)))
	return s
}

// hash returns a number that stands for a text, 0 for the empty one. Its lower
// half is enough where texts differ in other ways, too.
func (t *Timeline) hash(s string) uint64 {
	if s == "" {
		return 0
	}
	return maphash.String(t.seed, s) | 1
}

// bare returns a number without what only some events of a call have: the plus
// sign, and the space that servers make of it.
func bare(number string) string {
	for number != "" && plus(number[0]) {
		number = number[1:]
	}
	for number != "" && plus(number[len(number)-1]) {
		number = number[:len(number)-1]
	}
	return number
}

func plus(c byte) bool { return c == '+' || c == ' ' }
