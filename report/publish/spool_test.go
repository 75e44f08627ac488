package publish

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// spooled writes the files of a spool, and opens it.
func spooled(t testing.TB, all map[string]string) *spool {
	t.Helper()
	dir := t.TempDir()
	for name, text := range all {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return reopened(t, dir)
}

func reopened(t testing.TB, dir string) *spool {
	t.Helper()
	s, err := openSpool(dir, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.close() })
	return s
}

// unsent takes all lines that wait, and acknowledges them.
func unsent(t testing.TB, s *spool) []string {
	t.Helper()
	var all []string
	for {
		lines, err := s.next(nil, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(lines) == 0 {
			return all
		}
		all = append(all, lines...)
		if err := s.acknowledge(len(lines), int64(len(strings.Join(lines, "")))); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSpoolDamage(t *testing.T) {
	acked := func(number, at int) string { return fmt.Sprintf(ackedFormat, number, at) }
	for _, test := range []struct {
		name string
		all  map[string]string
		want string // lines that wait
	}{
		{"nothing", nil, ""},
		{"as it should be", map[string]string{ackedName: acked(1, 2), "0000000001.lines": "a\nb\n", "0000000002.lines": "c\n"}, "b c"},
		{"the lines are gone", map[string]string{ackedName: acked(5, 20)}, ""},
		{"the latest lines are gone", map[string]string{ackedName: acked(5, 20), "0000000004.lines": "a\n"}, ""},
		{"zeros in place of the position", map[string]string{ackedName: strings.Repeat("\x00", 42), "0000000001.lines": "a\nb\n"}, "a b"},
		{"a position before the beginning", map[string]string{ackedName: acked(1, -7), "0000000001.lines": "a\nb\n"}, "a b"},
		{"a position beyond the end", map[string]string{ackedName: acked(1, 99), "0000000001.lines": "a\nb\n"}, ""},
		{"a position within a line", map[string]string{ackedName: acked(1, 3), "0000000001.lines": "a\nbb\n"}, "a bb"},
		{"a line that is not whole", map[string]string{"0000000001.lines": "a\nb"}, "a"},
		{"files of others", map[string]string{"0000000001.lines": "a\n", "2.lines": "x\n", "x.lines": "x\n", "0000000003.lines~": "x\n"}, "a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := spooled(t, test.all)
			if _, err := s.append([]byte("new\n")); err != nil { // before there is a server
				t.Fatal(err)
			}
			s.close()
			s = reopened(t, s.dir)
			rest := s.rest()
			got := unsent(t, s)
			if want := append(strings.Fields(test.want), "new"); strings.Join(got, "") != strings.Join(want, "\n")+"\n" || rest != len(want) {
				t.Errorf("%q wait, and %d are counted, want %q", got, rest, want)
			}
			if s.rest() != 0 {
				t.Errorf("%d are counted at the end", s.rest())
			}
		})
	}
}

// What is left of a line after a loss of power is no message.
func TestDamagedLine(t *testing.T) {
	p := &Publisher{config: Config{Sensor: "hq"}}
	whole := `hq-17-0123456789abcdef 1772438400000000000 5 1772438400000000001 {"user_agent":"Model HW {GXP2170} SW"}`
	if m := p.message(whole + "\n"); m == nil || string(m.Data) != `{"user_agent":"Model HW {GXP2170} SW"}` || m.Header.Get(headerLine) != "5" {
		t.Errorf("%q is %v", whole, m)
	}
	for i := 1; i < len(whole); i++ {
		for what, line := range map[string]string{"its beginning": whole[:i], "zeros before its end": strings.Repeat("\x00", i) + whole[i:], "zeros in it": whole[:i-1] + "\x00" + whole[i:]} {
			if m := p.message(line + "\n"); m != nil {
				t.Errorf("%s, %d: %q is %q", what, i, line, m.Data)
			}
		}
	}
}

// FuzzSpool damages a spool: what is put into it afterwards comes whole, once, and last,
// also if it is opened again before.
func FuzzSpool(f *testing.F) {
	f.Add(fmt.Appendf(nil, ackedFormat, 1, 2), []byte("a\nb\n"), []byte("c\n"), 1)
	f.Add(fmt.Appendf(nil, ackedFormat, 5, 20), []byte("a\nb"), []byte("\x00\x00\x00"), 3)
	f.Add(fmt.Appendf(nil, ackedFormat, 1, -20), []byte("a\nb"), []byte(nil), 9)
	f.Fuzz(func(t *testing.T, acked, first, second []byte, number int) {
		number = max(1, number%1000)
		all := map[string]string{ackedName: string(acked), fmt.Sprintf("%010d.lines", number): string(first), fmt.Sprintf("%010d.lines", number+1): string(second)}
		s := spooled(t, all)
		if _, err := s.append([]byte("new\n")); err != nil {
			t.Fatal(err)
		}
		s.close()
		s = reopened(t, s.dir)
		rest := s.rest()
		got := unsent(t, s)
		if len(got) != rest || s.rest() != 0 || len(got) == 0 || got[len(got)-1] != "new\n" {
			t.Fatalf("%d lines of %d, and %d wait at the end: %q", len(got), rest, s.rest(), got)
		}
		if whole := bytes.Count(first, []byte("\n")) + bytes.Count(second, []byte("\n")) + 1; len(got) > whole {
			t.Errorf("%d lines of %d: %q", len(got), whole, got)
		}
		for _, line := range got[:len(got)-1] {
			if !strings.HasSuffix(line, "\n") || !slices.Contains(strings.SplitAfter(string(first)+"\n"+string(second), "\n"), line) {
				t.Errorf("%q is no line", line)
			}
		}
	})
}
