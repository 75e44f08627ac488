package run

import (
	"fmt"
	"io"
	"os"

	"actionurl/capture/files"
	"actionurl/decode/tls"
)

// OpenKeys reads files of private keys, and opens a key log; nil for an empty name.
// One of a live run is read on for as long as the program runs.
func OpenKeys(private []string, log string, live bool) (*tls.Secrets, *os.File, error) {
	secrets := tls.NewSecrets()
	for _, name := range private {
		file, err := os.ReadFile(name)
		if err != nil {
			return nil, nil, files.Named(name, err)
		}
		if err := secrets.AddPrivateKey(file); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if log == "" {
		return secrets, nil, nil
	}
	file, err := openLog(log, live)
	if err != nil {
		return nil, nil, files.Named(log, err)
	}
	return secrets, file, nil
}

// openLog opens a key log. Of a named pipe that is read on, the program is a writer
// itself: it need not wait for another, nor does the log end with one.
func openLog(name string, live bool) (*os.File, error) {
	if info, err := os.Stat(name); live && err == nil && info.Mode()&os.ModeNamedPipe != 0 {
		if log, err := os.OpenFile(name, os.O_RDWR, 0); err == nil {
			return log, nil
		}
	}
	return os.Open(name)
}

// follow returns a reader of a key log that others write: it ends where the log
// ends at present, and continues from there when it is read again. A pipe is read
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
