// Package parquet writes rows as Parquet, and reads saved events back from it.
//
//  1. A column of package report becomes a column of the file by its kind
//     (schema.go): times are TIMESTAMP(NANOS, UTC), time spans exact decimals,
//     several texts a LIST, variables a MAP; nothing is null.
//  2. Rows fill the pages of all columns at once (sink.go, leaf.go). Pages are
//     compressed when they are full, and are written with their row group.
//  3. [Reader] takes rows apart again, and gives each to package report as the
//     line of NDJSON that it stands for (reader.go, chunk.go): that format says
//     what a key means.
//
// The format is that of github.com/apache/parquet-format, as far as events need
// it: written are data pages of version 1 with the encodings PLAIN,
// RLE_DICTIONARY and DELTA_BINARY_PACKED, Snappy, checksums and the bounds of
// chunks. Also read is what others make of such files: pages of version 2,
// DELTA_LENGTH_BYTE_ARRAY, zstd and gzip, and decimals of a fixed length.
//
// # Why no library
//
// What is read may be hostile. parquet-go v0.32.0 believes the sizes in a file:
// six bytes of a page, or of the footer, make it allocate gigabytes. It would also
// add 9 MiB to a program of 18.
package parquet

import (
	"io"

	"actionurl/report"
)

const (
	// maxPageRows and maxPageBytes end the pages of all columns: at so many rows,
	// or bytes of values.
	maxPageRows  = 8 << 10
	maxPageBytes = 256 << 10 // which the second cache has: 1 MiB made writing a third slower

	// maxGroupRows, maxGroupBytes and maxDictionaries end a row group: at so many
	// rows, bytes of compressed pages, or bytes of dictionaries, each entry with
	// entrySize more. A page may lie over the bounds.
	maxGroupRows    = 128 << 10
	maxGroupBytes   = 4 << 20
	maxDictionaries = 2 << 20

	// maxHeld is what a writer holds at most, with rows of 64 KiB: the row group,
	// and of the pages the values, and what they become when they are encoded and
	// compressed. Slices that grow may have twice as much as they need.
	maxHeld = 2 * (maxGroupBytes + maxDictionaries + 2*maxPageBytes)
)

// What is read is bounded: by the size of the file, and by these.
const (
	maxFooter = 16 << 20  // bytes of the metadata
	maxLeaves = 1 << 10   // columns, and elements of the schema
	maxChunks = 1 << 17   // columns of all row groups, of 64 bytes each: 8 MiB
	maxFixed  = 16        // bytes of a decimal
	maxHeader = 16 << 10  // bytes of the header of a page
	maxPage   = 64 << 20  // bytes of a page, and its values
	maxRead   = 128 << 20 // bytes that the pages take which are open, one for each column
)

// Format returns the format. A file of it can be read when it is closed.
func Format() report.Format {
	return report.Format{
		Name: "parquet", Extensions: []string{".parquet"}, Whole: true, Binary: true, Saves: true,
		New: func(w io.Writer, _ report.Options, columns []report.Column) (report.Sink, error) {
			return newSink(w, columns), nil
		},
	}
}
