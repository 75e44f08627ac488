// Package hep sends events to Homer, where they stand beside the SIP messages
// that have the same Call-ID.
//
// A packet is HEP version 3: "HEP3", its length, and chunks, each of a vendor (0),
// a type, its length and a value, all numbers in network order. An event is one
// of the type of logs, with its NDJSON as payload.
package hep

import (
	"encoding/binary"
	"net"
	"sync/atomic"

	"actionurl/decode"
	"actionurl/report"
)

// Types of chunks.
const (
	chunkFamily      = 0x01 // of addresses: 2 IPv4, 10 IPv6
	chunkProtocol    = 0x02 // as in IP
	chunkSource4     = 0x03
	chunkDest4       = 0x04
	chunkSource6     = 0x05
	chunkDest6       = 0x06
	chunkSourcePort  = 0x07
	chunkDestPort    = 0x08
	chunkSeconds     = 0x09
	chunkMicros      = 0x0a
	chunkType        = 0x0b
	chunkAgent       = 0x0c
	chunkPayload     = 0x0f
	chunkCorrelation = 0x11
	chunkNode        = 0x13 // the sensor's name
)

const (
	familyIPv4 = 2
	familyIPv6 = 10
	tcp        = 6
	logs       = 100  // the type of anything other than SIP, RTCP or the like
	agent      = 2026 // the number of capture agents of this kind
)

// DefaultPort is the port of Homer's collectors.
const DefaultPort = "9060"

// maxPacket is the longest packet that is sent, in bytes: what a UDP datagram
// holds. An event that is longer is counted, and not sent.
const maxPacket = 65507

// A Sender sends events in UDP datagrams, each as it comes. Who receives them, and
// whether anybody does, is not known.
type Sender struct {
	to     net.Conn
	sensor string
	rows   *report.Rows[decode.Record]
	line   []byte // of the event, without its line feed
	buf    []byte

	sent, failed atomic.Int64
}

// New returns a Sender to HOST or HOST:PORT, which needs no further right, of what
// the sensor of a name saw, empty for none. The format is NDJSON.
func New(address, sensor string, format report.Format) (*Sender, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		address = net.JoinHostPort(address, DefaultPort)
	}
	to, err := net.Dial("udp", address)
	if err != nil {
		return nil, err
	}
	s := &Sender{to: to, sensor: sensor}
	s.rows, err = report.NewRecords(s, report.Options{Format: format, Sensor: sensor}, report.Events)
	return s, err
}

// Write takes the line of an event.
func (s *Sender) Write(line []byte) (int, error) {
	s.line = append(s.line[:0], line[:max(len(line)-1, 0)]...)
	return len(line), nil
}

// Record sends an event; other requests are not sent. What cannot be sent is
// counted: that nobody listens must not end a run.
func (s *Sender) Record(r *decode.Record) error {
	if r.Event == nil {
		return nil
	}
	if err := s.rows.Write(r); err != nil {
		return err
	}
	if err := s.rows.Flush(); err != nil {
		return err
	}
	s.buf = s.packet(s.buf[:0], r)
	if len(s.buf) > maxPacket {
		s.failed.Add(1)
		return nil
	}
	// An error is that of an earlier datagram, which nobody took.
	if _, err := s.to.Write(s.buf); err != nil {
		if _, err = s.to.Write(s.buf); err != nil {
			s.failed.Add(1)
			return nil
		}
	}
	s.sent.Add(1)
	return nil
}

// packet appends the packet of an event.
func (s *Sender) packet(p []byte, r *decode.Record) []byte {
	client, server := r.Client.Addr().Unmap(), r.Server.Addr().Unmap()
	p = append(p, "HEP3\x00\x00"...)
	family, source, dest := byte(familyIPv4), uint16(chunkSource4), uint16(chunkDest4)
	if client.Is6() {
		family, source, dest = familyIPv6, chunkSource6, chunkDest6
	}
	p = chunk(p, chunkFamily, []byte{family})
	p = chunk(p, chunkProtocol, []byte{tcp})
	p = chunk(p, source, client.AsSlice())
	p = chunk(p, dest, server.AsSlice())
	p = chunk16(p, chunkSourcePort, r.Client.Port())
	p = chunk16(p, chunkDestPort, r.Server.Port())
	p = chunk32(p, chunkSeconds, uint32(r.Time/1e9))
	p = chunk32(p, chunkMicros, uint32(r.Time%1e9/1e3))
	p = chunk(p, chunkType, []byte{logs})
	p = chunk32(p, chunkAgent, agent)
	if id := r.Event.CallID; id != "" {
		p = chunk(p, chunkCorrelation, []byte(id))
	}
	if s.sensor != "" {
		p = chunk(p, chunkNode, []byte(s.sensor))
	}
	p = chunk(p, chunkPayload, s.line)
	binary.BigEndian.PutUint16(p[4:], uint16(len(p)))
	return p
}

// chunk appends a chunk.
func chunk(p []byte, kind uint16, value []byte) []byte {
	p = append(p, 0, 0)
	p = binary.BigEndian.AppendUint16(p, kind)
	p = binary.BigEndian.AppendUint16(p, uint16(6+len(value)))
	return append(p, value...)
}

func chunk16(p []byte, kind, value uint16) []byte {
	return chunk(p, kind, binary.BigEndian.AppendUint16(nil, value))
}

func chunk32(p []byte, kind uint16, value uint32) []byte {
	return chunk(p, kind, binary.BigEndian.AppendUint32(nil, value))
}

// Sent returns how many events were sent, and how many could not be.
func (s *Sender) Sent() (sent, failed int) { return int(s.sent.Load()), int(s.failed.Load()) }

// Close ends it.
func (s *Sender) Close() error { return s.to.Close() }
