package browse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"actionurl/capture"
	"actionurl/capture/pcapfile"
	"actionurl/cmd/actionurl/internal/run"
	"actionurl/decode"
	"actionurl/decode/packet"
	"actionurl/report"
	"actionurl/report/formats"
)

// save asks where to save what is selected in a list, or else what the cursor is in,
// or with nothing in it the whole list.
func (m *model) save(l *list, r rows, at int) tea.Cmd {
	if at < 0 {
		m.say("nothing to save")
		return nil
	}
	if l.of.view == serversView {
		return m.askSave(report.Servers, nil, "all events")
	}
	ids := l.chosen(r.id(at))
	switch l.of.view {
	case callsView:
		return m.saveCalls(ids)
	case phonesView:
		chosen := m.store.events(func(e entry) bool { return e.phone >= 0 && slices.Contains(ids, int(e.phone)) })
		return m.askSave(report.Phones, chosen, count(len(ids), "phone"))
	}
	if len(l.marked) == 0 {
		ids = nil
		for i := range r.len() {
			ids = append(ids, r.id(i))
		}
	}
	return m.saveEvents(ids)
}

func (m *model) saveCalls(ids []int) tea.Cmd {
	chosen := m.store.events(func(e entry) bool { return e.call >= 0 && slices.Contains(ids, int(e.call)) })
	return m.askSave(report.Calls, chosen, count(len(ids), "call"))
}

func (m *model) saveEvents(ids []int) tea.Cmd {
	return m.askSave(report.Events, ids, count(len(ids), "event"))
}

// askSave asks for the name of a file, and saves requests there, nil for all.
func (m *model) askSave(v report.View, ids []int, what string) tea.Cmd {
	name := "actionurl.pcapng"
	if m.frames.from == nil {
		name = "actionurl.ndjson"
	}
	m.ask = newPrompt("save "+what+" to: ", name, func(m *model, name string) (tea.Cmd, error) {
		name = strings.TrimSpace(name)
		if name == "" {
			return nil, nil
		}
		if filepath.Base(name) != name {
			return nil, fmt.Errorf("files are saved to the current folder; expected a name without %c", filepath.Separator)
		}
		if _, err := os.Stat(name); err == nil {
			return nil, fmt.Errorf("%s already exists; choose another name", name)
		}
		save := func() done { return saveFrames(m.Screen, name, ids) }
		if extension := strings.ToLower(filepath.Ext(name)); extension != ".pcapng" && extension != ".pcap" {
			format, err := formats.All().Of(strings.TrimSuffix(name, ".gz"))
			if err != nil {
				return nil, fmt.Errorf("%w, or .pcapng for frames", err)
			}
			save = func() done { return saveRows(m.Screen, name, format, v, ids) }
		} else if m.frames.from == nil {
			return nil, fmt.Errorf("%s; expected a name that ends in .ndjson, .csv, .md or another format's", m.frames.why)
		}
		m.say("saving %s …", name)
		return func() tea.Msg { return saved(name, save()) }, nil
	})
	return nil
}

// A done is what saving came to.
type done struct {
	n     int
	thing string
	err   error
}

func saved(name string, d done) tea.Msg {
	if d.err != nil {
		return sayMsg(fmt.Sprintf("not saved: %v", d.err))
	}
	return sayMsg(fmt.Sprintf("saved %s to %s", count(d.n, d.thing), name))
}

// saveRows saves requests, or what is made of them, as report would.
func saveRows(s *Screen, name string, format report.Format, v report.View, ids []int) done {
	clock, err := report.NewClock(s.Clock)
	if err != nil {
		return done{err: err}
	}
	c := run.Config{Options: report.Options{Format: format, Clock: clock}, Output: name, Stdout: io.Discard, Stderr: io.Discard}
	c.Decode.ResponseTimeout, c.Decode.SlowResponse = 1, 1 // what was late has been found
	c.Filter.View = v
	if format.Run != nil { // which shows a whole run
		c.Filter.View = report.Events
	}
	c.Complete = format.Name == "ndjson" && v == report.Events
	var wanted map[int]bool
	if ids != nil {
		wanted = make(map[int]bool, len(ids))
		for _, id := range ids {
			wanted[id] = true
		}
		// Nothing but times chooses these, so that what is of no request is left out.
		c.Complete = false
	}
	cursor := newCursor(s.store)
	defer cursor.close()
	at, end := s.store.bounds()
	id, n, nextAside := 0, 0, 0
	c.Only = func(*decode.Record) bool {
		shown := wanted == nil || wanted[id]
		if shown {
			n++
		}
		return shown
	}
	err = run.Again(c, func() (*report.Saved, error) {
		for {
			if line := s.store.aside(nextAside, at, end); line != "" {
				nextAside++
				if saved := cursor.parse([]byte(line)); saved != nil {
					return saved, nil
				}
				continue
			}
			if at >= end {
				return nil, io.EOF
			}
			id = at
			at++
			if saved := cursor.parse(cursor.events.line(id)); saved != nil {
				return saved, nil
			}
		}
	})
	if errors.Is(err, run.ErrDamaged) || errors.Is(err, run.ErrFound) {
		err = nil
	}
	return done{n, "event", err}
}

// aside returns a line beside the requests, if it comes before a request; empty for
// none.
func (s *store) aside(i, before, end int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i < len(s.beside) && (s.beside[i].after <= before || before >= end) {
		return s.beside[i].line
	}
	return ""
}

// A conn is a connection, from the end that sends requests.
type conn struct{ client, server packet.Endpoint }

// saveFrames saves the frames of the connections of requests, around the time of
// each, and the SIP messages of their calls. No ids are all requests.
func saveFrames(s *Screen, name string, ids []int) done {
	if ids == nil {
		ids = s.store.events(func(entry) bool { return true })
	}
	want := map[string]map[conn][][2]int64{} // by capture
	numbers := map[string]map[int]bool{}
	cursor := newCursor(s.store)
	defer cursor.close()
	var captures []string
	add := func(capture string) {
		if numbers[capture] == nil {
			want[capture], numbers[capture] = map[conn][][2]int64{}, map[int]bool{}
			captures = append(captures, capture)
		}
	}
	for _, id := range ids {
		r := cursor.record(id)
		if r == nil {
			continue
		}
		of := frameOf(r)
		add(of.capture)
		c := conn{packet.EndpointOf(of.client), packet.EndpointOf(of.server)}
		span := [2]int64{of.time - before, of.end + after}
		if all := want[of.capture][c]; len(all) > 0 && all[len(all)-1][1] >= span[0] {
			all[len(all)-1][1] = max(all[len(all)-1][1], span[1])
		} else {
			want[of.capture][c] = append(all, span)
		}
		if r.Event != nil && r.Event.SIP.Frame > 0 {
			numbers[of.capture][r.Event.SIP.Frame] = true
		}
	}
	for _, msg := range s.store.messagesOf(s.store.sipOf(ids)) {
		add(msg.capture)
		numbers[msg.capture][int(msg.frame)] = true
	}
	if len(captures) == 0 {
		return done{err: errForgotten}
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // may hold secrets
	if err != nil {
		return done{err: err}
	}
	w := pcapfile.NewWriter(file)
	n := 0
	for _, capture := range captures {
		if err == nil {
			err = copyFrames(s, capture, want[capture], numbers[capture], w, &n)
		}
	}
	err = errors.Join(err, w.Flush(), file.Close())
	if err == nil && n == 0 {
		err = errForgotten
	}
	if err != nil {
		os.Remove(name)
	}
	return done{n, "frame", err}
}

// copyFrames copies the frames that are wanted of a capture.
func copyFrames(s *Screen, name string, want map[conn][][2]int64, numbers map[int]bool, w *pcapfile.Writer, n *int) error {
	in, closer, err := s.frames.from(context.Background(), name)
	if err != nil {
		return err
	}
	defer closer.Close()
	var at *capture.Frame
	wanted := false
	d := packet.NewDecoder(func(seg *packet.Segment) {
		for _, c := range [...]conn{{seg.Src, seg.Dst}, {seg.Dst, seg.Src}} {
			for _, span := range want[c] {
				wanted = wanted || at.Time >= span[0] && at.Time <= span[1]
			}
		}
	}, packet.Config{VXLANPort: s.frames.vxlan})
	var b capture.Batch
	for {
		switch err := in.Next(&b); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		for i := range b.Frames {
			at = &b.Frames[i]
			if at.Interface.Capture != name {
				continue
			}
			wanted = numbers[at.Number]
			d.Decode(at)
			if !wanted {
				continue
			}
			*n++
			if err := w.Frame(at); err != nil {
				return err
			}
		}
	}
}

// sipOf returns what stands for the Call-IDs of the calls of requests.
func (s *store) sipOf(ids []int) map[uint64]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[uint64]bool{}
	for _, id := range ids {
		if i := id - s.lines.first(); i >= 0 && i < len(s.index) {
			if c := s.call(int(s.index[i].call)); c != nil && c.id != 0 {
				all[c.id] = true
			}
		}
	}
	return all
}

// messagesOf returns the SIP messages of Call-IDs, in order.
func (s *store) messagesOf(ids map[uint64]bool) []message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []message
	for i := range s.messages {
		if msg := s.messages[(s.oldest+i)%len(s.messages)]; ids[msg.id] {
			all = append(all, msg)
		}
	}
	return all
}
