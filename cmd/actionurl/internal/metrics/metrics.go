// Package metrics serves the counts of a live run, as Prometheus reads them.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"actionurl/capture/live"
	"actionurl/decode"
	"actionurl/decode/httpwire"
	"actionurl/report/publish"
)

// maxLabels bounds the events and the statuses that are counted each by itself,
// 300 bytes each. There are not as many; a server may make statuses up.
const maxLabels = 1024

// Bounds on those who ask.
const (
	// maxConns bounds the connections that are open at a time, 64 of about 20 KiB;
	// further ones wait with the system, up to its own bound.
	maxConns = 64

	// timeout bounds how long one may take to ask, to take the answer, and to ask
	// again.
	timeout = 10 * time.Second
)

// ErrAddress is the error of New for what is not an address.
var ErrAddress = errors.New("expected a port such as :9100, or an address and a port")

// A Server serves the counts of a live run, as Prometheus reads them. The pipeline
// sets them; an HTTP request gets a copy, and does not hold it up.
type Server struct {
	mu       sync.Mutex
	families []family
	summary  decode.Summary
	requests int
	events   map[string]int // by slug
	statuses map[string]int // responses by status
	lost     map[string]int // rows by output

	listener net.Listener
	server   http.Server
}

// New begins to listen at an address: on loopback, if that says a port
// alone.
func New(address string) (*Server, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, ErrAddress
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return nil, ErrAddress
	}
	if host == "" {
		host = "127.0.0.1"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("--metrics: %w", err)
	}
	m := &Server{events: map[string]int{}, statuses: map[string]int{}, lost: map[string]int{}, listener: netutil.LimitListener(listener, maxConns)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		w.Write(m.text())
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	m.server = http.Server{Handler: mux, ReadTimeout: timeout, WriteTimeout: timeout, IdleTimeout: timeout, MaxHeaderBytes: 8 << 10}
	return m, nil
}

// Addr returns the address at which it serves.
func (m *Server) Addr() string { return m.listener.Addr().String() }

// Serve answers until Close is called.
func (m *Server) Serve(stats func() []live.Stats) {
	if len(stats()) > 0 {
		m.capture()
		m.interfaces(stats)
	}
	m.Gauge("go_goroutines", "Goroutines of the process.", runtime.NumGoroutine)
	go m.server.Serve(m.listener) // returns when the server is closed
}

// capture adds the counts of what is decoded.
func (m *Server) capture() {
	m.Counter("actionurl_frames_total", "Frames that were read.", func() int { return m.summary.Frames })
	m.Counter("actionurl_malformed_frames_total", "Frames that could not be decoded.", func() int { return m.summary.Malformed })
	m.Counter("actionurl_requests_total", "HTTP requests.", func() int { return m.requests })
	m.Gauge("actionurl_connections", "Connections that are followed.", func() int { return m.summary.Open })
	m.Gauge("actionurl_waiting_bytes", "Bytes that wait for what is missing before them.", func() int { return m.summary.Waiting })
	m.families = append(m.families,
		family{"actionurl_events_total", "Action URLs, by the event that they announce.", counter, "event", counts(m.events)},
		family{"actionurl_responses_total", "Action URLs, by the status of the response or why there is none.", counter, "status", counts(m.statuses)},
		family{"actionurl_lost_rows_total", "Rows or frames that no file has, by output.", counter, "output", counts(m.lost)},
		family{"actionurl_forgotten_total", "What was dropped as there was too much of it.", counter, "what", func(yield func(string, uint64)) {
			yield("connections", uint64(m.summary.Stream.Evicted))
			yield("requests", uint64(m.summary.Crowded))
		}},
	)
}

// interfaces adds the counts of interfaces.
func (m *Server) interfaces(stats func() []live.Stats) {
	for _, f := range []struct {
		name, help string
		kind       kind
		value      func(*live.Stats) uint64
	}{
		{"received_frames_total", "Frames that passed the filter.", counter, func(s *live.Stats) uint64 { return s.Received }},
		{"dropped_frames_total", "Frames that came faster than they were read.", counter, func(s *live.Stats) uint64 { return s.Dropped }},
		{"unread_frames", "Frames that wait in the ring buffer.", gauge, func(s *live.Stats) uint64 { return s.Unread }},
		{"ring_freezes_total", "Times that the ring buffer was full.", counter, func(s *live.Stats) uint64 { return s.Freezes }},
		{"up", "Whether the interface is up.", gauge, func(s *live.Stats) uint64 {
			if s.State == live.Up {
				return 1
			}
			return 0
		}},
	} {
		m.families = append(m.families, family{"actionurl_interface_" + f.name, f.help, f.kind, "interface", func(yield func(string, uint64)) {
			for _, s := range stats() {
				yield(s.Interface, f.value(&s))
			}
		}})
	}
}

// Published serves the counts of what a sensor publishes, before Serve is called.
func (m *Server) Published(counts func() publish.Counts) {
	m.Counter("actionurl_publish_lines_total", "Lines that were to be published.", func() int { return counts().Lines })
	m.Counter("actionurl_publish_acknowledged_total", "Lines that the servers have.", func() int { return counts().Published })
	m.Counter("actionurl_publish_duplicates_total", "Lines that the servers had already.", func() int { return counts().Duplicates })
	m.Counter("actionurl_publish_dropped_total", "Lines that were dropped as the spool was full.", func() int { return counts().Dropped })
	m.Counter("actionurl_publish_refused_total", "Lines that were longer than the servers accept, or damaged in the spool.", func() int { return counts().Refused })
	m.Gauge("actionurl_publish_spooled", "Lines that wait in the spool.", func() int { return counts().Waiting })
}

// Collected serves the counts of what is collected of sensors, before Serve is called.
func (m *Server) Collected(counts func() publish.Collected) {
	m.Counter("actionurl_collect_lines_total", "Lines that were read.", func() int { return counts().Lines })
	m.Counter("actionurl_collect_duplicates_total", "Lines that were read before.", func() int { return counts().Duplicates })
	m.Counter("actionurl_collect_late_total", "Lines that came after their turn.", func() int { return counts().Late })
	m.Counter("actionurl_collect_lost_total", "Lines that are missing in the numbers of a sensor's.", func() int { return counts().Lost })
}

// Gauge serves a further value, before Serve is called.
func (m *Server) Gauge(name, help string, value func() int) { m.single(name, help, gauge, value) }

// Counter serves a further value that only grows, before Serve is called.
func (m *Server) Counter(name, help string, value func() int) { m.single(name, help, counter, value) }

func (m *Server) single(name, help string, kind kind, value func() int) {
	m.families = append(m.families, family{name, help, kind, "", func(yield func(string, uint64)) { yield("", uint64(value())) }})
}

// Close ends the server, with the answers that are being given.
func (m *Server) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if m.server.Shutdown(ctx) != nil {
		m.server.Close()
	}
}

// Record counts a request.
func (m *Server) Record(r *decode.Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests++
	if r.Event == nil {
		return
	}
	count(m.events, r.Event.Kind.Slug)
	status := r.NoResponse.String()
	if r.NoResponse == httpwire.Answered {
		status = strconv.Itoa(r.Status)
	}
	count(m.statuses, status)
}

// count adds one to a counter with a label.
func count(counters map[string]int, label string) {
	if _, known := counters[label]; !known && len(counters) >= maxLabels {
		label = "other"
	}
	counters[label]++
}

// Lost sets how many rows or frames of an output no file has.
func (m *Server) Lost(output string, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lost[output] = n
}

// Publish sets what a summary says.
func (m *Server) Publish(d decode.Summary) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.summary = d
}
