package report

import (
	"io"

	"actionurl/capture"
	"actionurl/decode/verdict"
)

// NewServers returns Rows that write servers to w in the format of o.
func NewServers(w io.Writer, o Options) (*Rows[verdict.Server], error) {
	return newRows(w, o, serverView())
}

// serverView is the view of verdict.Server.
func serverView() *view[verdict.Server] {
	type server = verdict.Server
	latency := func(name string, rank int, of func(*server) int64) field[server] {
		return field[server]{Column: Column{Name: name, Kind: KindMillis, width: 9, right: true, rank: rank}, value: func(s *server) Value {
			if s.Answered == 0 {
				return Value{}
			}
			return Value{kind: KindMillis, num: of(s)}
		}}
	}
	number := func(name string, rank int, of func(*server) int) field[server] {
		return field[server]{Column: Column{Name: name, Kind: KindNumber, width: 6, right: true, rank: rank}, value: func(s *server) Value { return Number(int64(of(s))) }}
	}
	return &view[server]{
		people: "server,phones,events,ok,failed,median_ms,p95_ms,max_ms,findings",
		keys: []field[server]{
			{Column: Column{Name: "server", Kind: KindEndpoint, width: 14, typical: 21, identity: true}, value: func(s *server) Value { return Value{kind: KindEndpoint, of: &s.Addr} }},
			sensors(func(s *server) *capture.Sensors { return &s.Sensors }),
			number("phones", 4, func(s *server) int { return s.Phones }),
			number("events", 0, func(s *server) int { return s.Events }),
			number("ok", 5, func(s *server) int { return s.OK }),
			number("failed", 0, func(s *server) int { return s.Failed }),
			latency("median_ms", 6, func(s *server) int64 { return s.Median }),
			latency("p95_ms", 3, func(s *server) int64 { return s.P95 }),
			latency("max_ms", 2, func(s *server) int64 { return s.Max }),
			{Column: Column{Name: "first_seen", Kind: KindMoment, width: 20}, value: func(s *server) Value { return momentOf(s.First) }},
			{Column: Column{Name: "last_seen", Kind: KindMoment, width: 20}, value: func(s *server) Value { return momentOf(s.Last) }},
			{Column: Column{Name: "findings", Kind: KindFindings, width: 8, rank: 1, optional: true}, value: func(s *server) Value { return setValue(s.Findings) }},
		},
	}
}
