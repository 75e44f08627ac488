package stream

import (
	"net/netip"

	"actionurl/decode/packet"
)

// resend is the least time, in nanoseconds of capture time, after which a SYN
// is sent again: half of what RFC 6298 (section 2.1) asks for. A copy that
// comes earlier is the capture's, not the sender's.
const resend = 500e6

// An Attempt is a connection that was not established.
type Attempt struct {
	packet.Origin // of the RST or the ICMP message, or of the SYN that was sent last

	Client, Server netip.AddrPort
	ClientMAC      packet.MAC // its address on its link, or a router's; zero where there is none

	// Refused says that the server answered the SYN with an RST. Otherwise it did
	// not answer at all, though the SYN was sent again.
	Refused bool
	// Unheard says that it did answer, and that the client does not know: it sent the
	// SYN again after the answer, and nothing else.
	Unheard bool
	// Rejected is why an ICMP message of By came in place of an answer, in words;
	// empty where none did.
	Rejected string
	By       netip.Addr
	First    int64 // time of the first SYN
	Until    int64 // time up to which no answer was captured
}

// A retry is the latest copy of a SYN whose sender has no answer. At most maxConns of
// 64 bytes are kept: 6 MiB.
type retry struct {
	latest   packet.Origin
	answered bool // before it
}

// tried notes a copy of the SYN of side.
func (a *Assembler) tried(c *Conn, side Side, s *packet.Segment) {
	if s.ACK || a.config.Failed == nil || c.rejected || s.Clock-c.began < resend || c.knows(side) {
		return
	}
	if c.retry == nil {
		c.retry = new(retry)
	}
	c.retry.latest, c.retry.answered = s.Origin, c.halves[side.Other()].synced
}

// answered reports whether the other side has answered the SYN of side, as far
// as the capture shows: also where it holds one direction only, in which side
// acknowledges what the other sent.
func (c *Conn) answered(side Side) bool { return c.halves[side.Other()].seen || c.knows(side) }

// knows reports whether side has an answer to its SYN, as what it sent shows.
func (c *Conn) knows(side Side) bool {
	h, o := &c.halves[side], &c.halves[side.Other()]
	return o.hasAcked || h.next != h.start || h.hasFin
}

// unanswered reports a connection whose repeated SYN had no answer, when the
// connection is forgotten.
func (a *Assembler) unanswered(c *Conn) {
	if c.retry == nil {
		return
	}
	for side := range Side(2) {
		unheard := c.retry.answered && !c.knows(side)
		if c.halves[side].synced && (unheard || !c.answered(side)) {
			a.config.Failed(&Attempt{
				Unheard: unheard, Origin: c.retry.latest, Client: c.Addr(side), Server: c.Addr(side.Other()), ClientMAC: c.retry.latest.Source,
				First: c.began, Until: max(c.retry.latest.Clock, a.mark.Clock),
			})
		}
	}
	c.retry = nil
}

// Rejected takes an ICMP message. It tells of a connection whose SYN it quotes and
// that has no answer, once: the SYN may be sent again.
func (a *Assembler) Rejected(r *packet.Rejection) {
	c, side := a.table.find(&r.Src, &r.Dst)
	if c == nil || a.config.Failed == nil || c.rejected {
		return
	}
	if h := &c.halves[side]; !h.synced || h.start != r.Seq+1 || c.answered(side) {
		return
	}
	c.rejected, c.retry = true, nil
	a.config.Failed(&Attempt{
		Origin: r.Origin, Client: c.Addr(side), Server: c.Addr(side.Other()), ClientMAC: r.Dest,
		Rejected: r.Why, By: packet.Endpoint{Addr: r.By}.AddrPort().Addr(), First: c.began, Until: r.Clock,
	})
}

// refused reports an RST of side that answers a SYN (RFC 9293, section 3.5.2).
func (a *Assembler) refused(c *Conn, side Side, s *packet.Segment) {
	h, o := &c.halves[side], &c.halves[side.Other()]
	if a.config.Failed == nil || h.open || !s.ACK || !o.synced || o.next != o.start || s.Ack != o.start {
		return
	}
	a.config.Failed(&Attempt{
		Origin: s.Origin, Client: c.Addr(side.Other()), Server: c.Addr(side), ClientMAC: s.Dest,
		Refused: true, First: c.began, Until: s.Clock,
	})
}
