package redact

import (
	"io"
	"path"
	"slices"
	"strings"
)

// extensions are those of files that a message may name.
var extensions = []string{
	".pcap", ".pcapng", ".cap", ".dump", ".trc", ".ndjson", ".jsonl", ".json", ".gz", ".zst", ".xz", ".csv", ".tsv", ".md", ".html", ".parquet", ".trace",
	".yaml", ".yml", ".xml", ".cfg", ".txt", ".conf", ".pem", ".key", ".log",
}

// Capture returns what the name of a capture becomes.
func (r *Redactor) Capture(name string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.capture(name)
}

func (r *Redactor) capture(name string) string {
	switch {
	case name == "" || name == "-":
		return name
	case r.live:
		return r.scan(name, message)
	}
	if len(r.captures) < maxCaptures && len(name) <= maxCapture && !slices.Contains(r.captures, name) {
		r.captures = append(r.captures, strings.Clone(name))
	}
	return r.file(name)
}

// file returns what the name of a file becomes.
func (r *Redactor) file(name string) string {
	ending := path.Ext(strings.TrimSuffix(name, ".gz"))
	if !slices.Contains(extensions, strings.ToLower(ending)) {
		ending = ""
	}
	return r.book.of(aCapture, name) + ending
}

// Files makes the names of further files known to messages, in which nothing else may
// show where they end.
func (r *Redactor) Files(names ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range names {
		if len(name) > 3 && strings.ContainsAny(name, "/\\. ") { // else it may be any word, or a dot
			r.captures = append(r.captures, name)
		}
	}
}

// Message returns a message for people without what must not be shown: what is in
// quotes in it, the names of files, what is known, and addresses. Numbers that are
// not known are counts.
func (r *Redactor) Message(s string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.effort = maxEffort
	var names []string // what is replaced already, by the marks that stand for it
	for _, name := range slices.SortedFunc(slices.Values(r.captures), func(a, b string) int { return len(b) - len(a) }) {
		if strings.Contains(s, name) {
			s = strings.ReplaceAll(s, name, mark(len(names)))
			names = append(names, r.file(name))
		}
	}
	s = r.unquoted(s, r.other)
	for i, name := range names {
		s = strings.ReplaceAll(s, mark(i), name)
	}
	return s
}

// mark returns what stands for a name until all else is replaced: nothing is found in
// it.
func mark(n int) string {
	text := []byte{0}
	for ; n >= 0; n-- {
		text = append(text, 1)
	}
	return string(append(text, 0))
}

// unquoted replaces what is in quotes in a text by what it becomes, and what is found
// around.
func (r *Redactor) unquoted(s string, becomes func(string) string) string {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(s, `"`)
		out.WriteString(r.words(before))
		if !ok {
			return out.String()
		}
		quoted, after, closed := strings.Cut(rest, `"`)
		if strings.IndexByte(quoted, 0) < 0 {
			quoted = becomes(quoted)
		}
		out.WriteString(`"` + quoted)
		if !closed {
			return out.String()
		}
		out.WriteByte('"')
		s = after
	}
}

// words replaces the names of files in a text, and what is known.
func (r *Redactor) words(s string) string {
	var out strings.Builder
	for len(s) > 0 {
		n := strings.IndexByte(s, ' ') + 1
		if n == 0 {
			n = len(s)
		}
		word := s[:n]
		name := strings.TrimRight(strings.TrimRight(word, " "), ":;,.")
		if at := strings.Index(name, ":"); at > 0 {
			name = name[:at]
		}
		if ext := strings.ToLower(path.Ext(name)); ext != "" && slices.Contains(extensions, ext) && len(ext) < len(name) || strings.HasPrefix(name, "/") {
			out.WriteString(r.file(name))
			word = word[len(name):]
		}
		out.WriteString(word)
		s = s[n:]
	}
	return r.scan(out.String(), message)
}

// Writer returns a writer of messages, each written whole.
func (r *Redactor) Writer(w io.Writer) io.Writer { return messages{r, w} }

type messages struct {
	r *Redactor
	w io.Writer
}

func (m messages) Write(p []byte) (int, error) {
	if _, err := io.WriteString(m.w, m.r.Message(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}
