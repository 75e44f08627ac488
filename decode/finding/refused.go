package finding

// Refused is a connection that the server refused.
const Refused Kind = 1

func refused() info {
	return info{
		slug: "refused", severity: Error, title: "refused connections",
		meaning:    "the server refused the connection: nothing listens on that port",
		hint:       "start the receiver, or correct the port in the URL; phones use port 80 where the URL has none",
		recognized: "The server answered a phone's SYN with an RST. The server takes events, is that of a template, or has another port that does; where no such server is known, any port that is usual for HTTP counts. It is a warning where other phones' events are taken at that port of another host, and this phone announces nothing.",
		silent:     "The client is not known to be a phone. It is a warning where another connection between the two succeeded, or where the phone uses the host for provisioning.",
		example:    "The phone connects to 192.168.40.207:8085, and the server answers with a reset.",
	}
}
