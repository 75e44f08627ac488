// Package decode turns captured frames into records: HTTP requests, and what
// those that are Action URLs announce.
//
// It joins two halves, which know nothing of each other:
//
//		frame ─ wire ─────────────────────▶ Sink ─ analysis ───────────────────────▶ record
//		        packet → stream → httpwire         phone, actionurl → sip
//		                        → sip, tls, dns    → timeline → finding
//
//	 1. Package wire decodes frames up to HTTP requests with their responses, SIP
//	    messages, connections that brought neither, and lookups of names that failed.
//	 2. What passes on is plain data: the arguments of the six methods of
//	    [wire.Sink]. Nothing goes back.
//	 3. Package analysis makes records, calls, phones and findings of it. Saved events
//	    enter there, too.
//
// Each half is one thread without locks. They take turns, or run beside each other:
// relay.go hands what passes on in chunks. The records are the same.
//
// # From a frame to a row
//
//  1. A capture.Source fills a batch with frames that point into its memory.
//  2. packet looks at a few bytes of each frame, and drops RTP and the like. It
//     follows tags and tunnels to a TCP segment or a UDP datagram.
//  3. stream puts the segments of a direction in order; what comes from there are
//     the bytes of a connection, and its holes.
//  4. httpwire reads requests and responses, and pairs them: an Exchange. Its place
//     in the output is the frame that completes the request's head.
//  5. analysis decides whether it is an Action URL, and which event: by templates,
//     the URL's words, SIP. The result is a [Record] with an Event.
//  6. timeline adds it to its call and its phone, finding checks it.
//  7. Package report makes values of the record, and a Sink writes them.
//
// # Bounds
//
// Whatever traffic can grow is bounded by a named constant, in bytes or by a number
// of known size; what is dropped at one is counted in a Summary. In MiB, at most:
//
//	packet     6  fragments
//	stream    27  connections 22 (with their table), segments 4, SYNs that are repeated
//	httpwire  35  connections 14, parts of heads 8, bodies 8, responses and copies 5
//	wire      14  requests that wait for their responses, and for those before them
//	tls       22  handshakes 12, parts of hellos 2 and of records 8; secrets and
//	              sessions 64 more, and of each connection that is decrypted 1 KiB
//	sip       38  calls 25, registrations 9, parts of messages 4
//	relay      4  what has left wire and has not reached analysis
//	analysis  13  requests that wait for SIP 8, silent phones 5
//	phone      9  addresses 7, phones and sources 3
//	actionurl  5  stages of calls
//	timeline  40  phones 14, their texts 5, calls 7, their texts and SIP 11, groups 3
//	finding   23  phones 10, calls 1, connections without requests 8, names 4
//
// That is 236 where each is filled with the largest of its kind, and a verdict on it
// takes 23. All floods of package capturetest side by side fill 161, with a verdict,
// which a test holds.
//
// # Adding a vendor
//
// A vendor is a file of package vendor and a line in its list.go: user agents, MAC
// addresses, settings, variables and quirks. Its test takes a row for its user
// agents and settings; where provisioning files have a new form, package profile
// takes a reader, with a file in its test. See go doc ./decode/vendor.
//
// # Adding a finding
//
// A finding is a file of package finding, with its texts, and a line in its
// catalog; a check reports it. It needs a test that it is found, and one for each
// reason to be silent. What a check remembers is kept by the phone's ID (past) or
// the call's Slot (checked), in fields of that package. See go doc ./decode/finding.
//
// # Adding a format
//
// A format is a package that implements a Sink or a Run of package report, and a
// line in report/formats. It needs golden files, and a test with hostile texts,
// read back by a program that others wrote. See go doc ./report.
//
// # Adding a link type or a tunnel
//
// A link type is a number in capture/link.go and a case in packet/link.go that
// skips to what is inside; a tunnel is a port or protocol number in
// packet/tunnel.go. Bound what is read by the length of the data, and count what
// does not fit as malformed. A live source drops what kernel.go does not pass.
// Tests: a capturetest.Encapsulation, from which
// "cd testdata && go run generate.go" makes testdata/encap/NAME.pcap and which all
// tests of encapsulations then read (with tshark, too), and a row in
// testdata/README.md. The fuzz target of packet starts from these files.
//
// # Adding a stage
//
// A stage is a package that takes what the stage before it gives and imports
// nothing later. It owns its state, has no clock (time comes with the frames), and
// bounds what traffic can grow by a named constant with the sum in bytes; what it
// drops there is counted, in the Summary of its half. A protocol is dispatched in
// wire/demux.go and handed on by a method of [wire.Sink]; a conclusion is called
// from analysis.Analyzer. It needs tests of the smallest inputs, of its bounds, a
// fuzz target, and of the whole in cmd/actionurl's scripts.
//
// # What is measured
//
//	go test -run '^$' -bench . ./decode/...   # ns and allocations of each stage
//	go run ./cmd/bench PROGRAM [OTHER-BUILD]   # processor time and memory of whole runs
//	go test -run '^$' -fuzz FuzzName ./PACKAGE # hostile bytes
//
// The tests themselves hold the bounds: steady state (cmd/actionurl), what a flood
// may keep (bounds_test.go of a package), and no allocation where there must be none.
package decode

import (
	"net/netip"

	"actionurl/capture"
	"actionurl/decode/analysis"
	"actionurl/decode/packet"
	"actionurl/decode/sip"
	"actionurl/decode/stream"
	"actionurl/decode/wire"
)

// The types of the two halves that users of a Pipeline need.
type (
	Wire     = wire.Config
	Analysis = analysis.Config
	Record   = analysis.Record
	Call     = analysis.Call
	Phone    = analysis.Phone
	Loss     = wire.Loss
)

// Config says how to decode.
type Config struct {
	Wire
	Analysis

	// Beside runs analysis beside wire, on a goroutine of its own, until Close or
	// Flush: emit, Call, Found, Lost and what Then takes are called there, in the
	// order and with the results that they have without. Segment is not.
	Beside bool
	// Failed, unless nil, is called there on the first error.
	Failed func()
}

var _ wire.Sink = (*analysis.Analyzer)(nil)

// A Pipeline decodes the frames of one capture, or of several merged by time.
// It is not safe for concurrent use.
type Pipeline struct {
	wire     *wire.Decoder
	relay    *relay
	analysis *analysis.Analyzer

	decoded wire.Summary // of the batches that are analyzed
	now     int64        // the time that they reached
}

// New returns a Pipeline that calls emit with each record, as [analysis.New] does.
func New(c Config, emit func(*Record) error) *Pipeline {
	p := &Pipeline{analysis: analysis.New(c.Analysis, emit)}
	p.relay = &relay{to: p.analysis}
	if c.Beside {
		p.relay.begin(c.Failed)
	}
	if lost := c.Lost; lost != nil {
		c.Lost = func(l Loss) {
			p.relay.do(func() error {
				lost(l)
				return nil
			})
		}
	}
	p.wire = wire.New(c.Wire, p.relay)
	return p
}

// Batch decodes the frames of b, and lets the time pass that it gives. It
// returns the first error of emit, Config.Call or Then, if there was one by now.
func (p *Pipeline) Batch(b *capture.Batch) error {
	p.wire.Batch(b)
	decoded, now := p.wire.Summary(), p.wire.Now()
	return p.Then(func() error {
		p.decoded, p.now = decoded, now
		return p.analysis.Err()
	})
}

// Then calls a function when all batches before are analyzed, unless there was an
// error. It returns the first error, if there was one by now.
func (p *Pipeline) Then(do func() error) error {
	p.relay.do(do)
	return p.relay.error()
}

// HandOn has what came so far analyzed now, and not when there is more of it.
func (p *Pipeline) HandOn() { p.relay.handOn() }

// Close waits until all batches are analyzed. It returns the first error.
func (p *Pipeline) Close() error {
	p.relay.end()
	return p.relay.err
}

// Now returns the time that the batches reached which are analyzed: on which their
// frames agree. It is for the functions that the Pipeline calls, and after Close.
func (p *Pipeline) Now() int64 { return p.now }

// Flush ends the capture: what waits is emitted, and the calls are closed. It
// returns the first error.
func (p *Pipeline) Flush() error {
	if err := p.Close(); err != nil {
		return err
	}
	p.wire.Flush()
	p.decoded = p.wire.Summary()
	return p.analysis.Flush()
}

// Phones returns the phones that announced something, in the order in which
// they were first heard of. As Now it is for the functions that the Pipeline calls.
func (p *Pipeline) Phones() []*Phone { return p.analysis.Phones() }

// Place returns where a segment stands in its stream, while Config.Segment has it.
func (p *Pipeline) Place(s *packet.Segment) stream.Place { return p.wire.Place(s) }

// Role returns what a text that a phone sent at a time is in its SIP calls of
// then, as far as the capture is known by now.
func (p *Pipeline) Role(phone netip.Addr, text string, at int64) sip.Role {
	return p.analysis.Role(phone, text, at)
}
