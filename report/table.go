package report

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"actionurl/decode/packet"
)

const (
	// sampleRows is how many rows are kept to choose the columns' widths by.
	// At most maxCell bytes of each cell are kept: 200 rows of 10 columns
	// make 1 MiB at the most.
	sampleRows = 200
	maxCell    = 512

	// maxProse is maxCell for a column of sentences. The views that have one
	// have less than 64 rows.
	maxProse = 4 << 10

	// maxColumn is the widest that a column gets where no terminal sets a limit.
	maxColumn = 120

	// gap is the number of blanks between columns.
	gap = 2

	// libraryRows is how many rows of a part tablewriter lays out. It takes 20
	// µs for each, and a day of a busy site has a million.
	libraryRows = 100
)

// table writes rows for people. The widths come from the first rows and the
// terminal; later cells that do not fit are cut with an ellipsis, so that no
// more than the first rows is ever kept. A live table keeps none. A date is
// written above the rows that share it.
type table struct {
	out     *trimmer
	columns []Column
	clock   *Clock
	limit   int // width of the terminal; 0 for none
	live    bool
	color   bool
	screen  int // lines after which the header is shown again; 0 for never
	below   int // lines below the last header
	library int // of which tablewriter lays out so many

	sample []row    // nil once it is laid out
	widths []int    // by column; nil until then
	shown  []int    // indexes of the columns that are shown
	above  []int    // of those that stand once above, where the terminal is narrow
	all    []string // their values, by column; those of other rows follow under a header of their own
	tail   tails    // of MAC addresses, where the terminal is narrow; else 0
	day    string
	part   *tablewriter.Table // of the day; nil until one is begun
	grid   *Grid              // that it is laid out for; nil for none
	cell   []byte
	cells  []string // of the row at hand, once it is laid out
	fits   []string // what is shown of them in a line
	text   []byte   // of a line
}

// A row is its cells, and the day that its times leave out.
type row struct {
	cells  []string
	day    string
	failed bool // its alarm column says so
}

var _ Sink = (*table)(nil)

func newTable(w io.Writer, columns []Column, o Options) *table {
	twwidth.SetEastAsian(false) // widths are those of terminals, not of a locale
	return &table{out: &trimmer{w: w}, columns: columns, clock: o.Clock, limit: o.Width, live: o.Live, color: o.Color, screen: o.Height, library: libraryRows}
}

// Row implements [Sink].
func (t *table) Row(values []Value) error {
	if t.live && t.widths == nil {
		t.fit()
	}
	if t.widths != nil {
		t.cells = slices.Grow(t.cells[:0], len(values))[:len(values)]
		return t.write(t.row(t.cells, values))
	}
	t.sample = append(t.sample, t.row(make([]string, len(values)), values))
	if len(t.sample) < sampleRows {
		return nil
	}
	return t.layOut()
}

// row returns the texts of values, in cells.
func (t *table) row(cells []string, values []Value) row {
	r := row{cells: cells}
	for i := range values {
		v := &values[i]
		if v.kind == KindTime {
			r.day = t.clock.day(v.num)
		}
		if t.columns[i].alarm && (v.kind == KindWord || v.kind == KindNumber && v.num >= 300 && v.num != 304) {
			r.failed = true
		}
		t.cell = v.AppendText(t.cell[:0], t.clock, true)
		limit := maxCell
		if t.columns[i].wrap > 0 {
			limit = maxProse
		}
		r.cells[i] = Visible(clipped(t.cell, limit))
	}
	return r
}

// clipped returns a cell of at most limit bytes.
func clipped(cell []byte, limit int) string {
	if len(cell) <= limit {
		return string(cell)
	}
	end := limit
	for end > limit-utf8.UTFMax && !utf8.RuneStart(cell[end]) {
		end--
	}
	return string(cell[:end]) + "…"
}

// Flush implements [Sink]. Who waits for the first rows reads what is written
// as it comes, so the widths are those of a live table, too.
func (t *table) Flush() error {
	if len(t.sample) > 0 {
		t.live = true
		if err := t.layOut(); err != nil {
			return err
		}
	}
	return t.out.flush()
}

// Close implements [Sink]. A table without rows is its header.
func (t *table) Close() error {
	if t.widths == nil {
		if err := t.layOut(); err != nil {
			return err
		}
	}
	if t.part == nil {
		if err := t.begin(""); err != nil {
			return err
		}
	}
	if err := t.part.Close(); err != nil {
		return err
	}
	return t.out.flush()
}

// layOut chooses columns and widths, and writes the rows kept for it.
func (t *table) layOut() error {
	t.fit()
	for _, r := range t.sample {
		if err := t.write(r); err != nil {
			return err
		}
	}
	t.sample = nil
	return nil
}

// fit chooses the widths: those of the sample's cells, if the terminal is wide
// enough. Else MAC addresses are shortened to tails, and a server that all rows
// have stands once above. Then the columns that matter least are left out, until
// the least widths fit, and the widest of the others are narrowed; if they do not
// fit with their least widths, then below them. What says who a row is about is
// never cut. Of a live table there is no sample: the widths are the usual ones,
// and no column is left out for want of values.
func (t *table) fit() {
	t.widths, t.all = make([]int, len(t.columns)), make([]string, len(t.columns))
	for i, c := range t.columns {
		if !c.optional || t.live || t.grid.had(i) || slices.ContainsFunc(t.sample, func(r row) bool { return r.cells[i] != "" }) {
			t.shown = append(t.shown, i)
		}
	}
	t.measure()
	least := func(i int) int { return t.least(i) }
	if t.limit == 0 || t.total(func(i int) int { return t.widths[i] }) <= t.limit {
		return
	}
	t.shorten()
	t.raise()
	t.measure()
	for t.total(least) > t.limit && t.leaveOut() {
	}
	t.narrow(least)
	t.narrow(func(i int) int {
		switch c := &t.columns[i]; {
		case c.identity:
			return t.widths[i]
		case c.Kind == KindTime:
			return len("15:04:05")
		}
		return 1
	})
}

// measure sets the widths to those that the columns would have.
func (t *table) measure() {
	for i, c := range t.columns {
		t.widths[i] = max(cellWidth(c.Name), c.width)
		if c.identity {
			t.widths[i] = cellWidth(c.Name)
		}
		if t.live {
			t.widths[i] = max(t.widths[i], c.typical, c.width)
			if c.identity && t.tail > 0 {
				t.widths[i] = max(cellWidth(c.Name), 3*int(t.tail)-1)
			}
		}
		for _, r := range t.sample {
			t.widths[i] = min(maxColumn, max(t.widths[i], cellWidth(t.shortened(i, r.cells[i]))))
		}
		if c.wrap > 0 {
			t.widths[i] = min(t.widths[i], c.wrap)
		}
	}
	t.grid.widen(t.widths)
}

// least returns the width that a column has at least.
func (t *table) least(i int) int {
	if t.columns[i].identity {
		return t.widths[i]
	}
	return min(t.widths[i], t.columns[i].width)
}

// liveTail is how many bytes of a MAC address a live table shows where the
// terminal is narrow: those that the vendor gives out.
const liveTail = 3

// shorten chooses the tails of MAC addresses: the shortest that tell those of the
// sample apart.
func (t *table) shorten() {
	if t.live {
		t.tail = liveTail
		return
	}
	if t.grid != nil && t.grid.tail > 0 {
		t.tail = t.grid.tail
		return
	}
	var macs []string
	for i, c := range t.columns {
		if !c.identity {
			continue
		}
		for _, r := range t.sample {
			if _, ok := packet.ParseMAC(r.cells[i]); ok {
				macs = append(macs, r.cells[i])
			}
		}
	}
	t.tail = shortestTails(macs)
}

// shortened returns a cell with its MAC address shortened, where it is one that
// says who the row is about.
func (t *table) shortened(i int, cell string) string {
	if t.tail > 0 && t.columns[i].identity && len(cell) == len("00:00:00:00:00:00") {
		if _, ok := packet.ParseMAC(cell); ok {
			return cell[len(cell)-3*int(t.tail)+1:]
		}
	}
	return cell
}

// raise takes out the columns that have the same value in all rows of the sample,
// and may stand once above.
func (t *table) raise() {
	for i, c := range t.columns {
		if !c.common || len(t.sample) < 2 || !slices.Contains(t.shown, i) {
			continue
		}
		if first := t.sample[0].cells[i]; first != "" && !slices.ContainsFunc(t.sample, func(r row) bool { return r.cells[i] != first }) {
			t.above = append(t.above, i)
			t.shown = slices.DeleteFunc(t.shown, func(at int) bool { return at == i })
		}
	}
}

// differs reports whether a row has another value than the one that stands above.
func (t *table) differs(r row) bool {
	return slices.ContainsFunc(t.above, func(i int) bool { return r.cells[i] != t.all[i] })
}

// narrow takes from the widest columns what is too much for the terminal, but
// leaves each its least width.
func (t *table) narrow(least func(i int) int) {
	for excess := t.total(func(i int) int { return t.widths[i] }) - t.limit; excess > 0; excess-- {
		widest := -1
		for _, i := range t.shown {
			if t.widths[i] > least(i) && (widest < 0 || t.widths[i] > t.widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		t.widths[widest]--
	}
}

// total returns the width of a line whose columns have these widths.
func (t *table) total(width func(i int) int) int {
	n := -gap
	for _, i := range t.shown {
		n += width(i) + gap
	}
	return n
}

// leaveOut leaves out the last of the columns that matter least, and reports
// whether there was one that may go.
func (t *table) leaveOut() bool {
	out := 0
	for at, i := range t.shown {
		if t.columns[i].rank > 0 && t.columns[i].rank >= t.columns[t.shown[out]].rank {
			out = at
		}
	}
	if t.columns[t.shown[out]].rank == 0 {
		return false
	}
	t.shown = slices.Delete(t.shown, out, out+1)
	return true
}

// write writes a row, and a header before it where a day begins.
func (t *table) write(r row) error {
	// A screen holds the header, its day, and the blank line above.
	if t.part == nil || r.day != t.day || t.differs(r) || t.screen > 0 && t.below >= t.screen-3 {
		for _, i := range t.above {
			t.all[i] = r.cells[i]
		}
		if err := t.begin(r.day); err != nil {
			return err
		}
	}
	for more := true; more; {
		more = false
		cells := slices.Grow(t.fits[:0], len(t.shown))[:len(t.shown)]
		for at, i := range t.shown {
			if t.columns[i].wrap > 0 {
				cells[at], r.cells[i] = cutLine(r.cells[i], t.widths[i])
				more = more || r.cells[i] != ""
				continue
			}
			cells[at] = t.fitted(i, t.shortened(i, r.cells[i]))
			r.cells[i] = ""
		}
		t.below++
		if t.fits = cells; t.below > t.library || t.color {
			t.line(cells, r.failed)
		} else if err := t.part.Append(cells); err != nil {
			return err
		}
	}
	return t.out.err
}

// The color of what failed, and what ends it (ECMA-48, section 8.3.117).
const (
	red       = "\x1b[31m"
	plainText = "\x1b[0m"
)

// line writes a row as tablewriter does, with what failed in color.
func (t *table) line(cells []string, failed bool) {
	t.text = append(t.appendLine(t.text[:0], cells, failed), '\n')
	t.out.Write(t.text)
}

// appendLine renders a row as tablewriter does, with what failed in color.
func (t *table) appendLine(line []byte, cells []string, failed bool) []byte {
	for at, i := range t.shown {
		blanks := t.widths[i] - cellWidth(cells[at])
		if t.columns[i].right {
			line = appendBlanks(line, blanks)
			blanks = 0
		}
		if t.color && failed && t.columns[i].alarm {
			line = append(append(append(line, red...), cells[at]...), plainText...)
		} else {
			line = append(line, cells[at]...)
		}
		line = appendBlanks(line, blanks+gap)
	}
	return line
}

func appendBlanks(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, ' ')
	}
	return dst
}

// cellWidth returns how many columns of a terminal a cell takes, which holds
// nothing but what can be seen.
func cellWidth(cell string) int {
	if isASCII(cell) {
		return len(cell)
	}
	return twwidth.Width(cell)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// cutLine cuts off the first line of a cell, which is no wider than columns: at a
// blank, if there is one.
func cutLine(cell string, columns int) (line, rest string) {
	if cellWidth(cell) <= columns {
		return cell, ""
	}
	end, wide := 0, 0
	for i, r := range cell {
		if r == ' ' {
			end = i
		}
		if wide += cellWidth(string(r)); wide > columns {
			if end == 0 {
				end = max(i, utf8.RuneLen(r))
			}
			break
		}
	}
	return cell[:end], strings.TrimLeft(cell[end:], " ")
}

// fitted returns a cell that is no wider than its column: without the fractions
// of a second, or without the beginning of what says who the row is about, or of
// what its end tells from others.
func (t *table) fitted(i int, cell string) string {
	width := t.widths[i]
	switch c := &t.columns[i]; {
	case cellWidth(cell) <= width:
		return cell
	case c.Kind == KindTime && len(cell) == len("15:04:05.000"):
		return fitted(cell[:len("15:04:05")], width)
	case (c.identity || c.end) && isASCII(cell) && width > 1:
		return "…" + cell[len(cell)-width+1:]
	}
	return fitted(cell, width)
}

// fitted returns a cell that is no wider than columns.
func fitted(cell string, columns int) string {
	switch {
	case cellWidth(cell) <= columns:
		return cell
	case columns > 0 && isASCII(cell):
		return cell[:columns-1] + "…"
	}
	return twwidth.Truncate(cell, columns, "…")
}

// begin begins the part of the table for a day.
func (t *table) begin(day string) error {
	if t.part != nil {
		if err := t.part.Close(); err != nil {
			return err
		}
		t.out.Write([]byte("\n"))
	}
	t.below = 0
	t.day = day
	for _, i := range t.above {
		day = strings.TrimPrefix(day+", ", ", ") + "all to " + t.all[i]
	}
	if day != "" {
		t.out.Write([]byte(day + "\n"))
	}
	widths := tw.NewMapper[int, int]()
	var align []tw.Align
	var names []string
	for at, i := range t.shown {
		widths.Set(at, t.widths[i]+gap)
		names = append(names, fitted(t.columns[i].Name, t.widths[i]))
		if t.columns[i].right {
			align = append(align, tw.AlignRight)
		} else {
			align = append(align, tw.AlignLeft)
		}
	}
	t.part = tablewriter.NewTable(t.out, append(plain(),
		tablewriter.WithColumnWidths(widths),
		tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: align}),
	)...)
	if err := t.part.Start(); err != nil {
		return err
	}
	t.part.Header(names)
	return t.out.err
}

// plain returns the options of a table without lines that is written row by
// row and changes nothing in its cells.
func plain() []tablewriter.Option {
	return []tablewriter.Option{
		tablewriter.WithRenderer(renderer.NewBlueprint()),
		tablewriter.WithRendition(tw.Rendition{
			Borders: tw.BorderNone,
			Settings: tw.Settings{
				Separators: tw.Separators{ShowHeader: tw.Off, ShowFooter: tw.Off, BetweenRows: tw.Off, BetweenColumns: tw.Off},
				Lines:      tw.Lines{ShowTop: tw.Off, ShowBottom: tw.Off, ShowHeaderLine: tw.Off, ShowFooterLine: tw.Off},
			},
		}),
		tablewriter.WithStreaming(tw.StreamConfig{Enable: true}),
		tablewriter.WithPadding(tw.Padding{Right: strings.Repeat(" ", gap), Overwrite: true}),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapTruncate),
		tablewriter.WithRowAutoWrap(tw.WrapTruncate),
		tablewriter.WithEastAsian(tw.Off),
	}
}

// trimmer takes trailing blanks off lines, and remembers the first error,
// which tablewriter does not.
type trimmer struct {
	w   io.Writer
	buf []byte
	err error
}

func (t *trimmer) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 && t.err == nil {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			t.buf = append(t.buf, b...)
			break
		}
		t.buf = append(bytes.TrimRight(append(t.buf, b[:end]...), " "), '\n')
		b = b[end+1:]
		if len(t.buf) >= bufferSize {
			t.flush()
		}
	}
	return n, t.err
}

func (t *trimmer) flush() error {
	if t.err == nil && len(t.buf) > 0 {
		_, t.err = t.w.Write(t.buf)
		t.buf = t.buf[:0]
	}
	return t.err
}
