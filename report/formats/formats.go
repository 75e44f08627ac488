// Package formats is the list of output formats.
package formats

import (
	"actionurl/report"
	"actionurl/report/html"
	"actionurl/report/parquet"
	"actionurl/report/trace"
)

// All returns the formats, the default first.
func All() report.Formats {
	return append(report.Plain(), html.Format(), parquet.Format(), trace.Format())
}
