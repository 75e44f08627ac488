package finding

import "time"

// SensorClock is a sensor whose clock differs from that of another.
const SensorClock Kind = 33

func sensorClock() info {
	return info{
		slug: "sensor_clock", severity: Warning, title: "sensors whose clocks differ",
		meaning:    "two sensors captured the same request more than a second apart",
		hint:       "synchronize the clocks of both with NTP; rows of one of them are out of order",
		recognized: "The addresses, the ports and the target of a request are the same, and the times more than 1 second and less than 10 minutes apart.",
		silent:     "No request was captured by two sensors.",
		example:    "The sensors hq and annex see the same request, annex 2.1 s later.",
		text: func(d *Detail, _ Severity) string {
			return d.Name + " and " + d.Other + ": " + time.Duration(d.N).Round(time.Millisecond).String()
		},
	}
}
