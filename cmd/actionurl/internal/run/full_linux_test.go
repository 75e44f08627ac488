package run

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"actionurl/capture/pcapfile"
	"actionurl/report"
	"actionurl/report/output/outputtest"
)

// Where the disk is full, the outputs of a live run end in a whole row and a whole
// frame, in each format, compressed or not.
func TestSmallDisk(t *testing.T) {
	for _, compression := range []string{"", ".gz", ".zst"} {
		for _, format := range []string{"ndjson", "csv", "tsv", "md", "txt", "pcapng"} {
			t.Run(format+compression, func(t *testing.T) {
				name := filepath.Join(outputtest.SmallDisk(t), "x."+format+compression)
				s := newScript()
				random := uint32(1)
				for i := range 4000 {
					random = random*1664525 + 1013904223 // does not get smaller by much
					s.event(time.Duration(i)*100*time.Millisecond, fmt.Sprintf("/?event=hold&n=%d,%08x%08x", i, random, random*2654435761))
				}
				c := Config{Output: name}
				if format == "pcapng" {
					c = Config{Output: "-", Options: report.Options{Format: report.Plain().Named("csv"), Columns: "event"}, Frames: name}
				} else {
					c.Options.Format = report.Plain().Named(format)
				}
				_, _, err := s.play(t, c, nil)
				if !errors.Is(err, syscall.ENOSPC) {
					t.Fatalf("error %v", err)
				}
				data := outputtest.Read(t, name)
				switch {
				case len(data) < 40<<10:
					t.Errorf("%d bytes", len(data))
				case format == "pcapng" && pcapfile.Whole(strings.NewReader(data)) != int64(len(data)):
					t.Error("it does not end in a whole block")
				case format == "ndjson" && (!strings.HasSuffix(data, "}\n") || strings.Count(data, "\n{") != strings.Count(data, "}\n")-1),
					format != "pcapng" && !strings.HasSuffix(data, "\n"):
					t.Errorf("it ends in %q", data[len(data)-80:])
				}
			})
		}
	}
}
