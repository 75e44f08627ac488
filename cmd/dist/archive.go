package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// An archive takes the files of a package.
type archive interface {
	add(name string, executable bool, data []byte) error
	Close() error
}

// archive packs the program of a platform with what belongs to it: a zip file for
// Windows, a gzipped tar file for all others.
func (r *release) archive(folder, target, program string) error {
	system, arch, _ := strings.Cut(target, "/")
	name, extension := "actionurl_"+r.version+"_"+system+"_"+arch, ".tar.gz"
	binary := "actionurl"
	if system == "windows" {
		binary, extension = "actionurl.exe", ".zip"
	}
	data, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(folder, name+extension))
	if err != nil {
		return err
	}
	defer out.Close()
	var to archive
	if system == "windows" {
		to = &zipped{zip.NewWriter(out), r.date}
	} else {
		to = newTarred(out, r.date)
	}
	err = to.add(name+"/"+binary, true, data)
	for _, f := range r.files {
		if err == nil && f.belongs(system) {
			err = to.add(name+"/"+f.name, false, f.data)
		}
	}
	if err == nil {
		err = to.Close()
	}
	if err != nil {
		return err
	}
	return out.Close()
}

// belongs reports whether a file is of use on a system.
func (f *file) belongs(system string) bool {
	switch filepath.Ext(f.name) {
	case ".sh", ".default", "": // of the deb and the rpm
		return f.name == "copyright" || strings.HasPrefix(f.name, "completion/")
	case ".service":
		return system == "linux"
	case ".ps1":
		return system == "windows"
	}
	return system != "windows" || !strings.HasPrefix(f.name, "man/") && !strings.HasPrefix(f.name, "completion/")
}

type tarred struct {
	*tar.Writer
	gzip *gzip.Writer
	date time.Time
}

func newTarred(w io.Writer, date time.Time) *tarred {
	g := gzip.NewWriter(w)
	return &tarred{tar.NewWriter(g), g, date}
}

func (t *tarred) add(name string, executable bool, data []byte) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(data)), ModTime: t.date, Format: tar.FormatPAX}
	if executable {
		h.Mode = 0o755
	}
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	_, err := t.Write(data)
	return err
}

func (t *tarred) Close() error {
	if err := t.Writer.Close(); err != nil {
		return err
	}
	return t.gzip.Close()
}

type zipped struct {
	*zip.Writer
	date time.Time
}

func (z *zipped) add(name string, executable bool, data []byte) error {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: z.date}
	h.SetMode(0o644)
	if executable {
		h.SetMode(0o755)
	}
	w, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}
