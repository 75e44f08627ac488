package finding

import "fmt"

// NotHTTP is an answer that is not HTTP.
const NotHTTP Kind = 3

func notHTTP() info {
	return info{
		slug: "not_http", severity: Error, title: "answers that are not HTTP",
		meaning:    "the server answered with something that is not HTTP",
		hint:       "begin the answer with a status line and end its head with an empty line: HTTP/1.1 200 OK; unreadable bytes may be TLS or another service on that port",
		recognized: "The first bytes that came back are not a status line. The detail shows them, escaped.",
		silent:     "Bytes of the answer are missing in the capture.",
		example:    "GET /event?mac=000b82123432, and the answer begins with \"SSH-2.0-OpenSSH\".",
		text: func(d *Detail, _ Severity) string {
			return fmt.Sprintf("%q from %s", d.Other, d.Name)
		},
	}
}
