package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// An output is where the result goes: standard output, a device, or a file
// that gets its name only when it is whole.
type output struct {
	to     io.Writer
	name   string // for messages
	file   *os.File
	rename string // the file's name to be; empty if it has it
	before func() // called before each write
}

// openOutput opens the output of that name. It must not be one of the inputs.
func openOutput(name string, stdout io.Writer, inputs []os.FileInfo) (*output, error) {
	if name == "-" || name == "" {
		return &output{to: stdout, name: "standard output"}, nil
	}
	out := &output{name: name}
	var err error
	info, missing := os.Stat(name)
	switch {
	case missing == nil && info.IsDir():
		return nil, fmt.Errorf("%s: is a directory; expected the name of a file to write", name)
	case missing == nil && !info.Mode().IsRegular():
		out.file, err = os.OpenFile(name, os.O_WRONLY, 0)
	default:
		for _, in := range inputs {
			if missing == nil && os.SameFile(info, in) {
				return nil, fmt.Errorf("%s: is read as a capture; expected another file to write", name)
			}
		}
		partial := filepath.Join(filepath.Dir(name), fmt.Sprintf(".%s.%d.partial", filepath.Base(name), os.Getpid()))
		out.rename = name
		out.file, err = os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, cause(err))
	}
	out.to = out.file
	return out, nil
}

func (o *output) Write(b []byte) (int, error) {
	if o.before != nil {
		o.before()
	}
	return o.to.Write(b)
}

// commit makes the output final.
func (o *output) commit() error {
	if o.file == nil {
		return nil
	}
	file := o.file
	o.file = nil
	if err := file.Close(); err != nil {
		os.Remove(file.Name())
		return err
	}
	if o.rename != "" {
		return os.Rename(file.Name(), o.rename)
	}
	return nil
}

// abandon removes an output that was not committed.
func (o *output) abandon() {
	if o.file == nil {
		return
	}
	o.file.Close()
	if o.rename != "" {
		os.Remove(o.file.Name())
	}
}

// failed returns the error of a run that could not write. A reader who has
// seen enough, as head has, is none.
func (o *output) failed(err error) error {
	if errors.Is(err, syscall.EPIPE) && o.file == nil {
		return err
	}
	return &statusError{statusFailed, fmt.Errorf("%s: %w", o.name, cause(err))}
}
