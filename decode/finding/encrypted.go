package finding

// Encrypted is a TLS connection of a phone, which is an error where it failed.
const Encrypted Kind = 25

func encrypted() info {
	return info{
		slug: "encrypted", severity: Notice, title: "TLS connections",
		meaning: "a phone uses TLS to a server of Action URLs; its requests cannot be read",
		hint:    "give the server's key with --tls-key or --keylog, or use http for a trial",
		graver: [2]string{
			"a TLS connection to a server for Action URLs failed",
			"for a trial use http in the phone's Action URL; else give the server a version, a cipher suite and a certificate that this phone knows",
		},
		recognized: "A connection, or a tunnel through a proxy, begins with a ClientHello, or a proxy refuses the tunnel; servers as for refused. It is an error where the handshake failed and no other connection succeeded: the detail says why.",
		silent:     "The client is not known to be a phone, and no template names the server.",
		example:    "A ClientHello for crm.example.com to 192.168.40.207:443, and encrypted records from both ends.",
		text: func(d *Detail, s Severity) string {
			at := d.Name
			if d.Other != "" {
				at = d.Other + " at " + at
			}
			switch {
			case s == Notice && d.Why != "":
				return at + " (" + d.Why + ")"
			case d.Why != "":
				return d.Why + ": " + at
			}
			return at
		},
	}
}
