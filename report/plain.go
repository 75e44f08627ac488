package report

import "io"

// WriteTable writes rows whose columns are of no view. Columns of prose are
// wrapped.
func WriteTable(w io.Writer, o Options, names []string, rows [][]Value) error {
	columns := PlainColumns(names...)
	for i, name := range names {
		if name == "meaning" || name == "hint" {
			columns[i] = columns[i].Wrapped(Prose)
		}
	}
	sink, err := New(w, o, columns)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := sink.Row(row); err != nil {
			return err
		}
	}
	return sink.Close()
}
