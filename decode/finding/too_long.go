package finding

import "fmt"

// TooLong is a URL longer than phones keep.
const TooLong Kind = 21

func tooLong() info {
	return info{
		slug: "too_long", severity: Warning, title: "URLs that are too long",
		meaning:    "the URL is longer than these phones store; they drop it silently",
		hint:       "shorten the URL: fewer variables, shorter path and keys",
		recognized: "The URL, or its template, has more bytes than the vendor's phones store.",
		silent:     "No limit of the vendor is known (actionurl catalog vendors).",
		example:    "The configured URL has 300 bytes, and phones of this vendor store 256.",
		text: func(d *Detail, _ Severity) string {
			return fmt.Sprintf("%d bytes of %d", d.N, d.M)
		},
	}
}
