package finding

// CutHead is a request of which the capture lacks the end.
const CutHead Kind = 29

func cutHead() info {
	return info{
		slug: "cut_head", severity: Notice, title: "requests captured in part",
		meaning:    "the capture holds only the beginning of the request",
		hint:       "capture whole frames (tcpdump -s 0), without drops",
		recognized: "The head of the request is cut by the snaplen, by a lost segment, or by the end of the capture or connection.",
		silent:     "The request line is incomplete: then there is no row.",
		example:    "GET /event?mac=000b82123, and the frame ends there: snaplen 96.",
	}
}
