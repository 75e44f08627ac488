package finding

// NoResponse is a request that the server did not answer.
const NoResponse Kind = 0

func noResponse() info {
	return info{
		slug: "no_response", severity: Error, title: "unanswered requests",
		meaning:    "the server took the connection but did not answer the request",
		hint:       "check the server's log for this time; let the server answer 200 before it does anything else; an unacknowledged request did not reach it",
		recognized: "No response came within --response-timeout, or the connection was reset or closed first. It is aborted where the phone itself reset the connection, and unacknowledged where the server did not even acknowledge its bytes.",
		silent:     "The capture ends first, holds one direction only, or lost something in between.",
		example:    "GET /event?mac=000b82123432, and no answer before the connection is closed 10 s later.",
	}
}
