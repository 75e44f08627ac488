package report

// Meaning returns what the column or key of a name holds, a phrase; nothing for a
// name that no view has. A name means the same in all views.
func Meaning(name string) string {
	switch name {
	case "time":
		return "time of the request, of a call's first event, or of what the line reports; as captured"
	case "sensor":
		return "sensors that captured it (--sensor)"
	case "capture":
		return "capture file as named, or interface"
	case "frame":
		return "frame that completes the request's head, counted from 1 in each file; of a finding, the first example"
	case "src_ip":
		return "IP address of the sender"
	case "src_port":
		return "TCP port of the sender"
	case "dest_ip":
		return "IP address of the receiver"
	case "dest_port":
		return "TCP port of the receiver"
	case "vlan":
		return "VLAN IDs, outermost first"
	case "tls":
		return "TLS version and cipher suite of a decrypted request"
	case "method":
		return "HTTP method"
	case "host":
		return "Host header"
	case "target":
		return "request target, exactly as sent"
	case "version":
		return "HTTP version"
	case "user_agent":
		return "User-Agent header"
	case "status":
		return "status of the response"
	case "latency_ms":
		return "time from the complete request to the first byte of the response, in ms"
	case "no_response":
		return "why there is no status"
	case "event":
		return "event that the request reports, as 'actionurl catalog events' names it; unknown if nothing shows it"
	case "label":
		return "event as the phone's web page names it"
	case "by":
		return "how the event is known"
	case "candidates":
		return "events that an ambiguous request may report"
	case "phone_mac":
		return "MAC address of the phone"
	case "phone_ip":
		return "IP address of the phone; in --view phones all of them"
	case "phone_name":
		return "name of the phone in a profile"
	case "phone_product":
		return "model of the phone"
	case "phone_version":
		return "firmware version of the phone"
	case "call_id":
		return "ID of the call"
	case "local":
		return "the phone's own number or account"
	case "remote":
		return "number of the other side"
	case "display_remote":
		return "name of the other side"
	case "duration_s":
		return "talk time that the phone reports, in s"
	case "sip_frame":
		return "frame of the SIP message that belongs to the event"
	case "sip_method":
		return "method of that message; of a response, its status and method"
	case "sip_delay_ms":
		return "time from that message to the request, in ms"
	case "also":
		return "other addresses between which the same request was captured"
	case "late":
		return "a collector received the event after later ones"
	case "vars":
		return "variables by name, or by the key as sent"
	case "findings":
		return "kinds of findings"
	case "template":
		return "template that matched"
	case "identified":
		return "how the phone is known: url, user_agent, frame or address"
	case "other_mac":
		return "MAC address in the URL that is not the sender's"
	case "server_name":
		return "name of the server in a profile"
	case "content_type":
		return "Content-Type of the request"
	case "body_size":
		return "size of the request's body, in bytes"
	case "body":
		return "beginning of the request's body"
	case "details":
		return "findings with their details"
	case "phone":
		return "name of the phone in a profile, else its MAC address, else its IP address"
	case "client":
		return "sender, as IP:PORT"
	case "server":
		return "name of the server in a profile, else IP:PORT"
	case "direction":
		return "incoming or outgoing"
	case "state":
		return "state of the call: ringing, dialing, active, held, ended, missed, rejected or unfinished"
	case "ring_s":
		return "ringing time, in s"
	case "talk_s":
		return "time from the answer to the end, in s"
	case "hold_s":
		return "time on hold, in s"
	case "holds":
		return "number of times on hold"
	case "group":
		return "number that the rows of one call share (--group)"
	case "key":
		return "what ties the call's events together"
	case "events":
		return "events of a call, in order; of a phone or server, their number"
	case "transfers":
		return "number of transfers"
	case "sip":
		return "columns that are filled from SIP"
	case "vendor":
		return "vendor of the phone"
	case "accounts":
		return "accounts of the phone"
	case "registered":
		return "the phone is registered"
	case "dnd":
		return "do not disturb is on"
	case "forward":
		return "call forwarding is on"
	case "off_hook":
		return "the handset is off the hook"
	case "calls":
		return "number of calls"
	case "failures":
		return "number of requests without a 2xx response"
	case "first_seen":
		return "time of the first request or example"
	case "last_seen":
		return "time of the last request or example"
	case "phones":
		return "phones concerned; of a server, their number"
	case "ok":
		return "number of requests with a 2xx response"
	case "failed":
		return "number of requests that the server refused, redirected or did not answer"
	case "median_ms":
		return "time to respond, in ms: the median"
	case "p95_ms":
		return "time to respond, in ms: of 95 % of the responses at most this"
	case "max_ms":
		return "time to respond, in ms: the longest"
	case "finding":
		return "kind of the finding"
	case "severity":
		return "error, warning or notice"
	case "message":
		return "what the finding means"
	case "hint":
		return "what to do"
	case "what":
		return "message, hint and first example, in sentences"
	case "slug":
		return "kind of the finding"
	case "line":
		return "in Parquet, the kind of a row that is not a request"
	case "beside":
		return "in Parquet, the object of such a row, as JSON"
	case "name", "other", "why", "n", "m", "addr", "from":
		return "detail of the finding's message"
	case "count":
		return "number of times"
	case "account":
		return "account of the phone"
	case "started", "answered", "ended":
		return "times of the call's signalling"
	case "held_ms":
		return "time on hold, in ms"
	}
	return ""
}
