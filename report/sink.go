package report

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"actionurl/decode"
	"actionurl/decode/finding"
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

// A Format is a way to write rows.
type Format struct {
	Name       string
	Extensions []string // of its files; without the dot, they are names of it, too
	People     bool     // people read it: they see other columns than programs
	Early      bool     // it writes each row as it comes, and so each column that may be empty
	Saves      bool     // [Reader] can show again what it writes
	Whole      bool     // a file of it can only be read when it is whole
	Binary     bool     // it is not for a terminal

	// New returns a Sink that writes rows with these columns to w.
	New func(w io.Writer, o Options, columns []Column) (Sink, error)
	// Run returns what writes a whole run to w, of a format that does not have
	// rows, and no New.
	Run func(w io.Writer, o Options) (Run, error)
}

// A Run takes the events of a run and everything that was made of them. What it
// gets is valid until it returns.
type Run interface {
	Record(*decode.Record) error
	Call(*decode.Call) error
	Found(*finding.Occurrence)
	// Flush writes what can be read before the end.
	Flush() error
	// Close writes the rest.
	Close() error
}

// Formats are formats to choose from.
type Formats []Format

// Plain returns the formats of this package, the default first.
func Plain() Formats {
	return Formats{
		{Name: "table", Extensions: []string{".txt"}, People: true, New: func(w io.Writer, o Options, columns []Column) (Sink, error) {
			return newTable(w, columns, o), nil
		}},
		{Name: "csv", Extensions: []string{".csv"}, New: func(w io.Writer, o Options, columns []Column) (Sink, error) {
			return newCSV(w, columns, o, false)
		}},
		{Name: "tsv", Extensions: []string{".tsv"}, New: func(w io.Writer, o Options, columns []Column) (Sink, error) {
			return newCSV(w, columns, o, true)
		}},
		{Name: "ndjson", Extensions: []string{".ndjson", ".jsonl", ".json"}, Saves: true, New: func(w io.Writer, _ Options, columns []Column) (Sink, error) {
			return newNDJSON(w, columns), nil
		}},
		{Name: "markdown", Extensions: []string{".md", ".markdown"}, People: true, Early: true, New: func(w io.Writer, o Options, columns []Column) (Sink, error) {
			return newMarkdown(w, columns, o.Clock)
		}},
	}
}

// Names returns the names.
func (f Formats) Names() []string {
	names := make([]string, len(f))
	for i := range f {
		names[i] = f[i].Name
	}
	return names
}

// Named returns the format of a name, or none.
func (f Formats) Named(name string) Format {
	for _, format := range f {
		if format.Name == name || slices.Contains(format.Extensions, "."+name) {
			return format
		}
	}
	return Format{}
}

// Of returns the format that the extension of a file means, the default where
// it has none.
func (f Formats) Of(file string) (Format, error) {
	extension := strings.ToLower(filepath.Ext(file))
	if extension == "" || extension == "." || extension == strings.ToLower(filepath.Base(file)) { // .profile has none
		return f[0], nil
	}
	var known []string
	for _, format := range f {
		if slices.Contains(format.Extensions, extension) {
			return format, nil
		}
		known = append(known, format.Extensions...)
	}
	return Format{}, fmt.Errorf("%s: unknown extension %s; expected %s, or use --format", file, extension, strings.Join(known, ", "))
}

// Options say how to write.
type Options struct {
	Format  Format
	Columns string // names with commas between; empty for the view's own, and added to them behind a "+"
	// Variables are those that vars.* stands for; none for those of the first rows.
	// Unlisted, unless nil, counts the values of others.
	Variables []string
	Unlisted  *int
	Clock     *Clock // nil for UTC
	Width     int    // of the terminal, in columns; 0 where there is none
	Color     bool   // what failed is in color
	Grouped   bool   // calls are in groups, which people see
	Name      string // of what was read, as it may be shown; empty for that of the records

	// Sensor is the name of the sensor that these are the records of; empty for
	// that of each record.
	Sensor string
	// Sensors says that the records are of several sensors: tables then have
	// columns that say of which, and what came late.
	Sensors bool

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
	return o.Format.New(w, o, columns)
}
