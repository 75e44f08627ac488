package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Man pages: one of each command and topic, without warnings of groff, with a name
// that whatis finds, and the same bytes each time.
func TestManPages(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Setenv("SOURCE_DATE_EPOCH", "1772438400")
	var first map[string]string
	dir := t.TempDir()
	for range 2 {
		var messages bytes.Buffer
		if status := execute(t.Context(), nil, []string{"man", dir}, nil, &messages, &messages); status != statusDone {
			t.Fatalf("status %d: %s", status, messages.String())
		}
		pages := map[string]string{}
		files, err := filepath.Glob(filepath.Join(dir, "actionurl*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			pages[filepath.Base(file)] = string(data)
			if first != nil && first[filepath.Base(file)] != string(data) {
				t.Errorf("%s differs when it is written again", file)
			}
		}
		first = pages
	}
	for page, has := range map[string]string{
		"actionurl.1": "actionurl-analyze(1)", "actionurl-analyze.1": "actionurl-templates(7)", "actionurl-profile-check.1": "actionurl-profile(5)",
		"actionurl-sniff.1": `\fB-i\fP, \fB--interface\fP`, "actionurl-profile.5": "missed_call", "actionurl-events.5": "capture_end",
		"actionurl-findings.7": "unreachable", "actionurl-columns.7": "sip_delay_ms", "actionurl-status.7": "2026-03-02",
	} {
		if !strings.Contains(first[page], has) {
			t.Errorf("%s does not mention %s", page, has)
		}
	}

	if _, err := exec.LookPath("man"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("man is not installed")
	}
	for page, text := range first {
		file := filepath.Join(dir, page)
		cmd := exec.CommandContext(t.Context(), "man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", file)
		cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
		var warnings bytes.Buffer
		cmd.Stderr = &warnings
		if err := cmd.Run(); err != nil || warnings.Len() > 0 {
			t.Errorf("%s: %v: %s", page, err, warnings.String())
		}
		if out, err := exec.CommandContext(t.Context(), "lexgrog", file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s%s", page, err, out, text)
		}
	}
}
