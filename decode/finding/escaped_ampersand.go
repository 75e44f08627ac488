package finding

// EscapedAmpersand is a URL in which variables are separated as in XML.
const EscapedAmpersand Kind = 34

func escapedAmpersand() info {
	return info{
		slug: "escaped_ampersand", severity: Warning, title: "variables separated by &amp;",
		meaning:    "the URL has &amp; between its variables, so that servers read other keys",
		hint:       "write & in the phone's Action URL: &amp; stands for it in XML files alone",
		recognized: "The target has &amp; before a key. The detail is the first such key.",
		silent:     "No key follows: it may be part of a value.",
		example:    "GET /incoming?mac=000b82123432&amp;remote=5003",
		text:       func(d *Detail, _ Severity) string { return "amp;" + d.Name },
	}
}
