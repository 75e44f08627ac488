// Command dist makes what is released: go run ./cmd/dist -o dist.
//
//  1. build.go builds the program for each platform, and has it write its manual
//     pages, its completion and the JSON Schema.
//  2. archive.go packs that for each platform, with the files of files/.
//  3. packages.go makes a deb and an rpm for Linux.
//  4. sbom.go lists what the program is made of, and SHA256SUMS all files.
//
// The same commit gives the same bytes, in whatever folder: nothing but the
// commit's own time is written.
package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	out := flag.String("o", "dist", "`FOLDER` to write to, which must not exist or be empty")
	only := flag.String("platforms", strings.Join(platforms, ","), "`LIST` of platforms to build for")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "dist: unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	}
	if err := dist(*out, strings.Split(*only, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

// platforms are those that are released.
var platforms = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"}

// dist writes everything to a folder.
func dist(folder string, targets []string) error {
	for _, target := range targets {
		if !slices.Contains(platforms, target) {
			return fmt.Errorf("unknown platform %q; expected some of %s", target, strings.Join(platforms, ","))
		}
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	if there, err := os.ReadDir(folder); err != nil || len(there) > 0 {
		return fmt.Errorf("%s: not empty", folder)
	}
	temp, err := os.MkdirTemp("", "actionurl-dist-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	r, err := newRelease(temp)
	if err != nil {
		return err
	}
	for _, target := range targets {
		program, err := r.build(target)
		if err != nil {
			return err
		}
		if err := r.archive(folder, target, program); err != nil {
			return err
		}
		if err := r.bom(folder, target, program); err != nil {
			return err
		}
		if system, arch, _ := strings.Cut(target, "/"); system == "linux" {
			if err := r.packages(folder, arch, program); err != nil {
				return err
			}
		}
	}
	return sums(folder)
}

// sums writes SHA256SUMS, as sha256sum --check reads it.
func sums(folder string) error {
	files, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	var lines strings.Builder
	for _, f := range files {
		in, err := os.Open(filepath.Join(folder, f.Name()))
		if err != nil {
			return err
		}
		h := sha256.New()
		_, err = io.Copy(h, in)
		in.Close()
		if err != nil {
			return err
		}
		fmt.Fprintf(&lines, "%x  %s\n", h.Sum(nil), f.Name())
	}
	return os.WriteFile(filepath.Join(folder, "SHA256SUMS"), []byte(lines.String()), 0o666)
}
