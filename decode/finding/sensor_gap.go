package finding

import "strconv"

// SensorGap is a sensor of which lines are missing where they are collected.
const SensorGap Kind = 31

func sensorGap() info {
	return info{
		slug: "sensor_gap", severity: Warning, title: "gaps in what sensors publish",
		meaning:    "numbered lines of the sensor are missing in the stream",
		hint:       "check the sensor's warnings (its spool may have been full: --spool) and the limits of the stream",
		recognized: "A sensor numbers its lines; a number was skipped.",
		silent:     "Lines are missing at the end of a run, or the run is older than the stream.",
		example:    "Of the sensor hq the lines 4,711 to 4,730 are not in the stream.",
		text:       func(d *Detail, _ Severity) string { return d.Name + ": " + strconv.FormatInt(d.N, 10) },
	}
}
