package finding

// SIPMismatch is an event that SIP contradicts.
const SIPMismatch Kind = 23

func sipMismatch() info {
	return info{
		slug: "sip_mismatch", severity: Warning, title: "events that SIP contradicts",
		meaning:    "the phone reported the end of a call whose SIP dialog continues",
		hint:       "compare the call with its SIP (--columns time,event,call_id,sip_frame); a template may be in the field of another event",
		recognized: "An event that ends a call belongs to a call whose messages continue after it.",
		silent:     "The capture holds no SIP of the call.",
		example:    "The phone announces terminated_call, and the messages of that SIP call go on for 20 s.",
	}
}
