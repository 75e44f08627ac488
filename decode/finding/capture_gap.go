package finding

// CaptureGap is a request beside which the capture lost something.
const CaptureGap Kind = 30

func captureGap() info {
	return info{
		slug: "capture_gap", severity: Notice, title: "gaps in the capture",
		meaning:    "the capture has a gap between the request and its response",
		hint:       "capture closer to the server or with a larger buffer (tcpdump -B), and filter for what matters",
		recognized: "Bytes or frames are missing while the request waited for its response.",
		silent:     "The gap is before the request or after its response.",
		example:    "The capture drops frames from 08:00:12 to 08:00:14, and a request of 08:00:11 has no answer in it.",
	}
}
