package finding

// UnknownTemplate is a request that no template of the profile explains.
const UnknownTemplate Kind = 10

func unknownTemplate() info {
	return info{
		slug: "unknown_template", severity: Warning, title: "requests that no template explains",
		meaning:    "no template in the profile matches a request to one of its servers",
		hint:       "compare the phone's settings with the profile, and correct the outdated one",
		recognized: "A profile is given with -p, and an event went to one of its servers that none of its templates matches.",
		silent:     "Without a profile, or where the server is not in it.",
		example:    "GET /hook?m=000b82123432&n=5001 where the profile has only http://crm/event?mac=$mac.",
	}
}
