package finding

// SecretInURL is a URL with a password or token.
const SecretInURL Kind = 22

func secretInURL() info {
	return info{
		slug: "secret_in_url", severity: Warning, title: "secrets in URLs",
		meaning:    "the URL holds what looks like a password or token, readable in the traffic and in every log",
		hint:       "let the server identify phones by address or VLAN, and change the secret",
		recognized: "A key such as token, password or apikey has a value, or the URL has user:password@. The value is never shown.",
		silent:     "The value is short and the key also has other uses.",
		example:    "GET /event?token=8f14e45fceea167a&mac=000b82123432.",
	}
}
