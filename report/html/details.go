package html

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/report"
)

// details are the texts of a chunk of events, and the chunks before. The targets
// that a phone sends differ in a few values; so a target is a form, which many
// events share, and the texts that vary, each once in a chunk.
type details struct {
	chunks
	forms dictionary
	texts dictionary
	rows  []row
	cells []int32         // of the rows
	last  map[int64]int32 // by phone, its latest row
	json  []byte

	shape  []byte // of the target at hand
	form   []byte // of the event at hand
	values []int32
}

// A row is the texts of an event: a form, and cells from its place on.
type row struct {
	form, cells, n, before int32
}

// A dictionary is texts by number.
type dictionary struct {
	numbers map[string]int32
	texts   []string
	size    int
}

func (d *dictionary) reset() {
	d.texts, d.size = d.texts[:0], 0
	if d.numbers == nil {
		d.numbers = map[string]int32{}
	}
	clear(d.numbers)
}

func (d *dictionary) add(text string) int32 {
	n, known := d.numbers[text]
	if !known {
		own := strings.Clone(text)
		n = int32(len(d.texts))
		d.numbers[own] = n
		d.texts = append(d.texts, own)
		d.size += len(own)
	}
	return n
}

// size is how many bytes the chunk takes.
func (d *details) size() int { return d.forms.size + d.texts.size + 4*len(d.cells) + 16*len(d.rows) }

// add adds the texts of an event of a phone.
//
// A form is an array: how many texts the event has, the target with the character
// 1 in the place of each text that varies, the names of the variables each with the
// number of its text, the numbers of the variables that the phone did not replace,
// the kinds of findings each with the number of its message, and the numbers of
// the body and its type.
func (d *details) add(r *decode.Record, phone int64, t *tables) {
	if d.last == nil || len(d.rows) == 0 {
		d.forms.reset()
		d.texts.reset()
		d.last = map[int64]int32{}
	}
	d.values = d.values[:0]
	shape := d.split(r.Target)
	form := report.AppendString(d.form[:0], shape)
	form = append(form, ",["...)
	for i := range r.Event.Vars {
		v := &r.Event.Vars[i]
		form = append(report.AppendString(form, v.Name), ',')
		form = append(strconv.AppendInt(form, int64(d.value(v.Value)), 10), ',')
	}
	form = append(endArray(form), ",["...)
	for i := range r.Event.Vars {
		if r.Event.Vars[i].State == actionurl.Unresolved {
			form = append(strconv.AppendInt(form, int64(i), 10), ',')
		}
	}
	form = append(endArray(form), ",["...)
	for i := range r.Findings {
		f := &r.Findings[i]
		form = append(strconv.AppendInt(form, t.finding(f.Kind), 10), ',')
		form = append(strconv.AppendInt(form, int64(d.value(f.Message())), 10), ',')
	}
	form = append(endArray(form), ",["...)
	if len(r.Body) > 0 {
		form = append(strconv.AppendInt(form, int64(d.value(string(r.Body))), 10), ',')
		form = strconv.AppendInt(form, int64(d.value(r.ContentType)), 10)
	}
	form = append(form, ']')
	d.form = form
	before, known := d.last[phone]
	if !known {
		before = -1
	}
	n := int32(len(d.values))
	whole := append(strconv.AppendInt(append(d.json[:0], '['), int64(n), 10), ',')
	whole = append(append(whole, form...), ']')
	d.json = whole
	number, known := d.forms.numbers[string(whole)]
	if !known {
		number = d.forms.add(string(whole))
	}
	d.last[phone] = int32(len(d.rows))
	d.rows = append(d.rows, row{number, int32(len(d.cells)), n, before})
	d.cells = append(d.cells, d.values...)
}

// value returns the number in the event of a text, which it may have already.
func (d *details) value(text string) int {
	n := d.texts.add(text)
	for i, have := range d.values {
		if have == n {
			return i
		}
	}
	d.values = append(d.values, n)
	return len(d.values) - 1
}

// split takes the values out of a target: what is after "=", and the segments of
// its path that have digits. It returns what is left, with the character 1 in the
// place of each.
func (d *details) split(target string) string {
	shape := d.shape[:0]
	if strings.IndexByte(target, 1) >= 0 || !utf8.ValidString(target) {
		d.values = append(d.values, d.texts.add(target))
		return "\x01"
	}
	query := false
	for len(target) > 0 {
		end := 0
		for end < len(target) && !delimits(target[end]) {
			end++
		}
		if end == 0 || end < len(target) && target[end] == '=' { // a delimiter, or a key
			query = query || target[end] == '?'
			shape = append(shape, target[:end+1]...)
			after := target[end] == '='
			target = target[end+1:]
			if after {
				end = 0
				for end < len(target) && target[end] != '/' && target[end] != '&' {
					end++
				}
				d.values = append(d.values, d.texts.add(target[:end]))
				shape = append(shape, 1)
				target = target[end:]
			}
			continue
		}
		if segment := target[:end]; !query && strings.ContainsAny(segment, "0123456789") {
			d.values = append(d.values, d.texts.add(segment))
			shape = append(shape, 1)
		} else {
			shape = append(shape, segment...)
		}
		target = target[end:]
	}
	d.shape = shape
	return string(shape)
}

// delimits reports whether a character stands between the parts of a target.
func delimits(c byte) bool { return c == '/' || c == '?' || c == '&' || c == '=' }

// pack compresses the chunk, and keeps the latest rows, the most or more. Of each
// event there is its form, and the numbers of its texts: 0 for that which the phone's event before has in the same place, else
// 1 more.
func (d *details) pack(most int) error {
	if len(d.rows) == 0 {
		return nil
	}
	out := append(d.json[:0], `{"forms":[`...)
	for _, form := range d.forms.texts {
		out = append(append(out, form...), ',')
	}
	out = append(endArray(out), `,"texts":[`...)
	for _, text := range d.texts.texts {
		out = append(report.AppendString(out, text), ',')
	}
	out = append(endArray(out), `,"rows":[`...)
	for _, r := range d.rows {
		out = append(strconv.AppendInt(out, int64(r.form), 10), ',')
	}
	out = append(endArray(out), `,"cells":[`...)
	for _, r := range d.rows {
		for k := range r.n {
			cell := d.cells[r.cells+k] + 1
			if r.before >= 0 {
				if b := d.rows[r.before]; k < b.n && d.cells[b.cells+k] == cell-1 {
					cell = 0
				}
			}
			out = append(strconv.AppendInt(out, int64(cell), 10), ',')
		}
	}
	d.json = append(endArray(out), '}')
	err := d.chunks.add(len(d.rows), most, maxDetailsPacked, d.json)
	d.rows, d.cells = d.rows[:0], d.cells[:0]
	return err
}
