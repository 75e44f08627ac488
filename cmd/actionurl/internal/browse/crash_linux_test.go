package browse

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"actionurl/report/output/outputtest"
)

// A crash, wherever it is, comes after the terminal is as it was.
func TestCrash(t *testing.T) {
	if raced {
		t.Skip("bubbletea reads its terminal while it restores it after a crash")
	}
	if testing.Short() {
		t.Skip("takes long")
	}
	type crasher func(s *Screen, drawn <-chan struct{})
	for name, crash := range map[string]crasher{
		"run": func(_ *Screen, drawn <-chan struct{}) {
			<-drawn
			panic("in the run")
		},
		"search": func(s *Screen, drawn <-chan struct{}) {
			<-drawn
			func() {
				defer s.store.recovered()
				panic("in a search")
			}()
			time.Sleep(5 * time.Second)
		},
		"drawing": func(s *Screen, drawn <-chan struct{}) {
			<-drawn
			s.store.mu.Lock()
			s.store.index = append(s.store.index, entry{-1, 99}) // a phone that is not there
			s.store.lines.add([]byte(`{"time":"2026-03-02T08:00:00Z","capture":"a","frame":1,"src_ip":"10.0.0.1","src_port":1,"dest_ip":"10.0.0.2","dest_port":80,"method":"GET","host":"x","target":"/","version":"HTTP/1.1","status":200,"latency_ms":1}` + "\n"))
			s.store.changed++
			s.store.mu.Unlock()
			time.Sleep(5 * time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			terminal, user := outputtest.Terminal(t)
			before, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
			if err != nil {
				t.Fatal(err)
			}
			drawn := make(chan struct{})
			var said strings.Builder
			read := make(chan struct{})
			go func() {
				defer close(read)
				b := make([]byte, 4096)
				for {
					n, err := user.Read(b)
					said.Write(b[:n])
					if drawn != nil && strings.Contains(said.String(), "verdict") {
						close(drawn)
						drawn = nil
					}
					if err != nil || strings.Contains(said.String(), "over\r\n") {
						return
					}
				}
			}()
			screen, err := New(Config{Zone: time.UTC, Stdin: terminal, Stdout: terminal, Name: "x"})
			if err != nil {
				t.Fatal(err)
			}
			wait := drawn
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			err = screen.Run(ctx, func(context.Context) error {
				screen.Ready()
				crash(screen, wait)
				return nil
			})
			if err == nil || time.Since(began) > 15*time.Second {
				t.Errorf("%v after %v: %q", err, time.Since(began), said.String())
			}
			after, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
			if err != nil || *after != *before {
				t.Errorf("the terminal is not as it was: %v\n%v\n%v", err, before, after)
			}
			fmt.Fprintln(terminal, "over")
			<-read
			if text := said.String(); !strings.Contains(text, "\x1b[?1049h") || !strings.Contains(text, "\x1b[?1049l") || strings.LastIndex(text, "\x1b[?1049h") > strings.LastIndex(text, "\x1b[?1049l") {
				t.Errorf("the alternate screen is not left: %q", text)
			}
		})
	}
}
