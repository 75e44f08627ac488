package main

import (
	"cmp"
	"debug/buildinfo"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed files copyright
var own embed.FS

// A release is what all platforms share.
type release struct {
	temp    string
	version string // without a v
	date    time.Time
	files   []file // sorted by name
}

// A file is one of a package, with its slash-separated name there.
type file struct {
	name string
	data []byte
}

// newRelease builds the program for this machine, and has it write what goes
// into every package.
func newRelease(temp string) (*release, error) {
	r := &release{temp: temp}
	program, err := r.build(runtime.GOOS + "/" + runtime.GOARCH)
	if err != nil {
		return nil, err
	}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return nil, err
	}
	r.version = "0.0.0-devel"
	if v := strings.TrimPrefix(info.Main.Version, "v"); v != "" && v != "(devel)" {
		r.version = v
	}
	r.date = time.Unix(315532800, 0).UTC() // 1980, the earliest of a zip file
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			if r.date, err = time.Parse(time.RFC3339, s.Value); err != nil {
				return nil, err
			}
		}
	}
	if s, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		r.date = time.Unix(s, 0).UTC()
	}
	if err := r.documents(program); err != nil {
		return nil, err
	}
	licenses, err := licenses(info)
	if err != nil {
		return nil, err
	}
	r.add("licenses.txt", licenses)
	for _, name := range []string{"README.md", "testdata/profiles/site.yaml"} {
		data, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil {
			return nil, fmt.Errorf("%w; run dist at the top of the project", err)
		}
		r.add(strings.Replace(name, "testdata/profiles/site", "profile", 1), data)
	}
	err = fs.WalkDir(own, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := own.ReadFile(name)
		r.add(path.Base(name), data)
		return err
	})
	slices.SortFunc(r.files, func(a, b file) int { return cmp.Compare(a.name, b.name) })
	return r, err
}

func (r *release) add(name string, data []byte) { r.files = append(r.files, file{name, data}) }

// file returns a file by its name.
func (r *release) file(name string) []byte {
	for _, f := range r.files {
		if f.name == name {
			return f.data
		}
	}
	return nil
}

// build builds the program for a platform, and returns its name.
func (r *release) build(target string) (string, error) {
	system, arch, _ := strings.Cut(target, "/")
	program := filepath.Join(r.temp, system+"-"+arch)
	stamp := "-buildvcs=auto" // the commit and its time
	if exec.Command("git", "status", "--porcelain").Run() != nil {
		stamp = "-buildvcs=false" // go would fail, too
	}
	cmd := exec.Command("go", "build", "-trimpath", stamp, "-ldflags=-s -w -buildid=", "-o", program, "./cmd/actionurl")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOOS="+system, "GOARCH="+arch)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go build for %s: %w", target, err)
	}
	return program, nil
}

// documents has the program write its manual pages, completion and schema.
func (r *release) documents(program string) error {
	man := filepath.Join(r.temp, "man")
	if err := os.Mkdir(man, 0o777); err != nil {
		return err
	}
	if _, err := r.run(program, "man", man); err != nil {
		return err
	}
	pages, err := os.ReadDir(man)
	if err != nil {
		return err
	}
	for _, page := range pages {
		data, err := os.ReadFile(filepath.Join(man, page.Name()))
		if err != nil {
			return err
		}
		r.add("man/"+page.Name(), data)
	}
	for name, args := range map[string][]string{
		"completion/actionurl.bash": {"completion", "bash"},
		"completion/_actionurl":     {"completion", "zsh"},
		"completion/actionurl.fish": {"completion", "fish"},
		"completion/actionurl.ps1":  {"completion", "powershell"},
		"events.schema.json":        {"schema"},
	} {
		data, err := r.run(program, args...)
		if err != nil {
			return err
		}
		r.add(name, data)
	}
	return nil
}

func (r *release) run(program string, args ...string) ([]byte, error) {
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.date.Unix()), "LC_ALL=C")
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := err.(*exec.ExitError); ok {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return nil, fmt.Errorf("actionurl %s: %w", strings.Join(args, " "), err)
	}
	return out, nil
}

// licenses returns the license texts of all modules that the program is made of,
// as these demand.
func licenses(info *buildinfo.BuildInfo) ([]byte, error) {
	var all strings.Builder
	goRoot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	dirs := map[string]string{"Go " + info.GoVersion: strings.TrimSpace(string(goRoot))}
	names := []string{"Go " + info.GoVersion}
	for _, m := range info.Deps {
		out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", m.Path).Output()
		if err != nil {
			return nil, fmt.Errorf("go list -m %s: %w", m.Path, err)
		}
		name := m.Path + " " + m.Version
		names = append(names, name)
		dirs[name] = strings.TrimSpace(string(out))
	}
	for _, name := range names {
		text, err := license(dirs[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(&all, "%s\n%s\n\n%s\n\n", name, strings.Repeat("=", len(name)), strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")))
	}
	return []byte(all.String()), nil
}

// license returns the license text in a folder, and what belongs to it.
func license(folder string) (string, error) {
	files, err := os.ReadDir(folder)
	if err != nil {
		return "", err
	}
	var texts []string
	for _, f := range files {
		name := strings.ToLower(f.Name())
		if f.IsDir() || !strings.HasPrefix(name, "licen") && !strings.HasPrefix(name, "copying") && !strings.HasPrefix(name, "notice") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil {
			return "", err
		}
		texts = append(texts, strings.TrimSpace(string(data)))
	}
	if len(texts) == 0 {
		return "", fmt.Errorf("no license in %s", folder)
	}
	return strings.Join(texts, "\n\n"), nil
}
