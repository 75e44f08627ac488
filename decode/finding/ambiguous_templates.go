package finding

// AmbiguousTemplates is a request that templates of several events match.
const AmbiguousTemplates Kind = 9

func ambiguousTemplates() info {
	return info{
		slug: "ambiguous_templates", severity: Warning, title: "templates of several events that match",
		meaning:    "templates of several events match, and nothing shows which event it was",
		hint:       "give each event a URL of its own, as with /incoming or event=incoming",
		recognized: "Templates of several events match one request, in a profile or in the capture.",
		silent:     "The values, the state of the call, or SIP leave one event.",
		example:    "http://crm/event?mac=$mac is configured for hold_call and for resume_call.",
		text: func(d *Detail, _ Severity) string {
			return d.Name + " or " + d.Other
		},
	}
}
