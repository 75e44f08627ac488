package report

import (
	"bufio"
	"encoding/csv"
	"io"
)

// csvSink writes RFC 4180: a header, then a line a row, each ended by CRLF. Or it
// writes tabs between the cells, which have none, and no quotes, for cut and awk.
type csvSink struct {
	buffer  *bufio.Writer
	w       *csv.Writer
	tabs    bool
	clock   *Clock
	cells   []string
	scratch []byte
}

var _ Sink = (*csvSink)(nil)

func newCSV(w io.Writer, columns []Column, o Options, tabs bool) (*csvSink, error) {
	buffer := bufio.NewWriterSize(w, bufferSize)
	s := &csvSink{buffer: buffer, w: csv.NewWriter(buffer), tabs: tabs, clock: o.Clock, cells: make([]string, len(columns))}
	s.w.UseCRLF = true
	if o.Continued {
		return s, nil
	}
	for i, c := range columns {
		s.cells[i] = c.Name
	}
	return s, s.write()
}

func (s *csvSink) Row(row []Value) error {
	for i := range row {
		v := &row[i]
		switch v.kind {
		case KindTime, KindMoment:
			s.cells[i] = string(s.clock.appendWide(s.scratch[:0], v.num))
			continue
		}
		s.scratch = v.AppendText(s.scratch[:0], s.clock, false)
		s.cells[i] = Visible(string(s.scratch))
		switch v.kind {
		case KindNumber, KindMillis, KindSeconds:
		default:
			s.cells[i] = tame(s.cells[i])
		}
	}
	return s.write()
}

// write writes the cells as a line.
func (s *csvSink) write() error {
	switch {
	case s.tabs:
		for i, c := range s.cells {
			if i > 0 {
				s.buffer.WriteByte('\t')
			}
			s.buffer.WriteString(c)
		}
		return s.buffer.WriteByte('\n') // the error of any of them
	case len(s.cells) == 1 && s.cells[0] == "":
		// A reader would skip an empty line. The buffer is csv.Writer's own,
		// too, see [bufio.NewWriter].
		_, err := s.buffer.WriteString("\"\"\r\n")
		return err
	}
	return s.w.Write(s.cells)
}

// tame makes sure that no spreadsheet takes a text for a formula: one that
// begins like a formula gets an apostrophe, which spreadsheets hide.
func tame(s string) string {
	if len(s) > 1 && (s[0] == '=' || s[0] == '+' || s[0] == '-' || s[0] == '@') {
		return "'" + s
	}
	return s
}

func (s *csvSink) Flush() error {
	s.w.Flush()
	if err := s.w.Error(); err != nil {
		return err
	}
	return s.buffer.Flush()
}

func (s *csvSink) Close() error { return s.Flush() }
