package actionurl

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Whatever turns a switch one way has a counterpart that turns it the other way,
// and what is called so does.
func TestSwitchesTurnBothWays(t *testing.T) {
	turns := map[Switch]map[Position]bool{}
	for _, k := range Kinds() {
		if (k.Switch == NoSwitch) != (k.To == NotKnown) || k.Again && k.Switch == NoSwitch {
			t.Errorf("%s turns switch %d to %d, again %v", k, k.Switch, k.To, k.Again)
		}
		if k.Switch != NoSwitch {
			if turns[k.Switch] == nil {
				turns[k.Switch] = map[Position]bool{}
			}
			turns[k.Switch][k.To] = true
		}
		if name, ok := strings.CutSuffix(k.Slug, "_on"); ok {
			if off := Lookup(name + "_off"); off == nil || off.Switch != k.Switch || k.To != On || off.To != Off {
				t.Errorf("%s is not undone by %s_off", k, name)
			}
		}
	}
	for s := NoSwitch + 1; s < switches; s++ {
		if !turns[s][On] || !turns[s][Off] {
			t.Errorf("switch %d is turned to %v only", s, turns[s])
		}
	}
}

// An event is of a call or of the phone: only one of a call has a direction, and
// none of a call turns a switch.
func TestKindsAreOfOneThing(t *testing.T) {
	for _, k := range Kinds() {
		if k.Direction != Undirected && !k.Act.OfCall() || k.Switch != NoSwitch && k.Act != NoAct {
			t.Errorf("%s has act %d, direction %q and switch %d", k, k.Act, k.Direction, k.Switch)
		}
		if strings.Contains(k.Slug, "transfer") != (k.Act == Transfers || k.Act == Transferred || k.Act == Notes) {
			t.Errorf("%s has act %d", k, k.Act)
		}
	}
	for act := Notes + 1; act <= Ends; act++ {
		if !slices.ContainsFunc(Kinds(), func(k *Kind) bool { return k.Act == act }) {
			t.Errorf("no event has act %d", act)
		}
	}
	for _, act := range []Act{Holds, Ends} { // which findings name
		if k := act.Kind(); k == nil || k.Act != act || k.Direction != Undirected {
			t.Errorf("act %d is that of %v", act, k)
		}
	}
}

// Each SIP message belongs to events, as the phone sends or receives it, and
// what belongs to one message says the same of the call: not to one event that it
// begins, and to another that it ends.
func TestMessagesSayOneThing(t *testing.T) {
	for m := OnInvite; m <= OnRegisterFailed; m <<= 1 {
		if !m.Means(true) && !m.Means(false) {
			t.Errorf("no event comes with message %#x", m)
		}
		for _, sent := range []bool{true, false} {
			var first *Kind
			for _, k := range Kinds() {
				if k.SIP.Announced(m, sent) && m.Announces(sent) == nil {
					t.Errorf("message %#x announces nothing, and %s", m, k)
				}
				if !k.SIP.Includes(m, sent) || !k.Act.OfCall() {
					continue
				}
				if first == nil {
					first = k
				}
				if k.Act != first.Act && !(k.Act.Final() && first.Act.Final()) {
					t.Errorf("message %#x belongs to %s and %s", m, first, k)
				}
			}
		}
	}
	for _, k := range Kinds() {
		if s := k.SIP; s.Sent&s.WithSent != 0 || s.Received&s.WithReceived != 0 {
			t.Errorf("%s is announced by a message that announces another", k)
		}
		if k.Act == Begins && (k.SIP.Sent&OnInvite != 0) != (k.Direction == Outgoing) {
			t.Errorf("%s begins with an INVITE of the wrong side", k)
		}
	}
}

// No act but the passing on of a call, which may be announced after the end,
// comes twice in a row.
func TestActsLeadOn(t *testing.T) {
	for _, k := range Kinds() {
		f := Effect{k.Act, k.Direction}
		if f.Act.OfCall() && f.Stage() != Unheard && f.Act != Transferred && f.Act.Follows(f.Stage()) {
			t.Errorf("%s follows itself", k)
		}
		if f.Act.Final() != (f.Stage() == Over) {
			t.Errorf("%s leads to stage %#x", k, f.Stage())
		}
	}
	// A call that is answered, held, taken back and ended.
	stage := Unheard
	for _, e := range []struct {
		slug string
		to   Stage
	}{{"incoming_call", Ringing}, {"answered_call", Active}, {"hold_call", Held}, {"resume_call", Active}, {"terminated_call", Over}} {
		k := Lookup(e.slug)
		if !k.Act.Follows(stage) {
			t.Errorf("%s does not follow stage %#x", k, stage)
		}
		if stage = (Effect{k.Act, k.Direction}).Stage(); stage != e.to {
			t.Errorf("%s leads to stage %#x", k, stage)
		}
	}
}

// What is switched off as a whole is off, whichever kind of it was on.
func TestSwitches(t *testing.T) {
	var s Switches
	for _, step := range []struct {
		slug    string
		forward Position
		hook    Position
	}{
		{"off_hook", NotKnown, On},
		{"forward_busy_off", Off, On},
		{"forward_always_on", On, On},
		{"forward_busy_off", On, On},
		{"forward_off", Off, On},
		{"forward_no_answer_on", On, On},
		{"boot_completed", On, NotKnown},
		{"forward_off", Off, NotKnown},
	} {
		if s.Turn(Lookup(step.slug)); s.Forwarding() != step.forward || s[OffHook] != step.hook {
			t.Errorf("after %s: %v", step.slug, s)
		}
	}
	for slug, want := range map[string]bool{
		"forward_off": false, "forward_always_off": false, "forward_always_on": true, "off_hook": true, "registered": true, "incoming_call": true,
	} {
		if s.Allow(Lookup(slug)) != want {
			t.Errorf("%s can come next: %v", slug, !want)
		}
	}
}

// A set holds each kind of the catalogue, in its order, and no other.
func TestKindSet(t *testing.T) {
	var all KindSet
	all.Add(Unknown)
	all.Add(&Kind{Slug: "of_a_later_version"})
	if all != (KindSet{}) || all.Has(Unknown) {
		t.Errorf("what is not in the catalogue is in %v", all)
	}
	for _, k := range Kinds() {
		var one KindSet
		one.Add(k)
		if got := slices.Collect(one.All()); len(got) != 1 || got[0] != k || all.Has(k) {
			t.Errorf("%s: the set has %v", k, got)
		}
		all = all.With(one)
	}
	if got := slices.Collect(all.All()); !slices.Equal(got, Kinds()) {
		t.Errorf("the set of all has %v", got)
	}
}

// Candidates do together what each of them does.
func TestEffect(t *testing.T) {
	for _, test := range []struct {
		candidates string
		want       Effect
	}{
		{"", Effect{Act: Notes}},
		{"incoming_call outgoing_call", Effect{Act: Begins}},
		{"established_call answered_call", Effect{Act: Answers}},
		{"terminated_call missed_call rejected_call", Effect{Act: Ends}},
		{"missed_call rejected_call", Effect{Ends, Incoming}},
		{"missed_call remote_canceled", Effect{Misses, Incoming}},
		{"callout_canceled remote_busy", Effect{Ends, Outgoing}},
		{"transfer_finished terminated_call", Effect{Act: Ends}},
		{"dnd_on dnd_off", Effect{}},
		{"terminated_call hold_call missed_call", Effect{Act: Notes}},
		{"missed_call dnd_on", Effect{Act: Notes}},
	} {
		e := &Event{Kind: Unknown}
		for _, slug := range strings.Fields(test.candidates) {
			e.Candidates = append(e.Candidates, Lookup(slug))
		}
		if got := e.Effect(); got != test.want {
			t.Errorf("%s: %v, want %v", test.candidates, got, test.want)
		}
	}
}

// What the program does with an event depends on the fields of its kind: no file
// but the catalogue and the vendors' has the name of an event.
func TestNamesOfEventsAreHereOnly(t *testing.T) {
	root := filepath.Join("..", "..")
	named := []string{"decode/actionurl/catalog.go", "decode/vendor/", "capture/capturetest/", "cmd/bench/", "testdata/",
		"report/meaning.go"} // of columns, which say what a phone is
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(root, path)
		name = filepath.ToSlash(name)
		if err != nil || d.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") ||
			slices.ContainsFunc(named, func(p string) bool { return strings.HasPrefix(name, p) }) {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if of, ok := n.(*ast.CompositeLit); ok {
				is, _ := of.Type.(*ast.Ident)
				return is == nil || is.Name != "Column" // whose name says what a phone is, not what happened
			}
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
				if s, err := strconv.Unquote(text.Value); err == nil && catalog.bySlug[s] != nil {
					t.Errorf("%s: %q", files.Position(n.Pos()), s)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
