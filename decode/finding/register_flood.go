package finding

// RegisterFlood is a phone that fails to register again and again.
const RegisterFlood Kind = 13

func registerFlood() info {
	return info{
		slug: "register_flood", severity: Warning, title: "phones that fail to register",
		meaning:    "the phone fails to register again and again, and announces each failure",
		hint:       "check the account, its password and the SIP server; the phone cannot be called until it registers",
		recognized: "Five failures to register within 10 minutes, and no registration in between.",
		silent:     "A registration resets the count.",
		example:    "A phone announces unregistered five times within 3 minutes, and never registered.",
	}
}
