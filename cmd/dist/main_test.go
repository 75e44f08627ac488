package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The copyright file names each module that the program is linked with, on each
// platform, and no other.
func TestCopyright(t *testing.T) {
	data, err := own.ReadFile("copyright")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		if name, indented := strings.CutPrefix(line, "  "); indented {
			named[strings.Fields(name)[0]] = true
		}
	}
	linked := map[string]bool{}
	for _, target := range platforms {
		system, arch, _ := strings.Cut(target, "/")
		cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", "actionurl/cmd/actionurl")
		cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+arch, "CGO_ENABLED=0", "GOFLAGS=")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, module := range strings.Fields(string(out)) {
			linked[module] = true
		}
	}
	for module := range linked {
		if !named[module] {
			t.Errorf("the copyright file lacks %s", module)
		}
	}
	for module := range named {
		if !linked[module] {
			t.Errorf("the copyright file names %s, which is not linked", module)
		}
	}
}

// The dashboard asks for metrics that there are.
func TestDashboard(t *testing.T) {
	data, err := own.ReadFile("files/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(data) {
		t.Fatal("not JSON")
	}
	source, err := os.ReadFile("../actionurl/internal/metrics/metrics.go")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`actionurl_[a-z_]+`).FindAllString(string(data), -1)
	if len(names) < 8 {
		t.Errorf("the dashboard asks for %d metrics", len(names))
	}
	for _, name := range names {
		rest, ofInterface := strings.CutPrefix(name, "actionurl_interface_")
		if !strings.Contains(string(source), `"`+name) && !strings.Contains(string(source), "`"+name) && !(ofInterface && strings.Contains(string(source), `"`+rest+`"`)) {
			t.Errorf("no metric is called %s", name)
		}
	}
}

// Archives of the same files are the same, and hold no other time.
func TestArchives(t *testing.T) {
	date := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	var all [2]string
	for i := range all {
		var out bytes.Buffer
		to := newTarred(&out, date)
		for _, name := range []string{"a", "b/c"} {
			if err := to.add(name, name == "a", []byte("data")); err != nil {
				t.Fatal(err)
			}
		}
		if err := to.Close(); err != nil {
			t.Fatal(err)
		}
		all[i] = out.String()
	}
	if all[0] != all[1] {
		t.Error("two archives differ")
	}
	tar := exec.Command("tar", "tzv", "--utc")
	tar.Stdin = strings.NewReader(all[0])
	out, err := tar.Output()
	if err != nil {
		t.Skip(err)
	}
	if got := string(out); !strings.Contains(got, "-rwxr-xr-x") || strings.Count(got, "2026-03-02 08:00") != 2 {
		t.Errorf("tar finds\n%s", got)
	}
}
