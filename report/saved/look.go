package saved

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"slices"

	"actionurl/capture/files"
	"actionurl/capture/pcapfile"
)

// A Source is what a command reads that takes captures and saved events.
type Source struct {
	Names []string
	Stdin io.Reader
	Saved bool // they are saved events, as the first of them is
}

// Look looks into the first file, or what it stands for. A pipe cannot be read twice:
// it is standard input from then on, decompressed.
func Look(ctx context.Context, names []string, stdin io.Reader) (Source, error) {
	name, in := names[0], Source{Names: names, Stdin: stdin, Saved: extensions.MatchString(names[0])}
	info, err := os.Stat(name)
	switch {
	case name == "-":
	case err != nil || info.IsDir():
		in.Saved = in.Saved && err != nil || holds(name)
		return in, nil
	case !info.Mode().IsRegular() && slices.Contains(names[1:], "-"):
		return in, nil
	}
	from, err := files.NewInput(ctx, stdin, nil).Open(name) // which an interrupt ends
	switch {
	case err != nil && ctx.Err() != nil: // it waited for who writes to a pipe
		return in, nil
	case err != nil:
		return in, err
	}
	begin, piped := io.Reader(from), true
	if at, size := from.At(); at != nil {
		defer from.Close()
		begin, piped = io.NewSectionReader(at, 0, size), false
	}
	plain, err := pcapfile.Decompress(begin)
	switch {
	case err != nil && !piped: // the reader reports it
		return in, nil
	case err != nil && ctx.Err() == nil:
		return in, files.Named(name, err)
	case err != nil: // it has an end
		plain = from
	}
	buffered := bufio.NewReader(plain)
	first, _ := buffered.Peek(4)
	in.Saved = in.Saved || bytes.HasPrefix(first, []byte("{")) || string(first) == "PAR1"
	if piped {
		in.Names, in.Stdin = append([]string{"-"}, names[1:]...), buffered
	}
	return in, nil
}
