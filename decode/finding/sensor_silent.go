package finding

// SensorSilent is a sensor that is not heard any more.
const SensorSilent Kind = 32

func sensorSilent() info {
	return info{
		slug: "sensor_silent", severity: Warning, title: "silent sensors",
		meaning:    "the sensor publishes nothing, and did not report the end of its capture",
		hint:       "check that it runs and reaches the server; the lines in its spool will come late",
		recognized: "For 30 seconds, or --lateness if that is more, nothing came from a sensor, not even a heartbeat, while the collector was connected.",
		silent:     "The sensor ended its capture, or was never heard.",
		example:    "The sensor hq reached 08:00:12, the others are at 08:05:00.",
	}
}
