package timeline

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// grouped returns a line for each call of a script, in the order in which they
// are handed out: the group, the phone's address, the state.
func grouped(t testing.TB, c Config, script string) []string {
	t.Helper()
	var lines []string
	c.Closed = func(c *Call) {
		lines = append(lines, fmt.Sprintf("%d %s %s", c.Group, c.Address, c.State()))
	}
	tl := follow(c)
	play(t, tl, script)
	tl.Flush()
	return lines
}

const ringGroup = `
	0    incoming_call    mac= ip=10.0.0.1 remote=5001 id=a@x
	0.1  incoming_call    mac= ip=10.0.0.2 remote=5001 id=a@y
	0.2  incoming_call    mac= ip=10.0.0.3 remote=5001 id=c@x
	1    incoming_call    mac= ip=10.0.0.4 remote=6001 id=d@x
	3    established_call mac= ip=10.0.0.2 remote=5001 id=a@y
	3.1  missed_call      mac= ip=10.0.0.1 remote=5001 id=a@x
	3.2  missed_call      mac= ip=10.0.0.3 remote=5001 id=c@x
	5    missed_call      mac= ip=10.0.0.4 remote=6001 id=d@x
	60   terminated_call  mac= ip=10.0.0.2 remote=5001 id=a@y
	100  incoming_call    mac= ip=10.0.0.3 remote=5001 id=e@x`

func TestGroups(t *testing.T) {
	for _, test := range []struct {
		what   string
		config Config
		script string
		want   []string
	}{
		{"not asked for", Config{}, ringGroup, []string{
			"0 10.0.0.1 missed", "0 10.0.0.2 ended", "0 10.0.0.3 missed", "0 10.0.0.4 missed", "0 10.0.0.3 ringing"}},
		{"phones that ring at a time, by the caller", Config{Group: ByNumber}, ringGroup, []string{
			"1 10.0.0.1 missed", "1 10.0.0.2 ended", "1 10.0.0.3 missed", "2 10.0.0.4 missed", "3 10.0.0.3 ringing"}},
		{"by the call id, whatever is behind the @", Config{Group: ByCallID}, ringGroup, []string{
			"1 10.0.0.1 missed", "1 10.0.0.2 ended", "2 10.0.0.3 missed", "3 10.0.0.4 missed", "4 10.0.0.3 ringing"}},
		{"live, where they do not wait for each other", Config{Group: ByNumber, Live: true}, ringGroup, []string{
			"1 10.0.0.1 missed", "1 10.0.0.3 missed", "2 10.0.0.4 missed", "1 10.0.0.2 ended", "3 10.0.0.3 ringing"}},
		{"both ends of an internal call", Config{Group: ByNumber}, `
			0   outgoing_call    mac= ip=10.0.0.1 local=5001 remote=600
			0.2 incoming_call    mac= ip=10.0.0.2 local=5002 remote=5001
			0.2 outgoing_call    mac= ip=10.0.0.9 local=5009 remote=600
			2   established_call mac= ip=10.0.0.2 local=5002 remote=5001
			2   established_call mac= ip=10.0.0.1 local=5001 remote=600`, []string{
			"1 10.0.0.1 active", "1 10.0.0.2 active", "2 10.0.0.9 dialing"}},
		{"one phone that dials twice", Config{Group: ByNumber}, `
			0   outgoing_call    mac= ip=10.0.0.1 local=5001 remote=5002
			1   established_call mac= ip=10.0.0.1 local=5001 remote=5002
			5   outgoing_call    mac= ip=10.0.0.1 local=5001 remote=5003
			5.1 incoming_call    mac= ip=10.0.0.3 local=5003 remote=5001`, []string{
			"1 10.0.0.1 active", "2 10.0.0.1 dialing", "2 10.0.0.3 ringing"}},
		{"passed on", Config{Group: ByNumber}, `
			0   incoming_call    mac= ip=10.0.0.1 remote=5001
			1   established_call mac= ip=10.0.0.1 remote=5001
			100 blind_transfer   mac= ip=10.0.0.1 remote=5001
			101 terminated_call  mac= ip=10.0.0.1 remote=5001
			115 incoming_call    mac= ip=10.0.0.2 remote=5001`, []string{
			"1 10.0.0.1 ended", "1 10.0.0.2 ringing"}},
		{"called again a while later", Config{Group: ByNumber}, `
			0   incoming_call    mac= ip=10.0.0.1 remote=5001
			9   missed_call      mac= ip=10.0.0.1 remote=5001
			30  incoming_call    mac= ip=10.0.0.2 remote=5001`, []string{
			"1 10.0.0.1 missed", "2 10.0.0.2 ringing"}},
		{"callers who do not say who they are", Config{Group: ByNumber}, `
			0   incoming_call    mac= ip=10.0.0.1 remote=anonymous
			1   incoming_call    mac= ip=10.0.0.2 remote=Anonymous`, []string{
			"1 10.0.0.1 ringing", "2 10.0.0.2 ringing"}},
		{"ids that are the phones' own numbers of calls", Config{Group: ByCallID}, `
			0   incoming_call    mac=80:5e:c0:00:00:01 ip=10.0.0.1 id=33093
			1   incoming_call    mac=80:5e:c0:00:00:02 ip=10.0.0.2 id=33093`, []string{
			"1 10.0.0.1 ringing", "2 10.0.0.2 ringing"}},
		{"no number is told", Config{Group: ByNumber}, `
			0   incoming_call    mac= ip=10.0.0.1 id=1@x
			1   incoming_call    mac= ip=10.0.0.2 id=1@x`, []string{
			"1 10.0.0.1 ringing", "2 10.0.0.2 ringing"}},
	} {
		t.Run(test.what, func(t *testing.T) {
			if diff := cmp.Diff(test.want, grouped(t, test.config, test.script)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// Groups are forgotten, too.
func TestManyGroups(t *testing.T) {
	tl := follow(Config{Group: ByNumber, Live: true})
	x, e := event(t, []string{"0", "missed_call", "remote="})
	for i := range 2 * maxGroups {
		e.Vars[0].Value = fmt.Sprint(i)
		x.Time += 1e9
		tl.Add(x, e)
		if len(tl.groups) > maxGroups {
			t.Fatalf("%d groups are kept", len(tl.groups))
		}
	}
}
