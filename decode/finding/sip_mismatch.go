package finding

// SIPMismatch is an event that SIP contradicts.
const SIPMismatch Kind = 23

func sipMismatch() info {
	return info{
		slug: "sip_mismatch", severity: Warning, title: "events that SIP contradicts",
		meaning:    "the phone announced that a call is over while its SIP dialog goes on",
		hint:       "compare the call with its SIP (--columns time,event,call_id,sip_frame); a template may stand in another event's field",
		recognized: "An event that ends a call belongs to a call whose messages go on after it.",
		silent:     "The capture holds no SIP of the call.",
	}
}
