package httpwire

import (
	"bufio"
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// An oracle is what net/http reads in the bytes of a connection: the requests
// and, in the same order, their responses. It stops where it refuses to read
// on, or where this package reads on purpose what it does not, such as chunks in
// HTTP/1.0.
func oracle(client, server []byte) []string {
	var requests []*http.Request
	var lines []string
	for in := bufio.NewReader(bytes.NewReader(client)); ; {
		q, err := http.ReadRequest(in)
		if err != nil || q.ProtoMajor != 1 || !known([]byte(q.Method)) || q.Method == "CONNECT" || q.ProtoMinor != 1 {
			break
		}
		line := q.Method + " " + q.RequestURI + " " + q.Proto
		if q.Host != "" && q.URL.Host == "" { // else Host is taken from there
			line += " host=" + q.Host
		}
		requests, lines = append(requests, q), append(lines, line)
		if _, err := io.Copy(io.Discard, q.Body); err != nil {
			break
		}
	}
	in := bufio.NewReader(bytes.NewReader(server))
	for i := 0; i < len(requests); {
		p, err := http.ReadResponse(in, requests[i])
		if err != nil || p.ProtoMajor != 1 || p.StatusCode < 100 || p.ProtoMinor != 1 {
			break
		}
		if p.StatusCode < 200 && p.StatusCode != 101 {
			continue
		}
		lines[i] += " -> " + p.Status[:3]
		i++
		if _, err := io.Copy(io.Discard, p.Body); err != nil || p.StatusCode == 101 {
			break
		}
	}
	return lines
}

// FuzzExchange compares with net/http what is read in any bytes, however they
// are cut.
func FuzzExchange(f *testing.F) {
	for _, c := range slices.Concat(conversations, segmented) {
		var sides [2]string
		for _, s := range steps(c.script...) {
			sides[s.side] += s.data
		}
		f.Add([]byte(sides[0]), []byte(sides[1]), uint64(1))
	}
	f.Fuzz(func(t *testing.T, client, server []byte, cuts uint64) {
		if len(client) > maxHead/2 || len(server) > maxHead/2 {
			return
		}
		random := rand.New(rand.NewPCG(cuts, 0))
		cut := func(data string) (all []piece) {
			for at := 0; at < len(data); {
				end := min(len(data), at+1+random.IntN(1+random.IntN(200)))
				all = append(all, piece{at, data[at:end]})
				at = end
			}
			for i := 1; i < len(all); i += 2 {
				if random.IntN(4) == 0 {
					all[i-1], all[i] = all[i], all[i-1]
				}
			}
			return all
		}
		read := func(cut func(string) []piece) []string {
			w := newWire()
			for _, s := range append(steps("syn"), step{data: string(client)}, step{side: 1, data: string(server)}) {
				w.play(s, cut)
			}
			w.streams.Flush()
			w.checkEmpty(t)
			var lines []string
			for _, x := range w.found {
				if x.Client == phone.AddrPort() {
					lines = append(lines, describe(x))
				}
			}
			return lines
		}
		want := oracle(client, server)
		for name, got := range map[string][]string{"whole": read(whole), "cut": read(cut), "single bytes": read(bytewise)} {
			for i, line := range want {
				request, status, answered := strings.Cut(line, " -> ")
				if i >= len(got) || !strings.HasPrefix(got[i], request+" ") || answered && !strings.HasSuffix(got[i], " -> "+status) {
					t.Fatalf("%s: want -, got +:\n%s", name, gocmp.Diff(want, got))
				}
			}
		}
	})
}

// FuzzReader interleaves any bytes of both sides, with losses: nothing may be
// left over at the end.
func FuzzReader(f *testing.F) {
	for _, c := range slices.Concat(conversations, segmented) {
		var all []byte
		for _, s := range steps(c.script...) {
			for data := s.data; data != ""; data = data[min(len(data), 127):] {
				n := min(len(data), 127)
				all = append(append(all, byte(s.side)<<7|byte(n)), data[:n]...)
			}
		}
		f.Add(all)
	}
	f.Fuzz(func(t *testing.T, all []byte) {
		w := newWire()
		for _, s := range steps("syn") {
			w.play(s, whole)
		}
		// A byte tells the side and how many bytes follow; none is an FIN, an RST or a loss.
		for len(all) > 0 {
			s := step{}
			n := int(all[0] & 0x7f)
			if all[0] >= 0x80 {
				s.side = 1
			}
			all = all[1:]
			switch {
			case n > 0:
				n = min(n, len(all))
				s.data, all = string(all[:n]), all[n:]
			case len(all) > 0:
				s.fin, s.rst, s.skip = all[0] == 0, all[0] == 1, uint32(all[0])
				all = all[1:]
			}
			w.play(s, whole)
			if len(w.found) > 0 && len(all)%7 == 0 {
				if x := w.found[len(all)%len(w.found)]; !x.Done {
					w.reader.Expire(x)
				}
			}
		}
		w.streams.Flush()
		w.checkEmpty(t)
	})
}
