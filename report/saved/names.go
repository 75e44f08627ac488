package saved

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"actionurl/capture/files"
)

// extensions are those of files that are taken from a folder.
var extensions = regexp.MustCompile(`(?i)\.(parquet|(ndjson|jsonl|json)(\.gz|\.zst)?)$`)

// expand returns the names of files: of a folder, those of saved events in it and in
// its folders; of a pattern, the files that match it and those of the folders that
// do, where "**" stands for any folders. Hidden ones are skipped. The order is that
// of names in a folder.
func expand(names []string) ([]string, error) {
	var all []string
	for _, name := range names {
		info, err := os.Stat(name)
		var found []string
		switch {
		case name == "-" || err == nil && !info.IsDir():
			all = append(all, name)
			continue
		case err == nil:
			found, err = walk(name, extensions)
		case wild(name):
			var pattern *regexp.Regexp
			from, rest := fixed(name)
			if pattern, err = compile(rest); err != nil {
				return nil, fmt.Errorf("%s: is not a pattern: %w", name, err)
			}
			found, err = walk(from, pattern)
		default: // its error is that of opening it
			all = append(all, name)
			continue
		}
		switch {
		case err != nil:
			return nil, files.Named(name, err)
		case len(found) == 0:
			return nil, fmt.Errorf("%s: has no saved events (NDJSON or Parquet)", name)
		}
		all = append(all, found...)
	}
	return all, nil
}

// Files returns the files that are read for these names: of folders and patterns, those
// that they stand for.
func Files(names []string) []string {
	all, err := expand(names)
	if err != nil { // which reading them reports
		return names
	}
	return all
}

// holds reports whether a folder, with its folders, or what matches a pattern are
// saved events and no other files.
func holds(name string) bool {
	all, err := walk(name, regexp.MustCompile(""))
	if errors.Is(err, fs.ErrNotExist) && wild(name) {
		all, err = expand([]string{name})
	}
	return err == nil && len(all) > 0 && !slices.ContainsFunc(all, func(name string) bool { return !extensions.MatchString(name) })
}

// wild reports whether a name can be a pattern.
func wild(name string) bool { return strings.ContainsAny(name, wildcards) }

// wildcards begin what stands for several texts in a pattern.
const wildcards = "*?["

// walk returns the files in a folder, or one that a link names, whose paths in it
// match. Opening a pipe there would wait for who writes to it.
func walk(folder string, matches *regexp.Regexp) ([]string, error) {
	folder += string(filepath.Separator)
	var found []string
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		hidden := path != folder && strings.HasPrefix(d.Name(), ".")
		switch {
		case err != nil:
			return err
		case d.IsDir() && hidden:
			return fs.SkipDir
		case d.IsDir() || hidden || d.Type()&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeDevice) != 0:
			return nil
		}
		relative, err := filepath.Rel(folder, path)
		if err == nil && matches.MatchString(filepath.ToSlash(relative)) {
			found = append(found, path)
		}
		return err
	})
	slices.Sort(found)
	return found, err
}

// fixed returns the folder before the first wildcard of a pattern, and the rest of
// the pattern, with slashes.
func fixed(pattern string) (folder, rest string) {
	pattern = filepath.ToSlash(pattern)
	slash := strings.LastIndexByte(pattern[:strings.IndexAny(pattern, wildcards)], '/')
	switch slash {
	case -1:
		return ".", pattern
	case 0:
		return "/", pattern[1:]
	}
	return filepath.FromSlash(pattern[:slash]), pattern[slash+1:]
}

// compile returns the expression for what a pattern means: files, and in folders
// those of saved events.
func compile(pattern string) (*regexp.Regexp, error) {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case strings.HasPrefix(pattern[i:], "**/"):
			b.WriteString("(?:.*/)?")
			i += 2
		case strings.HasPrefix(pattern[i:], "**"):
			b.WriteString(".*")
			i++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '?':
			b.WriteString("[^/]")
		case c == '[':
			end := strings.IndexByte(pattern[i:], ']')
			if end < 2 {
				return nil, errors.New("a [ without ]")
			}
			class := pattern[i+1 : i+end]
			not := strings.HasPrefix(class, "!") || strings.HasPrefix(class, "^")
			b.WriteByte('[')
			if not {
				b.WriteByte('^')
				class = class[1:]
			}
			b.WriteString(strings.ReplaceAll(class, `\`, `\\`) + "]")
			i += end
		default:
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	return regexp.Compile("^" + strings.TrimSuffix(b.String(), "/") + "(?:/.*" + extensions.String() + ")?$")
}

// sensorOf returns the sensor that the folders of a file name, as sensor=NAME;
// nothing where they name none.
func sensorOf(name string) string {
	sensor := ""
	for part := range strings.SplitSeq(filepath.ToSlash(filepath.Dir(name)), "/") {
		if value, ok := strings.CutPrefix(part, "sensor="); ok {
			sensor = value
		}
	}
	return sensor
}
