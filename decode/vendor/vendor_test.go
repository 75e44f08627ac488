package vendor_test

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"actionurl/decode/vendor"
)

func TestVendorsAreWhole(t *testing.T) {
	names, blocks := map[string]bool{}, map[string]string{}
	for _, v := range vendor.All() {
		if v.Name == "" || names[v.Name] || v.Label == "" || len(v.Blocks)+len(v.Agents) == 0 {
			t.Errorf("%q is incomplete or there twice", v.Name)
		}
		names[v.Name] = true
		for _, b := range v.Blocks {
			if other, again := blocks[b]; again || !regexp.MustCompile(`^[0-9a-f]{2}(:[0-9a-f]{1,2}){2,3}$`).MatchString(b) {
				t.Errorf("block %q of %s is none, or of %s, too", b, v.Name, other)
			}
			blocks[b] = v.Name
		}
		for _, words := range v.Agents {
			if words != strings.ToLower(words) || words == "" {
				t.Errorf("words %q of %s are not in lower case", words, v.Name)
			}
		}
		keys := map[string]bool{}
		for _, s := range v.Settings {
			key := strings.ToLower(s.Key)
			if key == "" || keys[key] || s.Grade != vendor.Documented && s.Grade != vendor.Observed && s.Grade != vendor.Inferred {
				t.Errorf("setting %q of %s is incomplete or there twice", s.Key, v.Name)
			}
			keys[key] = true
		}
		variables := map[string]bool{}
		for _, w := range v.Variables {
			if variables[w.Name] || w.Name == "" || w.Text == "" {
				t.Errorf("variable %+v of %s is incomplete or there twice", w, v.Name)
			}
			variables[w.Name] = true
		}
	}
}

// A vendor whose words another's begin with would never be found.
func TestNoWordsHideOthers(t *testing.T) {
	for _, v := range vendor.All() {
		for _, words := range v.UserAgents() {
			if got := vendor.Read(words).Vendor; got != v {
				t.Errorf("%q is read as %s, want %s", words, got.Title(), v.Label)
			}
		}
	}
}

func TestOf(t *testing.T) {
	for mac, want := range map[string]string{
		"000B82-123456": "grandstream", "00:15:65:00:00:01": "yealink", "0004.1300.0001": "snom", "001fc1000001": "htek",
		"005058000001": "sangoma", "0c1105000001": "akuvox", "0c383e000001": "fanvil", "00085d000001": "mitel",
		"789912000001": "flyingvoice", "0004f2000001": "poly", "1ccae37fffff": "doorbird", "1ccae3800000": "",
		"aabbcc000001": "", "00:0b:82": "", "": "",
	} {
		got := ""
		if v := vendor.OfText(mac); v != nil {
			got = v.Name
		}
		if got != want {
			t.Errorf("%q is of %q, want %q", mac, got, want)
		}
	}
}

// Administrators call events in URLs as the settings are called, with or without
// what only says that it is a URL.
func TestEventOf(t *testing.T) {
	for _, test := range []struct{ vendor, name, want string }{
		{"fanvil", "CallActive", "established_call"},
		{"fanvil", "CallStopUrl", "terminated_call"},
		{"fanvil", "RegOn", "registered"},
		{"fanvil", "onhook", "on_hook"},
		{"fanvil", "phone-state-talking", "phone_state_talking"},
		{"snom", "reg_failed", "register_failed"},
		{"snom", "redirection_on", "forward_on"},
		{"snom", "setup", "boot_completed"},
		{"snom", "incoming_url", "incoming_call"},
		{"vtech", "startup", "boot_completed"},
		{"vtech", "incoming_call", "incoming_call"},
		{"vtech", "action_uri", ""},
		{"mitel", "registration event", "registration_event"},
		{"flyingvoice", "ring", "incoming_call"},
		{"flyingvoice", "call_established", "established_call"},
		{"poly", "CallEnded", "terminated_call"},
		{"poly", "IncomingCallRinging", "incoming_call"},
		{"akuvox", "HangUp", "terminated_call"},
		{"grandstream", "answerNewInCall", "answered_call"},
		{"yealink", "handfree", "handsfree"},
		{"yealink", "CallStop", ""},
		{"yealink", "", ""},
		{"poly", "", ""},
	} {
		if got := vendor.Named(test.vendor).EventOf(test.name); got != test.want {
			t.Errorf("%s of %s is %q, want %q", test.name, test.vendor, got, test.want)
		}
	}
}

// Snom phones replace any of their settings, but not what others call a variable of
// theirs.
func TestKnows(t *testing.T) {
	for _, test := range []struct {
		vendor, name string
		want         bool
	}{
		{"snom", "call-id", true}, {"snom", "user_name1", true}, {"snom", "call_id", false}, {"snom", "ip", false}, {"snom", "local_ip", true},
		{"yealink", "call_id", true}, {"yealink", "call-id", false}, {"yealink", "user_name1", false},
	} {
		if got := vendor.Named(test.vendor).Knows(test.name); got != test.want {
			t.Errorf("%s knows %s: %t", test.vendor, test.name, got)
		}
	}
}

// registered are the names under which IEEE has the vendors' blocks.
var registered = map[string]string{
	"grandstream": `grandstream`, "yealink": `yealink`, "snom": `snom technology`, "htek": `hanlong`, "sangoma": `sangoma`,
	"akuvox": `akuvox`, "fanvil": `fanvil`, "mitel": `mitel (corp|net)|aastra|detewe`, "flyingvoice": `flying ?voice`,
	"poly": `^poly(com)?$|obihai`, "vtech": `vtech telecom|snom`, "alcatel": `^ale international|alcatel-lucent enterprise \(china`,
	"cyberdata": `cyberdata`, "matrix": `matrix telecom|matrix comsec`, "auerswald": `auerswald`, "unify": `unify soft`,
	"doorbird": `bird home`, "2n": `^2n tele`, "gigaset": `gigaset`, "panasonic": `panasonic communications`,
	"algo": `^algo comm`, "agfeo": `^agfeo`, "ascom": `ascom tateco`, "atcom": `^atcom`, "audiocodes": `^audio ?codes`, "behnke": `telefonbau behnke`,
	"commend": `commend international`, "digium": `^digium`, "dinstar": `^dinstar`, "escene": `escene`, "innovaphone": `^innovaphone`, "rtx": `^rtx telecom`,
	"spectralink": `^spectralink|^kirk telecom`, "swissvoice": `^swissvoice`, "wildix": `^wildix`, "xorcom": `^xorcom`, "zenitel": `^zenitel`, "zycoo": `^zycoo`,
	"tiptel": `^tiptel`,
}

// later are blocks that IEEE assigned after 2022, whose list Debian 12 has.
var later = " 14:4c:ff 34:97:d7 44:db:d2 64:4f:56 b0:61:a9 c4:fc:22 ec:1d:a9 f0:16:53 1c:71:26 1c:8e:e6 78:99:12 60:db:ef 58:d8:a7 "

// The blocks are those of IEEE's registry, where it is installed (Debian's
// package ieee-data), and none is left out.
func TestBlocksAreThoseOfTheRegistry(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	owners := map[string]string{} // of blocks of 24 bits
	f, err := os.Open("/usr/share/ieee-data/oui.txt")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("package ieee-data is not installed")
	} else if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	line := regexp.MustCompile(`^([0-9A-F]{2})-([0-9A-F]{2})-([0-9A-F]{2})\s+\(hex\)\s+(.*)$`)
	for s := bufio.NewScanner(f); s.Scan(); {
		if m := line.FindStringSubmatch(strings.TrimSpace(s.Text())); m != nil {
			owners[strings.ToLower(m[1]+":"+m[2]+":"+m[3])] = strings.TrimSpace(m[4])
		}
	}
	if len(owners) < 10_000 {
		t.Fatalf("the registry has %d blocks", len(owners))
	}
	for _, v := range vendor.All() {
		if len(v.Blocks) == 0 {
			continue
		}
		if registered[v.Name] == "" {
			t.Errorf("nothing says how %s is registered", v.Name)
			continue
		}
		name := regexp.MustCompile(`(?i)` + registered[v.Name])
		have := map[string]bool{}
		for _, b := range v.Blocks {
			have[b] = true
			owner, assigned := owners[b[:8]]
			switch {
			case len(b) > 8 && owner == "IEEE Registration Authority": // of 28 bits, in a list of their own
			case !assigned && strings.Contains(later, " "+b+" "):
			case !name.MatchString(owner):
				t.Errorf("%s of %s is registered to %q", b, v.Name, owner)
			}
		}
		if v.Name == "vtech" {
			continue // snom's are its neighbour's
		}
		for b, owner := range owners {
			if name.MatchString(owner) && !have[b] {
				t.Errorf("%s of %s (%s) is missing", b, v.Name, owner)
			}
		}
	}
}

func TestInstead(t *testing.T) {
	for _, test := range []struct{ vendor, variable, want string }{
		{"grandstream", "ip", "$phone_ip"},
		{"grandstream", "callid", "$call-id"},
		{"grandstream", "call_id", "$call-id"}, // of two spellings
		{"grandstream", "remote_uri", ""},
		{"grandstream", "REMOTENUMBER", "$remote"},
		{"yealink", "phone_ip", "$ip"},
		{"yealink", "call-id", "$call_id"},
		{"mitel", "remote", "$$REMOTENUMBER$$"},
		{"mitel", "active_user", "$$SIPUSERNAME$$"},
		{"fanvil", "call_id", ""}, // its variables are not known
	} {
		if got := vendor.Named(test.vendor).Instead(test.variable); got != test.want {
			t.Errorf("%s, $%s: got %q, want %q", test.vendor, test.variable, got, test.want)
		}
	}
}
