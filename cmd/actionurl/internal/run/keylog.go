package run

import (
	"io"
	"os"
)

// follow returns a reader of a key log that others write: it ends where the log
// ends at present, and goes on from there when it is read again. A pipe is read
// in the background, as nobody knows when something comes.
func follow(log io.Reader) io.Reader {
	if f, ok := log.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return log
		}
	}
	parts := make(chan []byte, 16)
	go func() {
		defer close(parts)
		for {
			part := make([]byte, 4<<10)
			n, err := log.Read(part)
			if n > 0 {
				parts <- part[:n]
			}
			if err != nil {
				return // the capture goes on without more keys
			}
		}
	}()
	return &pipedLog{parts: parts}
}

// A pipedLog reads what has come of a key log.
type pipedLog struct {
	parts <-chan []byte
	rest  []byte
}

// Read implements [io.Reader]. It never waits.
func (l *pipedLog) Read(b []byte) (int, error) {
	if len(l.rest) == 0 {
		select {
		case l.rest = <-l.parts:
		default:
		}
	}
	if len(l.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}
