package report

import (
	"fmt"
	"testing"
)

func TestGolden(t *testing.T) {
	for _, width := range []int{0, 40, 80, 120, 200} {
		for _, view := range []View{Events, Requests} {
			records := events(t)
			if view == Requests {
				records = sample(t)
			}
			name := fmt.Sprintf("%s-%d.txt", view, width)
			t.Run(name, func(t *testing.T) {
				golden(t, name, write(t, Options{Format: Plain().Named("table"), Width: width}, view, records))
			})
		}
	}
	for _, format := range []string{"csv", "ndjson", "markdown"} {
		t.Run(format, func(t *testing.T) {
			golden(t, "requests."+format, write(t, Options{Format: Plain().Named(format)}, Requests, sample(t)))
		})
	}
	t.Run("columns", func(t *testing.T) {
		golden(t, "columns.csv", write(t, Options{Format: Plain().Named("csv"), Columns: " phone,event, candidates,client,server,vlan "}, Events, events(t)))
	})
}
