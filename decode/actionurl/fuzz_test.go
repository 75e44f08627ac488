package actionurl

import (
	"cmp"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"actionurl/decode/httpwire"
	"actionurl/decode/phone"
	"actionurl/decode/vendor"
)

// placeholders finds the variables in a template, independently of the code
// under test: the longest name first.
var placeholders = func() *regexp.Regexp {
	var names []string
	for _, v := range vendor.Uses() {
		names = append(names, regexp.QuoteMeta(v.Name))
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return regexp.MustCompile(`\$\$[A-Z_][A-Z0-9_]*\$\$|\$(` + strings.Join(names, "|") + `)`)
}()

// A request that a phone makes of a template is matched by it, whatever the
// values are, and gives the values where there is one reading.
func FuzzTemplate(f *testing.F) {
	f.Add("mac=$mac&local=$local", "000b82632815", "5002")
	f.Add("call-id=$call-id&program_version=$program_version", "1-5062-13@BJC.BGI", "1.0.3.24")
	f.Add("hook?n=$display_remote&l=$$LINESTATE$$;", "A&B Ltd", "100%")
	f.Add("$mac$local/%41$remote", "%", "")
	f.Add("$sip_header($mac)$$mac$$-$callid", "$", "a a")
	f.Fuzz(func(t *testing.T, text, first, second string) {
		text = "/" + strings.TrimSpace(text)
		template, err := ParseTemplate(Lookup("hold_call"), text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		values := []string{first, second}
		n := 0
		target := placeholders.ReplaceAllStringFunc(text, func(string) string {
			n++
			return values[(n-1)%2]
		})
		x := get(target)
		e := NewDecoder(Config{Templates: []*Template{template}}, phone.NewRegistry()).Decode(x)
		if strings.Trim(target, " ") != target {
			return // blanks at the ends are not part of a target
		}
		if e == nil || e.By != ByTemplate {
			t.Fatalf("template %q: %q is %s", text, target, summary(e))
		}

		// One reading: the literals have no byte in common with the values,
		// and there is one between any two variables.
		literals := placeholders.Split(text, -1)
		if first == "" || second == "" || n > 2 || strings.ContainsAny(strings.Join(literals, "")+first+second, "%$") ||
			strings.ContainsAny(first+second, strings.Join(literals, "")) || n == 2 && literals[1] == "" {
			return
		}
		for _, value := range values[:n] {
			if strings.ContainsFunc(value, func(c rune) bool { return c == 0xfffd }) {
				return // strings.ContainsAny compares runes, not bytes
			}
		}
		if n == 2 && placeholders.FindString(text) == placeholders.FindAllString(text, 2)[1] {
			return // the second of the same name does not count
		}
		for i, value := range values[:n] {
			if e.Vars[i].Value != value {
				t.Fatalf("template %q: %q is %s", text, target, summary(e))
			}
		}
	})
}

// maxFuzzed bounds a target in bytes: with one of 8 KiB, of which every byte is a
// place where a variable may end, the fuzzer did nothing else.
const maxFuzzed = 512

// Hostile requests neither panic nor take long.
func FuzzDecode(f *testing.F) {
	long, target := hostile()
	target = target[:maxFuzzed] // TestMatchingTakesBoundedTime takes all of it
	set := templates(f,
		"incoming_call=192.168.40.207/mac=$mac&local=$local",
		"hold_call=192.168.40.207/mac=$mac&local=$local",
		"outgoing_call=http://pbx.example:8080/in?r=$remote&n=$display_remote",
		"missed_call="+long,
		"on_hook=/$mac$local$remote%$ip",
	)
	f.Add("GET", target, "", "192.168.40.207")
	f.Add("GET", "/mac=000b82632815&local=5002", phoneAgent, "192.168.40.207")
	f.Add("GET", "http://pbx.example:8080/in?r=5&n=%", "Yealink SIP-T46U 108.87.14.1 24:9a:d8:6e:9d:88", "")
	f.Add("GET", "http://?", "Grandstream Model HW", "[::1]:")
	f.Add("GET", "=", "/", ":")
	f.Fuzz(func(t *testing.T, method, target, agent, host string) {
		if len(target) > maxFuzzed {
			t.Skip()
		}
		x := &httpwire.Exchange{
			Client: netip.MustParseAddrPort(phoneAddr), Server: netip.MustParseAddrPort(serverAddr),
			Method: method, Target: target, UserAgent: agent, Host: host,
		}
		start := time.Now()
		for _, d := range []*Decoder{NewDecoder(Config{}, phone.NewRegistry()), NewDecoder(Config{Templates: set}, phone.NewRegistry())} {
			e := d.Decode(x)
			if e == nil {
				continue
			}
			if (e.Kind == Unknown) != (e.By == ByNothing) || len(e.Candidates) == 1 ||
				e.Kind != Unknown && len(e.Candidates) > 0 {
				t.Errorf("contradicts itself: %s, %+v", summary(e), e)
			}
			for _, v := range e.Vars {
				if (v.State == Empty) != (v.Value == "") || v.State == Unresolved && v.Value[0] != '$' && v.Value[0] != '{' {
					t.Errorf("contradicts itself: %+v", v)
				}
			}
		}
		// Far above what it takes, for slow machines under the fuzzer.
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("it takes %v", took)
		}
	})
}
