package finding

import "time"

// SlowResponse is a response that took long.
const SlowResponse Kind = 11

func slowResponse() info {
	return info{
		slug: "slow_response", severity: Warning, title: "slow responses",
		meaning:    "the server answered late, which makes phones repeat or drop the request",
		hint:       "let the server answer 200 at once and do its work afterwards",
		recognized: "The first byte of the response came later than --slow-response (1 s) after the request.",
		silent:     "The capture lost something in between.",
		example:    "GET /event?mac=000b82123432 is answered by \"200 OK\" after 3.5 s.",
		text: func(d *Detail, _ Severity) string {
			return time.Duration(d.N).String()
		},
	}
}
