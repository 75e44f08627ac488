package finding

import (
	"fmt"
	"time"
)

// DurationMismatch is a talk time that is not that between the events.
const DurationMismatch Kind = 16

func durationMismatch() info {
	return info{
		slug: "duration_mismatch", severity: Warning, title: "durations that do not fit",
		meaning:    "the talk time that the phone sends differs from the time between its events",
		hint:       "use the times of the events, or find out what this firmware counts",
		recognized: "The duration differs by more than 2 s from the time since the answer, with and without ringing and holds.",
		silent:     "The answer was not captured.",
		example:    "GET /event?event=terminated_call&duration=95, 60 s after the call was answered.",
		text: func(d *Detail, _ Severity) string {
			return fmt.Sprintf("%v sent, %v measured", time.Duration(d.N), time.Duration(d.M).Round(100*time.Millisecond))
		},
	}
}
