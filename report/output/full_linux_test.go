package output

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"actionurl/report/output/outputtest"
)

// Where the disk is full, what is live ends in a whole row, under its name, and
// can be decompressed; what is not is removed.
func TestFullDisk(t *testing.T) {
	for _, extension := range []string{"", ".gz", ".zst"} {
		for _, name := range []string{"a.txt", "a%H.txt"} {
			t.Run(strings.ReplaceAll(name, "%", "")+extension, func(t *testing.T) {
				dir := outputtest.SmallDisk(t)
				l := newLog(t, Destination{Name: filepath.Join(dir, name+extension), Live: true, Rotate: Rotation{Every: time.Hour}, Whole: Lines})
				line := make([]byte, 1000)
				random := uint32(1)
				var err error
				lines := 0
				for ; err == nil; lines++ {
					if lines > 1000 {
						t.Fatal("the disk is not full")
					}
					for i := range line { // does not get smaller by much
						random = random*1664525 + 1013904223
						line[i] = ' ' + byte(random>>24)%95
					}
					if err = errors.Join(l.At(1), l.part.line(string(line))); err == nil && lines%3 == 0 {
						err = l.Flush()
					}
				}
				if !errors.Is(err, syscall.ENOSPC) {
					t.Fatal(err)
				}
				l.Abandon()
				got := outputtest.Read(t, filepath.Join(dir, strings.Replace(name, "%H", "00", 1)+extension))
				if n := strings.Count(got, "\n"); !strings.HasSuffix(got, "\n") || n < lines*3/4 {
					t.Errorf("%d lines of %d, the last of which ends in %q", n, lines, got[max(0, len(got)-10):])
				}
				if all := partials(t, dir); len(all) > 0 {
					t.Errorf("left %q", all)
				}
			})
		}
	}
}
