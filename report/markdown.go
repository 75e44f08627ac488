package report

import (
	"bufio"
	"io"
	"strings"
)

// markdown writes a table of GitHub Flavored Markdown. It is not aligned, which
// would need all rows at once; what renders it does that.
type markdown struct {
	w       *bufio.Writer
	clock   *Clock
	scratch []byte
}

var _ Sink = (*markdown)(nil)

func newMarkdown(w io.Writer, columns []Column, clock *Clock) (*markdown, error) {
	m := &markdown{w: bufio.NewWriterSize(w, bufferSize), clock: clock}
	var names, rule strings.Builder
	for _, c := range columns {
		names.WriteString("| " + markdownEscaper.Replace(c.Name) + " ")
		if c.right {
			rule.WriteString("| ---: ")
		} else {
			rule.WriteString("| --- ")
		}
	}
	_, err := m.w.WriteString(names.String() + "|\n" + rule.String() + "|\n")
	return m, err
}

func (m *markdown) Row(row []Value) error {
	for i := range row {
		m.scratch = row[i].AppendText(m.scratch[:0], m.clock, false)
		m.w.WriteString("| ")
		m.w.WriteString(markdownEscaper.Replace(Visible(string(m.scratch))))
		m.w.WriteByte(' ')
	}
	_, err := m.w.WriteString("|\n") // a bufio.Writer keeps its first error
	return err
}

func (m *markdown) Flush() error { return m.w.Flush() }
func (m *markdown) Close() error { return m.w.Flush() }

// markdownEscaper escapes what Markdown or the HTML in it would act on.
var markdownEscaper = strings.NewReplacer(
	`\`, `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "_", `\_`, "<", "&lt;", ">", "&gt;",
	"&", "&amp;", "[", `\[`, "]", `\]`, "~", `\~`, "$", `\$`, "://", `:\//`, "@", `\@`, "#", `\#`,
)
