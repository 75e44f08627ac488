package main

import (
	"fmt"
	"io"
	"os"

	"actionurl/capture"
	"actionurl/capture/pcapfile"
)

// An input is the captures of a run.
type input struct {
	sources []capture.Source
	files   []*os.File // that were opened, standard input not included
	size    int64      // bytes in all of them; 0 where that is not known
	readers []*pcapfile.Reader
	follow  bool // somebody may be writing it, so rows are wanted as they come
}

// openInput opens the captures. None is read further than its header if one
// of them cannot be.
func openInput(names []string, stdin io.Reader) (*input, error) {
	in := &input{}
	known := true
	for _, name := range names {
		from := stdin
		if name != "-" {
			f, err := os.Open(name)
			if err != nil {
				in.close()
				return nil, fmt.Errorf("%s: %w", name, cause(err))
			}
			in.files = append(in.files, f)
			from = f
		}
		size, regular := sizeOf(from)
		in.size += size
		known = known && regular
		in.follow = in.follow || !regular
		r, err := pcapfile.Open(name, from)
		if err != nil {
			in.close()
			return nil, err
		}
		in.readers = append(in.readers, r)
		in.sources = append(in.sources, r)
	}
	if !known {
		in.size = 0
	}
	return in, nil
}

// sizeOf returns the size of a regular file.
func sizeOf(r io.Reader) (size int64, regular bool) {
	f, ok := r.(*os.File)
	if !ok {
		return 0, false
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0, false
	}
	return info.Size(), true
}

// offset returns how many bytes were read.
func (in *input) offset() int64 {
	var n int64
	for _, r := range in.readers {
		n += r.Offset()
	}
	return n
}

func (in *input) close() {
	for _, f := range in.files {
		f.Close()
	}
}
