package finding

import "fmt"

// Redirect is a redirect that the phone does not follow.
const Redirect Kind = 5

func redirect() info {
	return info{
		slug: "redirect", severity: Error, title: "redirects that are not followed",
		meaning:    "the server redirected the phone, which does not follow",
		hint:       "configure the URL that the server redirects to; it often has https or a trailing slash",
		recognized: "The response has a status from 300 to 399 except 304.",
		silent:     "The phone requests the URL of the Location header within 2 s.",
		example:    "GET http://crm.example.com/event is answered by \"301 Moved Permanently\" to https://crm.example.com/event, and the phone does not ask there.",
		text: func(d *Detail, _ Severity) string {
			return fmt.Sprint(d.N)
		},
	}
}
