package actionurl

import (
	"strings"

	"actionurl/decode/vendor"
)

// meaningOf returns what a key of a URL means.
func meaningOf(key string) vendor.Meaning {
	if m := vendor.MeaningOf(key); m != vendor.Other || len(key) > len("action") {
		return m
	}
	if hasUpper(key) {
		key = strings.ToLower(key)
	}
	switch key {
	case "event", "e", "ev", "evt", "type", "action", "state", "status":
		return vendor.Event
	}
	return vendor.Other
}

func hasUpper(s string) bool {
	for i := range len(s) {
		if s[i] != lower(s[i]) {
			return true
		}
	}
	return false
}

// What a key says about the request that has it.
const (
	nothing  = iota
	common   // a word that pages and devices of all kinds use
	identity // of the phone; provisioning requests have these, too
	generic  // of a call, but a word that others use
	certain  // a word that hardly anything else uses
	allWeights
)

// weights are what keys say, by their meaning.
var weights = [vendor.Meanings]uint8{
	vendor.Language: common, vendor.Duration: common, vendor.Battery: common,
	vendor.MAC: identity, vendor.IP: identity, vendor.Product: identity, vendor.Version: identity, vendor.Hardware: identity,
	vendor.Local: generic, vendor.Remote: generic,
	vendor.PhoneIP: certain, vendor.DisplayLocal: certain, vendor.DisplayRemote: certain, vendor.CallID: certain,
	vendor.Account: certain, vendor.Direction: certain, vendor.Count: certain, vendor.OfCall: certain,
	vendor.Caller: certain, vendor.Called: certain, vendor.CallerName: certain, vendor.CalledName: certain,
	vendor.Number: certain, vendor.User: certain,
}
