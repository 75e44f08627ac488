package finding

// BadValue is a value that its variable cannot have.
const BadValue Kind = 17

func badValue() info {
	return info{
		slug: "bad_value", severity: Warning, title: "values that do not fit their variable",
		meaning:    "a value is not of the kind that its variable has",
		hint:       "check the template: a variable may be in another's place, or text may stand beside it",
		recognized: "The value of a typed variable (a MAC or IP address, a number of seconds, a percentage) is something else.",
		silent:     "The value is empty or the variable was not replaced, which are findings of their own.",
		text: func(d *Detail, _ Severity) string {
			return d.Name + "=" + d.Other
		},
	}
}
