package report

import (
	"io"
	"slices"
	"strings"
)

// A Grid lays out rows for a screen, whose lines are written anew as somebody
// moves in them. Its columns and their widths are those of a table of the lines at
// hand. While they move, columns become wider only, so that they stay in their
// places. It is not safe for concurrent use.
type Grid struct {
	table *table
	last  row

	told  int      // MAC addresses that Tell got
	tail  tails    // of MAC addresses; 0 for those that tell the lines at hand apart
	wide  [2][]int // the greatest width that each column has had; with whole MAC addresses, and with tails
	seen  []bool   // columns that have had a value
	width int      // of the screen that these are of
}

// A GridRow is the cells of a row in one text, which takes little memory. It is
// all visible characters.
type GridRow string

// separator stands between the cells of a GridRow.
const separator = "\x1f"

// Format returns the format of Rows that the Grid takes. It is for one of them.
func (g *Grid) Format() Format {
	return Format{Name: "screen", People: true, New: func(_ io.Writer, o Options, columns []Column) (Sink, error) {
		g.table = newTable(io.Discard, columns, o)
		g.table.grid = g
		return g, nil
	}}
}

var _ Sink = (*Grid)(nil)

// Row implements [Sink]. The row is the one of Last.
func (g *Grid) Row(values []Value) error {
	g.last = g.table.row(make([]string, len(values)), values)
	return nil
}

// Flush implements [Sink].
func (g *Grid) Flush() error { return nil }

// Close implements [Sink].
func (g *Grid) Close() error { return nil }

// Last returns the latest row.
func (g *Grid) Last() GridRow {
	failed := ""
	if g.last.failed {
		failed = "x"
	}
	return GridRow(g.last.day + separator + failed + separator + strings.Join(g.last.cells, separator))
}

// row returns the cells of a row.
func (r GridRow) row() row {
	all := strings.Split(string(r), separator)
	return row{cells: all[2:], day: all[0], failed: all[1] != ""}
}

// Has reports whether a cell of the row has a text, which is in lower case.
func (r GridRow) Has(text string) bool {
	_, cells, _ := strings.Cut(string(r), separator)
	return strings.Contains(strings.ToLower(cells), text)
}

// Failed reports whether what the row is about failed.
func (r GridRow) Failed() bool { return r.row().failed }

// Tell says which MAC addresses there are, so that what is left of them on a narrow
// screen tells them apart.
func (g *Grid) Tell(macs []string) {
	if len(macs) != g.told {
		g.told, g.tail = len(macs), shortestTails(macs)
	}
}

// Fit chooses the columns and their widths for a screen of a width, by the rows
// that it shows.
func (g *Grid) Fit(width int, rows []GridRow) {
	t := g.table
	if width != g.width || g.seen == nil {
		n := len(t.columns)
		g.width, g.seen, g.wide = width, make([]bool, n), [2][]int{make([]int, n), make([]int, n)}
	}
	t.limit, t.tail = width, 0
	t.sample, t.shown, t.above = t.sample[:0], nil, nil
	for _, r := range rows {
		t.sample = append(t.sample, r.row())
	}
	t.fit()
	if len(t.sample) > 0 {
		for _, i := range t.above {
			t.all[i] = t.sample[0].cells[i]
		}
	}
	for i := range t.columns {
		g.seen[i] = g.seen[i] || slices.ContainsFunc(t.sample, func(r row) bool { return r.cells[i] != "" })
	}
}

// had reports whether a column has had a value.
func (g *Grid) had(i int) bool { return g != nil && g.seen[i] }

// widen widens columns to what they were, and remembers what they are.
func (g *Grid) widen(widths []int) {
	if g == nil {
		return
	}
	wide := g.wide[min(1, g.table.tail)]
	for i := range widths {
		widths[i] = max(widths[i], wide[i])
		wide[i] = widths[i]
	}
}

// Above is what all rows of the latest Fit have in common: the day of the first,
// and what stands once.
func (g *Grid) Above() string {
	t := g.table
	var parts []string
	if len(t.sample) > 0 && t.sample[0].day != "" {
		parts = append(parts, t.sample[0].day)
	}
	for _, i := range t.above {
		parts = append(parts, "all to "+t.all[i])
	}
	return strings.Join(parts, ", ")
}

// Header returns the names of the columns.
func (g *Grid) Header() string {
	t := g.table
	names := make([]string, len(t.shown))
	for at, i := range t.shown {
		names[at] = fitted(t.columns[i].Name, t.widths[i])
	}
	return strings.TrimRight(string(t.appendLine(nil, names, false)), " ")
}

// Line returns a row as the latest Fit lays it out: with color, what failed has
// it.
func (g *Grid) Line(of GridRow, color bool) string {
	t := g.table
	r := of.row()
	cells := make([]string, len(t.shown))
	for at, i := range t.shown {
		cells[at] = t.fitted(i, t.shortened(i, r.cells[i]))
	}
	t.color = color
	return strings.TrimRight(string(t.appendLine(nil, cells, r.failed)), " ")
}

// Cells returns the names of all columns and the cells of a row, in the order of
// the columns.
func (g *Grid) Cells(of GridRow) (names, cells []string) {
	for _, c := range g.table.columns {
		names = append(names, c.Name)
	}
	return names, of.row().cells
}

// Width returns how many columns of a terminal a text takes, which holds nothing
// but what can be seen.
func Width(text string) int { return cellWidth(text) }

// Cut returns a text that is no wider than columns, with an ellipsis where it was.
func Cut(text string, columns int) string { return fitted(text, columns) }
