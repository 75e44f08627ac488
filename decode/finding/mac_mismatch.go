package finding

// MACMismatch is a MAC address in a URL that is not the sender's.
const MACMismatch Kind = 8

func macMismatch() info {
	return info{
		slug: "mac_mismatch", severity: Warning, title: "MAC addresses of other phones",
		meaning:    "the MAC address in the URL is not that of the phone that sent it",
		hint:       "use $mac instead of a fixed address, which may come from another phone's settings",
		recognized: "The URL names another MAC address than the user agent, or than the frame of a phone that has templates of its own.",
		silent:     "The frame comes through a router.",
		example:    "GET /event?mac=000b82123433 from the phone with the address 00:0b:82:12:34:32.",
		text: func(d *Detail, _ Severity) string {
			return d.Name + " in the URL, " + d.Other + " outside"
		},
	}
}
