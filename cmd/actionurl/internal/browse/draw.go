package browse

import (
	"strings"

	"actionurl/report"
)

// A style is how a part of a line looks. What it means can be seen without color.
type style uint8

const (
	plain style = iota
	bold
	dim
	red
	yellow
	reverse
	bar // of the header
)

// codes begin each style (ECMA-48, section 8.3.117).
var codes = [...]string{"", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[33m", "\x1b[7m", "\x1b[1;7m"}

// A part is text in a style.
type part struct {
	text string
	style
}

// A line is a line of the screen.
type line []part

// textLine returns a line of one part.
func textLine(text string, s style) line { return line{{text, s}} }

// fit returns a line that is exactly so wide. Every line of the screen comes from it,
// so that it is where what a terminal would act on is escaped.
func (l line) fit(width int) line {
	var fitted line
	room := width
	last := plain
	for _, p := range l {
		if room <= 0 {
			break
		}
		p.text = report.Cut(report.Visible(p.text), room)
		room -= report.Width(p.text)
		last = p.style
		fitted = append(fitted, p)
	}
	if room > 0 {
		if last != reverse && last != bar {
			last = plain
		}
		fitted = append(fitted, part{strings.Repeat(" ", room), last})
	}
	return fitted
}

// inverted returns the line as the one that the cursor is in.
func (l line) inverted() line {
	all := make(line, len(l))
	for i, p := range l {
		all[i] = part{p.text, reverse}
	}
	return all
}

// append renders a line.
func (l line) append(dst []byte, color bool) []byte {
	for _, p := range l {
		code := codes[p.style]
		if !color && (p.style == red || p.style == yellow) {
			code = ""
		}
		dst = append(append(dst, code...), p.text...)
		if code != "" {
			dst = append(dst, "\x1b[0m"...)
		}
	}
	return dst
}

// split divides a width between lines and the details beside them, for which a narrow
// terminal has no room.
func split(width int) (left, right int) {
	if width < wide {
		return width, 0
	}
	left = max(78, width*6/10)
	return left, width - left - len(" | ")
}

// beside puts lines beside others, with a rule between that has a space on each side.
func beside(left, right []line, leftWidth, rightWidth, height int) []line {
	all := make([]line, height)
	for i := range all {
		var l, r line
		if i < len(left) {
			l = left[i]
		}
		if i < len(right) {
			r = right[i]
		}
		all[i] = append(append(l.fit(leftWidth), part{" │ ", dim}), r.fit(rightWidth)...)
	}
	return all
}

// wrapText breaks a text, which may hold anything, into lines of a width: at
// spaces, and where there are none anywhere.
func wrapText(text string, width int) []string {
	var all []string
	for _, l := range report.Fold(text, max(width, 1)) {
		all = append(all, cutText(l, width)...)
	}
	return all
}

// cutText breaks a text, which may hold anything, into lines of a width.
func cutText(text string, width int) []string {
	var all []string
	text = report.Visible(text)
	for report.Width(text) > width && width > 0 {
		cut, n := 0, 0
		for i, r := range text {
			if n += report.Width(string(r)); n > width {
				break
			}
			cut = i + len(string(r))
		}
		if cut == 0 {
			break
		}
		all = append(all, text[:cut])
		text = text[cut:]
	}
	return append(all, text)
}
