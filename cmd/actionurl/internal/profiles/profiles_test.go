package profiles

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Files and folders are read, except hidden ones; what cannot be read is an
// error with its name.
func TestLoad(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	for name, text := range map[string]string{
		"site.yaml": "events: {incoming_call: h/a}\n", "tftp/below/cfg000b82123456.txt": "P8311 = h/b\n",
		"tftp/.hidden": "not a profile", "tftp/.git/x": "not a profile",
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path(name)), 0o777), os.WriteFile(path(name), []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir(path("empty"), 0o777), os.Symlink(dir, path("tftp/link"))); err != nil {
		t.Fatal(err)
	}
	p := Load([]string{path("site.yaml"), path("tftp"), path("missing"), path("empty")})
	var got []string
	for _, b := range p.Bindings {
		got = append(got, b.Template.Kind.Slug+" "+b.Template.Text)
	}
	if want := []string{"incoming_call h/a", "outgoing_call h/b"}; !slices.Equal(got, want) {
		t.Errorf("templates %q, want %q", got, want)
	}
	got = nil
	for _, m := range p.Errors {
		got = append(got, strings.TrimPrefix(m.Place.String(), dir)+" "+m.Text)
	}
	want := []string{"/tftp/link is a link to a folder; expected a file", "/missing no such file or directory", "/empty the folder has no file; expected profiles or provisioning files"}
	if !slices.Equal(got, want) {
		t.Errorf("errors %q, want %q", got, want)
	}
}
