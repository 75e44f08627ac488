package actionurl

import (
	"slices"
	"strconv"
	"strings"
)

// anything stands for a variable where a template is seen as a pattern. It is
// no byte of a URL.
const anything = 0

// Pattern returns what the template matches, whatever its variables are
// called: templates with equal patterns match the same requests.
func (t *Template) Pattern() string {
	var b strings.Builder
	b.WriteString(t.host)
	b.WriteByte(' ')
	b.WriteString(strconv.Itoa(int(t.port)))
	b.WriteByte(' ')
	b.Write(t.wildcards(nil))
	if t.post {
		b.WriteString(" POST ")
		for _, p := range t.body {
			if p.variable {
				b.WriteByte(anything)
			} else {
				b.WriteString(p.text)
			}
		}
	}
	return b.String()
}

// wildcards appends the literals with anything in the place of variables.
func (t *Template) wildcards(b []byte) []byte {
	for i, p := range t.parts {
		switch {
		case !p.variable:
			b = append(b, p.text...)
		case i == 0 || !t.parts[i-1].variable:
			b = append(b, anything)
		}
	}
	return b
}

// Lead returns the literal that each target begins with.
func (t *Template) Lead() string {
	if len(t.parts) == 0 || t.parts[0].variable {
		return ""
	}
	return t.parts[0].text
}

// tail returns the literal that each target ends with.
func (t *Template) tail() string {
	if n := len(t.parts); n > 0 && !t.parts[n-1].variable {
		return t.parts[n-1].text
	}
	return ""
}

// maxCells bounds the work of comparing two templates: 4 Mi steps, two
// templates of 2,000 bytes. Longer ones are taken for different.
const maxCells = 4 << 20

// An Overlapper finds whether one request can match two templates. Its zero
// value is ready; it is kept for its memory.
type Overlapper struct {
	a, b []byte
	from []int32 // for each pair of places, 1 + the pair it was reached from
	todo []int32
}

// Overlap returns a target that both templates match, with "*" for the values
// that both leave open; ok is false if there is none. Values are taken to be
// without "&", as the next parameter begins there.
func (o *Overlapper) Overlap(s, t *Template) (target string, ok bool) {
	if s.post != t.post || len(s.body) > 0 && len(t.body) > 0 && !slices.Equal(s.body, t.body) {
		return "", false
	}
	if !sameServer(s, t) || !oneLeads(s.Lead(), t.Lead()) || !oneTrails(s.tail(), t.tail()) {
		return "", false
	}
	o.a, o.b = s.wildcards(o.a[:0]), t.wildcards(o.b[:0])
	cells := (len(o.a) + 1) * (len(o.b) + 1)
	if cells > maxCells {
		return string(o.a), string(o.a) == string(o.b)
	}
	if cap(o.from) < cells {
		o.from = make([]int32, cells)
	}
	o.from = o.from[:cells]
	clear(o.from)
	return o.search()
}

// search follows both patterns at once, from their beginnings to their ends.
func (o *Overlapper) search() (target string, ok bool) {
	width := int32(len(o.b) + 1)
	last := int32(len(o.from) - 1)
	reach := func(from, to int32) {
		if o.from[to] == 0 {
			o.from[to] = from + 1
			o.todo = append(o.todo, to)
		}
	}
	o.todo = o.todo[:0]
	reach(0, 0)
	for len(o.todo) > 0 {
		at := o.todo[len(o.todo)-1]
		o.todo = o.todo[:len(o.todo)-1]
		if at == last {
			return o.example(width), true
		}
		i, j := at/width, at%width
		moreA, moreB := int(i) < len(o.a), int(j) < len(o.b)
		anyA, anyB := moreA && o.a[i] == anything, moreB && o.b[j] == anything
		if anyA { // its value ends, or takes what the other says
			reach(at, at+width)
			if moreB && !anyB && o.b[j] != '&' {
				reach(at, at+1)
			}
		}
		if anyB {
			reach(at, at+1)
			if moreA && !anyA && o.a[i] != '&' {
				reach(at, at+width)
			}
		}
		if moreA && moreB && o.a[i] == o.b[j] { // last, to be tried first
			reach(at, at+width+1)
		}
	}
	return "", false
}

// example returns the target that the way to the ends spells.
func (o *Overlapper) example(width int32) string {
	var b []byte
	for at := int32(len(o.from) - 1); at != 0; at = o.from[at] - 1 {
		before := o.from[at] - 1
		i, j := before/width, before%width
		switch at - before {
		case width + 1:
			b = append(b, o.a[i])
		case width:
			if o.a[i] != anything {
				b = append(b, o.a[i])
			}
		case 1:
			if o.b[j] != anything {
				b = append(b, o.b[j])
			}
		}
	}
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return strings.ReplaceAll(string(b), string(rune(anything)), "*")
}

// sameServer reports whether one server may be that of both templates.
func sameServer(s, t *Template) bool {
	return s.host == "" || t.host == "" || s.host == t.host && (s.port == 0 || t.port == 0 || s.port == t.port)
}

func oneLeads(a, b string) bool { return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) }

func oneTrails(a, b string) bool { return strings.HasSuffix(a, b) || strings.HasSuffix(b, a) }
