package decode

import (
	"fmt"
	"testing"
	"time"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/decode/packet"
)

// A request that nobody answers is told when its time is over, also where no
// frame comes any more.
func TestTimePassesWithoutFrames(t *testing.T) {
	c := capturetest.New()
	c.Conn("192.168.40.50:49152", server).Open().Send(get("/x"))
	sent := c.Frames[3].Time
	var got []string
	p := New(Config{Wire: Wire{ResponseTimeout: 10 * time.Second}}, func(r *Record) error {
		got = append(got, line(r))
		return nil
	})
	if err := p.Batch(batch(c.Frames)); err != nil {
		t.Fatal(err)
	}
	for _, tick := range []struct {
		after time.Duration
		want  string
	}{
		{10 * time.Second, "[]"},
		{10*time.Second + time.Nanosecond, "[4 /x timeout]"},
		{time.Hour, "[4 /x timeout]"},
	} {
		if err := p.Batch(&capture.Batch{Now: sent.Add(tick.after).UnixNano()}); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got) != tick.want {
			t.Errorf("%v after the request: %v, want %s", tick.after, got, tick.want)
		}
	}
}

// Every frame with a TCP segment is told with its connection, and no other.
func TestSegmentsAreTold(t *testing.T) {
	c := capturetest.New()
	k := c.Conn("192.168.40.50:49152", server).Open()
	c.Add(make([]byte, 60)) // no IP packet
	k.Send(get("/x"))
	k.Reply(answer)
	var got []string
	p := New(Config{Wire: Wire{ResponseTimeout: 10 * time.Second, Segment: func(f *capture.Frame, s *packet.Segment) {
		got = append(got, fmt.Sprintf("%d %d>%d", f.Number, s.Src.Port, s.Dst.Port))
	}}}, func(*Record) error { return nil })
	if err := p.Batch(batch(c.Frames)); err != nil {
		t.Fatal(err)
	}
	want := "[1 49152>80 2 80>49152 3 49152>80 5 49152>80 6 80>49152 7 80>49152 8 49152>80]"
	if fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}
