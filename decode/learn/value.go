package learn

import (
	"net/netip"
	"strings"

	"actionurl/decode/actionurl"
	"actionurl/decode/vendor"
)

// A kind is what a value looks like by itself.
type kind uint8

const (
	absent      kind = iota
	placeholder      // the literal name of a variable
	macAddress
	ipAddress
	callID  // one that a Grandstream phone made
	uri     // with an "@": a SIP URI, or a Call-ID
	number  // as one dials it
	version // numbers with dots
	model   // of a phone
	opaque  // letters and digits, as tokens are
	word
	text
)

// typeOf returns what an unescaped value looks like.
func typeOf(value string) kind {
	switch {
	case value == "":
		return absent
	case isPlaceholder(value):
		return placeholder
	case isIP(value):
		return ipAddress
	case isMAC(value):
		return macAddress
	case isNumber(value):
		return number
	case isVersion(value):
		return version
	case isModel(value):
		return model
	case strings.Contains(value, "@"):
		if _, ok := actionurl.CallIDAddress(value); ok {
			return callID
		}
		return uri
	case isOpaque(value):
		return opaque
	case isWord(value):
		return word
	}
	return text
}

// isPlaceholder reports whether a value is a variable as it is typed into a
// phone, which the phone did not replace.
func isPlaceholder(value string) bool {
	name, ok := strings.CutPrefix(value, "$")
	if inner, is := strings.CutPrefix(name, "$"); is {
		name, ok = strings.CutSuffix(inner, "$$")
	}
	return ok && isName(name)
}

// isName reports whether a profile can have a variable of that name.
func isName(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return name != "" && len(name) <= 40
}

func isIP(value string) bool {
	_, err := netip.ParseAddr(value)
	return err == nil
}

// isMAC reports whether a value is a MAC address. Twelve digits and letters
// without anything between them are one only if they begin as those of phones do.
func isMAC(value string) bool {
	mac := actionurl.NormalizeMAC(value)
	return mac != "" && (len(value) > 12 || vendor.OfText(mac) != nil)
}

// isNumber reports whether a value is made of what one dials.
func isNumber(value string) bool {
	digits := 0
	for i := range len(value) {
		switch c := value[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c != '+' && c != '*' && c != '#':
			return false
		}
	}
	return digits > 0
}

// isVersion reports whether a value is three numbers or more with dots between.
func isVersion(value string) bool {
	dots := 0
	for i := range len(value) {
		switch c := value[i]; {
		case c == '.' && i > 0 && value[i-1] != '.':
			dots++
		case c < '0' || c > '9':
			return false
		}
	}
	return dots >= 2 && value[len(value)-1] != '.'
}

// isModel reports whether a value is looks like the name of a model: GXP2135, WP826,
// GRP2601W, SIP-T46U, snom720.
func isModel(value string) bool {
	rest, ok := strings.CutPrefix(value, "SIP-T")
	if !ok {
		rest, ok = strings.CutPrefix(strings.ToLower(value), "snom")
	}
	if !ok {
		rest = strings.TrimLeft(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
		if n := len(value) - len(rest); n < 2 || n > 4 {
			return false
		}
	}
	tail := strings.TrimLeft(rest, "0123456789")
	digits := len(rest) - len(tail)
	return digits >= 2 && digits <= 4 && len(tail) <= 2 && (ok || digits > 2) && strings.Trim(tail, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// isOpaque reports whether a value is letters and digits that mean nothing.
func isOpaque(value string) bool {
	if len(value) < 12 || !isWord(value) {
		return false
	}
	changes := 0 // between digits and letters
	for i := 1; i < len(value); i++ {
		if isDigit(value[i]) != isDigit(value[i-1]) {
			changes++
		}
	}
	return changes >= 3
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// aliases are words that people give variables as keys, as they were seen in
// use. What a key is called proves nothing by itself.
var aliases = func() map[string]string {
	all := map[string]string{}
	for variable, keys := range map[string]string{
		"mac":              "m mac_address macaddress macaddr phone_mac",
		"phone_ip":         "phoneip ip_address ipaddress ipaddr addr phone_addr",
		"remote":           "r nr num number remotenumber remote_number phone_number phonenumber caller from tel peer",
		"display_remote":   "n name dr nr_display remote_name remotename caller_name callername displayname display_name",
		"local":            "l localnumber local_number to called",
		"display_local":    "dl local_name localname",
		"active_user":      "e ext extension user account acc line nst",
		"active_host":      "host sip_server registrar",
		"call-id":          "callid cid id call call_ref callref",
		"duration":         "d dur secs seconds talk_time talktime call_duration",
		"battery":          "b bat battery_level level",
		"calldirection":    "dir direction call_direction",
		"program_version":  "v ver version fw sw software firmware_version",
		"hardware_version": "hw hardware",
		"product":          "p prod phone_model device_model",
		"language":         "lang",
	} {
		for key := range strings.FieldsSeq(keys) {
			all[key] = variable
		}
	}
	for _, v := range vendor.Uses() {
		lower := strings.ToLower(v.Name)
		if all[lower] == "" {
			all[lower] = v.Name
		}
	}
	return all
}()

// aliasOf returns the variable that a key may stand for, empty for none.
func aliasOf(key string) string {
	return aliases[strings.ToLower(strings.ReplaceAll(key, "-", "_"))]
}

// variableOf returns the variable that a key is called by, under the guide's
// name for it where there is one; empty for none.
func variableOf(key string) string {
	name := key
	if !vendor.IsVariable(name) {
		name = aliasOf(key)
	}
	return vendor.Common(name)
}

// spelled returns a variable as phones of the vendor know it, and as it is
// typed into them.
func spelled(variable string, v *vendor.Vendor) (name, typed string) {
	switch {
	case v == nil:
		return variable, "$" + variable
	case len(v.Variables) == 0:
		return variable, v.Spell(variable)
	}
	if name := v.Variable(variable); name != "" {
		return name, v.Spell(name)
	}
	if v.Open {
		return variable, v.Spell(variable)
	}
	return variable, "$" + variable
}

// suits reports whether a value of this look can be one of the variable.
func suits(variable string, k kind) bool {
	switch k {
	case absent, placeholder:
		return true
	}
	switch variable {
	case "mac": // of a vendor that is not known, too
		return k == macAddress || k == opaque || k == number
	case "phone_ip":
		return k == ipAddress
	case "duration", "battery":
		return k == number
	case "call-id":
		return k == number || k == uri || k == callID || k == opaque
	case "program_version": // four numbers with dots are an address by their look
		return k == version || k == ipAddress
	case "product":
		return k == model || k == word
	case "calldirection", "language":
		return k == word || k == text
	case "active_host":
		return k == ipAddress || k == word
	case "remote", "local", "active_user":
		return k == number || k == uri || k == word || k == text
	}
	return k != macAddress && k != ipAddress
}
