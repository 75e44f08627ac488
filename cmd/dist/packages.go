package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // formats of packages
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

// maintainer is the maintainer of the packages.
const maintainer = "The actionurl maintainers <maintainers@actionurl.org>"

const description = `analyzer for VoIP phones' Action URLs
Phones announce events by HTTP requests to URLs that an administrator has typed
in. actionurl finds these requests in captures, or live on a SPAN port, decodes
their variables into timelines of events and calls, and says why events are
missing.`

// packages makes the deb and the rpm of an architecture.
func (r *release) packages(folder, arch, program string) error {
	stage := filepath.Join(r.temp, "stage-"+arch)
	var contents files.Contents
	add := func(to, kind string, mode os.FileMode, data []byte) error {
		from := filepath.Join(stage, filepath.FromSlash(to))
		if err := os.MkdirAll(filepath.Dir(from), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(from, data, 0o666); err != nil {
			return err
		}
		contents = append(contents, &files.Content{
			Source: from, Destination: to, Type: kind, FileInfo: &files.ContentFileInfo{Mode: mode, MTime: r.date, Owner: "root", Group: "root"},
		})
		return nil
	}
	binary, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	if err := add("/usr/bin/actionurl", "", 0o755, binary); err != nil {
		return err
	}
	for _, f := range r.files {
		to, kind, data := place(f.name), "", f.data
		if to == "" {
			continue
		}
		if strings.HasPrefix(to, "/etc/") {
			kind = files.TypeConfigNoReplace
		}
		if strings.HasPrefix(to, "/usr/share/man/") || strings.HasSuffix(to, ".gz") {
			data = zip9(data)
		}
		if err := add(to, kind, 0o644, data); err != nil {
			return err
		}
	}
	changes := fmt.Sprintf("actionurl (%s-1) unstable; urgency=medium\n\n  * Release %s.\n\n -- %s  %s\n", r.version, r.version, maintainer, r.date.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	if err := add("/usr/share/doc/actionurl/changelog.Debian.gz", "", 0o644, zip9([]byte(changes))); err != nil {
		return err
	}
	for _, format := range []string{"deb", "rpm"} {
		info := nfpm.WithDefaults(&nfpm.Info{
			Name: "actionurl", Arch: arch, Platform: "linux", Version: r.version, Release: "1", Section: "net", Priority: "optional",
			Maintainer: maintainer, Description: description, MTime: r.date,
			Overridables: nfpm.Overridables{Contents: contents, Recommends: []string{"libcap2-bin"}},
		})
		if format == "rpm" {
			info.License = "none chosen; see the file copyright"
			info.Recommends = []string{"libcap"}
			info.RPM.BuildHost = "actionurl"
		}
		for name, script := range map[string]*string{"postinstall.sh": &info.Scripts.PostInstall, "postremove.sh": &info.Scripts.PostRemove} {
			*script = filepath.Join(stage, name)
			if err := os.WriteFile(*script, r.file(name), 0o755); err != nil {
				return err
			}
		}
		packager, err := nfpm.Get(format)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := nfpm.PrepareForPackager(info, format); err != nil {
			return err
		}
		if err := packager.Package(info, &out); err != nil {
			return fmt.Errorf("%s for %s: %w", format, arch, err)
		}
		if err := os.WriteFile(filepath.Join(folder, packager.ConventionalFileName(info)), out.Bytes(), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// place returns where a file stands on a system; empty for one that does not.
func place(name string) string {
	base := filepath.Base(name)
	switch {
	case strings.HasPrefix(name, "man/"):
		return "/usr/share/man/man" + filepath.Ext(name)[1:] + "/" + base + ".gz"
	case name == "completion/actionurl.bash":
		return "/usr/share/bash-completion/completions/actionurl"
	case name == "completion/_actionurl":
		return "/usr/share/zsh/vendor-completions/_actionurl"
	case name == "completion/actionurl.fish":
		return "/usr/share/fish/vendor_completions.d/actionurl.fish"
	case strings.HasSuffix(name, ".service"):
		return "/usr/lib/systemd/system/" + base
	case name == "lintian-overrides":
		return "/usr/share/lintian/overrides/actionurl"
	case strings.HasSuffix(name, ".default"):
		return "/etc/default/" + strings.TrimSuffix(base, ".default")
	case name == "copyright", name == "README.md":
		return "/usr/share/doc/actionurl/" + base
	case name == "licenses.txt":
		return "/usr/share/doc/actionurl/licenses.txt.gz"
	case name == "profile.yaml", name == "dashboard.json", name == "events.schema.json":
		return "/usr/share/doc/actionurl/examples/" + base
	}
	return ""
}

// zip9 compresses data as Debian wants it.
func zip9(data []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level exists
	w.Write(data)
	w.Close()
	return out.Bytes()
}
