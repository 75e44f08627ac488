package actionurl

import "strings"

// A Key is what a variable's name means. It is told once for each variable, as
// much depends on it.
type Key uint8

const (
	NoKey            Key = iota // nothing that anything depends on
	MACKey                      // $mac
	PhoneIPKey                  // $phone_ip
	IPKey                       // $ip
	ProductKey                  // $product, $model
	VersionKey                  // $program_version, $firmware
	HardwareKey                 // $hardware_version
	LanguageKey                 // $language
	LocalKey                    // $local
	RemoteKey                   // $remote
	DisplayLocalKey             // $display_local
	DisplayRemoteKey            // $display_remote
	CallIDKey                   // $call-id, $call_id
	AccountKey                  // $active_user
	DirectionKey                // $calldirection, $callDirection
	DurationKey                 // $duration
	BatteryKey                  // $battery
	CountKey                    // $nr_ongoing_calls
	CallerKey                   // $callerID
	CallKey                     // another variable that is of a call
	NumberKey                   // $REMOTENUMBER
	UserKey                     // $SIPUSERNAME
	EventKey                    // no variable: a key whose value may name the event
	keys
)

// keyOf returns what a name means.
func keyOf(name string) Key {
	switch name {
	case "mac":
		return MACKey
	case "phone_ip":
		return PhoneIPKey
	case "ip":
		return IPKey
	case "product", "model":
		return ProductKey
	case "program_version", "firmware":
		return VersionKey
	case "hardware_version":
		return HardwareKey
	case "language":
		return LanguageKey
	case "local":
		return LocalKey
	case "remote":
		return RemoteKey
	case "display_local":
		return DisplayLocalKey
	case "display_remote":
		return DisplayRemoteKey
	case "call-id", "call_id":
		return CallIDKey
	case "active_user":
		return AccountKey
	case "calldirection", "callDirection":
		return DirectionKey
	case "duration":
		return DurationKey
	case "battery":
		return BatteryKey
	case "nr_ongoing_calls":
		return CountKey
	case "callerID":
		return CallerKey
	case "active_host", "active_url", "calledNumber", "csta_id", "cancel_reason":
		return CallKey
	case "REMOTENUMBER":
		return NumberKey
	case "SIPUSERNAME":
		return UserKey
	case "event", "e", "ev", "evt", "type", "action", "method", "state", "status":
		return EventKey
	}
	if len(name) <= len("action") && hasUpper(name) && keyOf(strings.ToLower(name)) == EventKey {
		return EventKey
	}
	return NoKey
}

func hasUpper(s string) bool {
	for i := range len(s) {
		if s[i] != lower(s[i]) {
			return true
		}
	}
	return false
}

// What a variable's name tells of the request that has it.
const (
	nothing  = iota
	common   // a word that pages and devices of all kinds use
	identity // of the phone; provisioning requests have these, too
	generic  // of a call, but a word that others use
	telling  // a word that hardly anything else uses
	meanings
)

// tells is what keys tell.
var tells = [keys]uint8{
	LanguageKey: common, DurationKey: common, BatteryKey: common,
	MACKey: identity, IPKey: identity, ProductKey: identity, VersionKey: identity, HardwareKey: identity,
	LocalKey: generic, RemoteKey: generic,
	PhoneIPKey: telling, DisplayLocalKey: telling, DisplayRemoteKey: telling, CallIDKey: telling, AccountKey: telling,
	DirectionKey: telling, CountKey: telling, CallerKey: telling, CallKey: telling,
}
