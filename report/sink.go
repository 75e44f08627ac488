package report

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"
)

// bufferSize is the size of a sink's output buffer, in bytes.
const bufferSize = 64 << 10

// A Sink writes rows in one format. It does not close what it writes to.
type Sink interface {
	// Row writes a row, with a value for each column, or keeps it until there
	// is more to write.
	Row([]Value) error
	// Flush writes what is kept, for a reader who waits.
	Flush() error
	// Close writes what is kept and what ends the format.
	Close() error
}

// Formats returns the names of the formats.
func Formats() []string { return []string{"table", "csv", "ndjson", "markdown"} }

// FormatOf returns the format that a file's extension stands for, table if none.
func FormatOf(file string) string {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".csv":
		return "csv"
	case ".ndjson", ".jsonl", ".json":
		return "ndjson"
	case ".md", ".markdown":
		return "markdown"
	}
	return "table"
}

// Options say how to write.
type Options struct {
	Format  string // one of Formats
	Columns string // names with commas between; empty for the view's own
	Clock   *Clock // nil for UTC
	Width   int    // of the terminal, in columns; 0 where there is none
	Grouped bool   // calls are in groups, which people see

	// Complete says that requests are saved with the details of their findings.
	Complete bool

	// Live says that rows are wanted as they come: a table's widths then do not
	// depend on its rows.
	Live bool
	// Height is the number of lines after which a live table shows its header
	// again; 0 for never.
	Height int
	// Continued says that the output has rows of these columns already: CSV
	// then goes without a header.
	Continued bool
}

// New returns a Sink that writes rows with these columns to w.
func New(w io.Writer, o Options, columns []Column) (Sink, error) {
	if o.Clock == nil {
		o.Clock = &Clock{zone: time.UTC}
	}
	switch o.Format {
	case "table":
		return newTable(w, columns, o), nil
	case "csv":
		return newCSV(w, columns, o)
	case "ndjson":
		return newNDJSON(w, columns), nil
	case "markdown":
		return newMarkdown(w, columns, o.Clock)
	}
	return nil, fmt.Errorf("no format is called %q; expected %s", o.Format, strings.Join(Formats(), ", "))
}
