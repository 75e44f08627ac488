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
	"time"

	"github.com/VictoriaMetrics/metrics"
	"golang.org/x/net/netutil"

	"actionurl/capture/live"
	"actionurl/decode"
	"actionurl/decode/httpwire"
	"actionurl/report"
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

// A Server serves the counts of a live run, as Prometheus reads them. The
// pipeline sets them; who asks for them reads them, without a lock.
type Server struct {
	set                            *metrics.Set
	frames, requests, bad, crowded *metrics.Counter
	evicted                        *metrics.Counter
	lost                           map[string]*metrics.Counter // by output
	connections, waiting           *metrics.Gauge
	events                         map[string]*metrics.Counter // by slug
	responses                      map[string]*metrics.Counter // by status

	listener net.Listener
	server   http.Server
}

// New begins to serve at an address: on loopback, if that says a port
// alone.
func New(address string) (*Server, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, ErrAddress
	}
	if host == "" {
		host = "127.0.0.1"
	}
	m := &Server{set: metrics.NewSet(), lost: map[string]*metrics.Counter{}, events: map[string]*metrics.Counter{}, responses: map[string]*metrics.Counter{}}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("--metrics: %w", err)
	}
	m.listener = netutil.LimitListener(listener, maxConns)
	m.frames = m.set.NewCounter("actionurl_frames_total")
	m.requests = m.set.NewCounter("actionurl_requests_total")
	m.bad = m.set.NewCounter("actionurl_malformed_frames_total")
	m.evicted = m.set.NewCounter(`actionurl_forgotten_total{what="connections"}`)
	m.crowded = m.set.NewCounter(`actionurl_forgotten_total{what="requests"}`)
	m.connections = m.set.NewGauge("actionurl_connections", nil)
	m.waiting = m.set.NewGauge("actionurl_waiting_bytes", nil)
	m.Gauge("go_goroutines", runtime.NumGoroutine)

	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		m.set.WritePrometheus(w)
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	m.server = http.Server{Handler: mux, ReadTimeout: timeout, WriteTimeout: timeout, IdleTimeout: timeout, MaxHeaderBytes: 8 << 10}
	return m, nil
}

// Addr returns the address at which it serves.
func (m *Server) Addr() string { return m.listener.Addr().String() }

// Serve answers until Close is called.
func (m *Server) Serve(stats func() []live.Stats) {
	for i, s := range stats() {
		of := func(name string, value func(*live.Stats) uint64) {
			m.set.NewGauge(fmt.Sprintf("actionurl_interface_%s{interface=%q}", name, report.Visible(s.Interface)), func() float64 {
				return float64(value(&stats()[i]))
			})
		}
		of("received_frames_total", func(s *live.Stats) uint64 { return s.Received })
		of("dropped_frames_total", func(s *live.Stats) uint64 { return s.Dropped })
		of("unread_frames", func(s *live.Stats) uint64 { return s.Unread })
		of("ring_freezes_total", func(s *live.Stats) uint64 { return s.Freezes })
		of("up", func(s *live.Stats) uint64 {
			if s.State == live.Up {
				return 1
			}
			return 0
		})
	}
	go m.server.Serve(m.listener) // returns when the server is closed
}

// Gauge serves a further value.
func (m *Server) Gauge(name string, value func() int) {
	m.set.NewGauge(name, func() float64 { return float64(value()) })
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
	m.requests.Inc()
	if r.Event == nil {
		return
	}
	m.count(m.events, "actionurl_events_total{event=%q}", r.Event.Kind.Slug)
	status := r.NoResponse.String()
	if r.NoResponse == httpwire.Answered {
		status = strconv.Itoa(r.Status)
	}
	m.count(m.responses, "actionurl_responses_total{status=%q}", status)
}

// count adds one to a counter with a label.
func (m *Server) count(counters map[string]*metrics.Counter, name, label string) {
	if _, known := counters[label]; !known && len(counters) >= maxLabels {
		label = "other"
	}
	c := counters[label]
	if c == nil {
		c = m.set.NewCounter(fmt.Sprintf(name, label))
		counters[label] = c
	}
	c.Inc()
}

// Lost sets how many rows or frames of an output no file has.
func (m *Server) Lost(output string, n int) {
	c := m.lost[output]
	if c == nil {
		c = m.set.NewCounter(fmt.Sprintf("actionurl_lost_rows_total{output=%q}", report.Visible(output)))
		m.lost[output] = c
	}
	c.Set(uint64(n))
}

// Publish sets what a summary says.
func (m *Server) Publish(d decode.Summary) {
	m.frames.Set(uint64(d.Frames))
	m.bad.Set(uint64(d.Malformed))
	m.evicted.Set(uint64(d.Stream.Evicted))
	m.crowded.Set(uint64(d.Crowded))
	m.connections.Set(float64(d.Open))
	m.waiting.Set(float64(d.Waiting))
}
