package finding

import "fmt"

// HTTPError is a request that the server did not take.
const HTTPError Kind = 4

func httpError() info {
	return info{
		slug: "http_error", severity: Error, title: "requests answered by an error",
		meaning:    "the server refused the request",
		hint:       "compare path and host with what the server expects; 401 and 407 ask for credentials, 400 may mean an unescaped space, above 499 see the server's log",
		recognized: "The response has a status of 400 or above.",
		silent:     "The phone sends the request again with the credentials that a 401 or 407 asks for, within 2 s.",
		example:    "GET /event?mac=000b82123432 is answered by \"404 Not Found\".",
		text: func(d *Detail, _ Severity) string {
			return fmt.Sprint(d.N)
		},
	}
}
