package help

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"actionurl/report"
)

// narrowest is the width that no column of a table is made smaller than. That of
// report.Fold is the same.
const narrowest = 20

// Render lays out Markdown as plain text in width columns. Code keeps its lines,
// and is indented by two columns.
func Render(markdown string, width int) string {
	r := renderer{width: width}
	code := false
	for line := range strings.SplitSeq(markdown, "\n") {
		switch {
		case strings.HasPrefix(line, "```"):
			r.flush()
			code = !code
		case code:
			r.line("  " + line)
		case strings.HasPrefix(line, "    "), strings.HasPrefix(line, "\t"): // code, too
			r.flush()
			r.line("  " + strings.TrimPrefix(strings.TrimPrefix(line, "    "), "\t"))
		case strings.HasPrefix(line, "|"):
			r.rows = append(r.rows, cells(line))
		case strings.TrimSpace(line) == "":
			r.flush()
			r.blank()
		case strings.HasPrefix(line, "#"):
			r.flush()
			r.line(strings.ToUpper(plain(strings.TrimLeft(line, "# "))))
		case strings.HasPrefix(line, "!["):
		default:
			if bullet(line) != "" {
				r.flush()
			}
			r.words = append(r.words, line)
		}
	}
	r.flush()
	return strings.Trim(r.out.String(), "\n") + "\n"
}

// A renderer holds the lines of a paragraph or a list's item, or the rows of a
// table, until it is complete.
type renderer struct {
	out   strings.Builder
	width int
	words []string
	rows  [][]string
}

func (r *renderer) line(s string) {
	r.out.WriteString(strings.TrimRight(s, " "))
	r.out.WriteByte('\n')
}

// blank writes an empty line, if the last is not.
func (r *renderer) blank() {
	if !strings.HasSuffix(r.out.String(), "\n\n") {
		r.out.WriteByte('\n')
	}
}

func (r *renderer) flush() {
	if len(r.words) > 0 {
		first := bullet(r.words[0])
		for i := range r.words {
			r.words[i] = strings.TrimSpace(r.words[i])
		}
		text := strings.TrimPrefix(strings.Join(r.words, " "), strings.TrimSpace(first)+" ")
		for i, line := range report.Fold(plain(text), r.width-len(first)) {
			if i == 0 {
				r.line(first + line)
			} else {
				r.line(strings.Repeat(" ", len(first)) + line)
			}
		}
	}
	if len(r.rows) > 0 {
		r.table()
	}
	r.words, r.rows = nil, nil
}

// table writes rows in columns. What is too wide is folded, first of the widest
// column. The second row is Markdown's rule.
func (r *renderer) table() {
	const indent, gap = 2, 2
	head, rows := r.rows[0], r.rows[min(2, len(r.rows)):]
	if strings.Join(head, "") != "" {
		for i := range head {
			head[i] = strings.ToUpper(head[i])
		}
		rows = append([][]string{head}, rows...)
	}
	widths, least := make([]int, len(head)), make([]int, len(head))
	for _, row := range rows {
		for i := range min(len(row), len(widths)) {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
			for word := range strings.FieldsSeq(row[i]) {
				least[i] = max(least[i], narrowest, utf8.RuneCountInString(word))
			}
		}
	}
	room := r.width - indent - gap*(len(widths)-1)
	for {
		sum, widest := 0, -1
		for i, w := range widths {
			sum += w
			if w > least[i] && (widest < 0 || w >= widths[widest]) {
				widest = i
			}
		}
		if sum <= room || widest < 0 {
			break
		}
		widths[widest]--
	}
	for _, row := range rows {
		folded, lines := make([][]string, len(widths)), 0
		for i := range min(len(row), len(widths)) {
			folded[i] = report.Fold(row[i], widths[i])
			lines = max(lines, len(folded[i]))
		}
		for n := range lines {
			var b strings.Builder
			b.WriteString(strings.Repeat(" ", indent))
			for i, cell := range folded {
				text := ""
				if n < len(cell) {
					text = cell[n]
				}
				b.WriteString(text)
				b.WriteString(strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(text))+gap))
			}
			r.line(b.String())
		}
	}
}

var (
	item = regexp.MustCompile(`^ *(-|[0-9]+\.) `)
	cell = regexp.MustCompile(`(?:[^|\\]|\\.)*`)
	span = regexp.MustCompile("`([^`]*)`|\\*\\*([^*]*)\\*\\*|\\[([^]]*)\\]\\([^)]*\\)|\\\\([|*_<\\\\])")
)

// bullet returns what a list's item begins with, blanks among it, or nothing.
func bullet(line string) string { return item.FindString(line) }

// cells returns the cells of a table's row as plain text.
func cells(line string) []string {
	line = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(line), "|"), "|")
	var cells []string
	for {
		c := cell.FindString(line)
		s := strings.TrimSpace(c)
		if len(s) > 1 && s[0] == '`' && strings.Count(s, "`") == 2 && s[len(s)-1] == '`' {
			cells = append(cells, strings.ReplaceAll(strings.Trim(s, "`"), `\|`, "|"))
		} else {
			cells = append(cells, plain(s))
		}
		if len(c) >= len(line) {
			return cells
		}
		line = line[len(c)+1:]
	}
}

// plain returns text without its marks. Code with blanks gets quotes, if it has
// none.
func plain(text string) string {
	return span.ReplaceAllStringFunc(text, func(s string) string {
		m := span.FindStringSubmatch(s)
		if code := m[1]; strings.Contains(code, " ") && !strings.Contains(code, `"`) {
			return `"` + code + `"`
		}
		return m[1] + m[2] + m[3] + m[4]
	})
}
