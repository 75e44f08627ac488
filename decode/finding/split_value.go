package finding

// SplitValue is a value at which servers split the query.
const SplitValue Kind = 20

func splitValue() info {
	return info{
		slug: "split_value", severity: Warning, title: "values that servers split",
		meaning:    `a value holds "&" or "=", where servers split it`,
		hint:       "put the variable at the end of the URL, or let the server parse the raw query itself",
		recognized: "A template shows that the value of a variable extends over what looks like another pair.",
		silent:     "No template matches: then nothing shows where a value ends.",
		example:    "GET /event?name=Sales & Service&mac=000b82123432: a server reads the name \"Sales \".",
	}
}
