// Package formats is the list of output formats.
package formats

import "actionurl/report"

// All returns the formats, the default first.
func All() report.Formats {
	return report.Plain()
}
