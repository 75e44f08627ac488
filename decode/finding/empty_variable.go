package finding

// EmptyVariable is a variable without a value.
const EmptyVariable Kind = 27

func emptyVariable() info {
	return info{
		slug: "empty_variable", severity: Notice, title: "variables without a value",
		meaning:    "the phone had no value for a variable that this event usually has",
		hint:       "take the value from another variable, or from another event of the same call",
		recognized: "A variable that the event usually has is empty.",
		silent:     "The event usually lacks it.",
		example:    "GET /event?mac=000b82123432&remote=: $remote had no value.",
	}
}
