package finding

// RawPlus is a value with a plus sign.
const RawPlus Kind = 19

func rawPlus() info {
	return info{
		slug: "raw_plus", severity: Warning, title: "unescaped plus signs",
		meaning:    "a value has an unescaped plus sign, which servers read as a space",
		hint:       "let the server use the raw query, or restore the plus sign of a number that begins with a space",
		recognized: "A value in the query holds a plus sign.",
		silent:     "Never: the closing verdict lists it as a note where the server took the requests.",
		example:    "GET /event?remote=+4930123456: a server that decodes forms reads \" 4930123456\".",
	}
}
