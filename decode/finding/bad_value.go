package finding

// BadValue is a value that its variable cannot have.
const BadValue Kind = 17

func badValue() info {
	return info{
		slug: "bad_value", severity: Warning, title: "values that do not fit their variable",
		meaning:    "a value does not fit the type of its variable",
		hint:       "check the template: variables may be swapped, or have text next to them",
		recognized: "The value of a typed variable (a MAC or IP address, a number of seconds, a percentage) is something else.",
		silent:     "The value is empty or the variable was not replaced, which are findings of their own.",
		example:    "GET /event?mac=unknown, where the template has mac=$mac.",
		text: func(d *Detail, _ Severity) string {
			return d.Name + "=" + d.Other
		},
	}
}
