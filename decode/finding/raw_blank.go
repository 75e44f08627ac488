package finding

// RawBlank is a target with a space.
const RawBlank Kind = 18

func rawBlank() info {
	return info{
		slug: "raw_blank", severity: Warning, title: "unescaped spaces",
		meaning:    "the target has an unescaped space; strict servers answer 400",
		hint:       "put a tolerant proxy in front of the server, or omit values with spaces, such as display names",
		recognized: "The request target holds a space.",
		silent:     "Never: the closing verdict lists it as a note where the server took the requests.",
		example:    "GET /event?name=Front Desk&mac=000b82123432, where Front%20Desk was expected.",
	}
}
