// Package profiles loads the files of package profile from the file system, and
// prints what is wrong with them (messages.go).
package profiles

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"actionurl/capture/files"
	"actionurl/decode"
	"actionurl/decode/packet"
	"actionurl/decode/profile"
)

// Load reads files, and those in folders. What cannot be read is an error of the
// result.
func Load(names []string) *profile.Profile {
	l := &loader{parser: profile.NewParser()}
	for _, name := range names {
		if err := l.load(name); err != nil {
			l.fail(name, err)
		}
	}
	return &l.parser.Profile
}

// Configure adds to an analysis what a profile says of phones and servers.
func Configure(a *decode.Analysis, p *profile.Profile) {
	a.Templates = append(a.Templates, p.Templates()...)
	a.Keys, a.PhoneNames, a.ServerNames = map[string]string{}, map[packet.MAC]string{}, map[string]string{}
	for _, k := range p.Keys {
		a.Keys[k.Key] = k.Variable
	}
	for _, n := range p.Phones {
		if mac, ok := packet.ParseMAC(n.Of); ok {
			a.PhoneNames[mac] = n.Name
		}
	}
	for _, n := range p.Servers {
		a.ServerNames[n.Of] = n.Name
	}
}

// A loader reads files into a parser.
type loader struct {
	parser *profile.Parser
	buffer bytes.Buffer // of the file at hand
}

func (l *loader) fail(name string, err error) {
	l.parser.Errors = append(l.parser.Errors, profile.Message{Place: profile.Place{File: name}, Text: files.Cause(err).Error()})
}

// load reads a file or a folder.
func (l *loader) load(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return l.file(name)
	}
	files := 0
	name += string(filepath.Separator) // follows a link
	err = filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			l.fail(path, err)
			return nil
		}
		hidden := strings.HasPrefix(entry.Name(), ".") && path != name
		switch {
		case hidden && entry.IsDir():
			return filepath.SkipDir
		case hidden || entry.IsDir():
			return nil
		}
		files++
		if err := l.file(path); err != nil {
			l.fail(path, err)
		}
		return nil
	})
	if err == nil && files == 0 {
		err = errors.New("the folder has no file; expected profiles or provisioning files")
	}
	return err
}

// file reads a file.
func (l *loader) file(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return errors.New("is a link to a folder; expected a file")
	case info.Size() > profile.MaxFile:
		return fmt.Errorf("the file has %d bytes; expected at most %d", info.Size(), profile.MaxFile)
	}
	l.buffer.Reset()
	// Files that are being written grow, and pipes have no size.
	if _, err := l.buffer.ReadFrom(io.LimitReader(f, profile.MaxFile+1)); err != nil {
		return err
	}
	l.parser.Parse(name, l.buffer.Bytes())
	return nil
}
