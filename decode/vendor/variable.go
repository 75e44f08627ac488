package vendor

import "slices"

// A Meaning is what a variable stands for, whatever a vendor calls it.
type Meaning uint8

const (
	Other         Meaning = iota // nothing that anything depends on
	MAC                          // of the phone
	PhoneIP                      // address of the phone
	IP                           // likewise, by a name that others use, too
	Product                      // model of the phone
	Version                      // of its software
	Hardware                     // version of it
	Language                     // of the display
	Local                        // number of the phone's own side
	Remote                       // number of the far side
	DisplayLocal                 // name of the phone's own side
	DisplayRemote                // name of the far side
	CallID                       // of the call
	Account                      // that is in the call
	Direction                    // whether the phone is calling or called
	Duration                     // in seconds
	Battery                      // level in percent
	Count                        // of something
	Caller                       // who called, by number or name
	Called                       // who was called, likewise
	CallerName                   // name of who called
	CalledName                   // name of who was called
	OfCall                       // something else of a call
	Number                       // of the far side, by a name that only phones use
	User                         // of the account, by a name that only phones use
	Secret                       // a PIN or a password
	Event                        // no variable: a key whose value may name the event
	Meanings                     // how many there are
)

// A Variable is a name that phones replace in an Action URL.
type Variable struct {
	Name  string // without what marks it
	Means Meaning
	Text  string // what it means, in words
	Guide bool   // it is one of the guide's fifteen (guide, pages 4 and 5)
}

// Spell returns the variable as it is written in a URL.
func (v *Vendor) Spell(variable string) string {
	if v.Form == Dollars {
		return "$$" + variable + "$$"
	}
	return "$" + variable
}

// Knows reports whether the vendor's phones replace the variable. Those that replace
// any of their settings have none that is another vendor's name of a variable of
// their own.
func (v *Vendor) Knows(variable string) bool {
	return v.lists(variable) || v.Open && v.another(variable) == ""
}

func (v *Vendor) lists(variable string) bool {
	return slices.ContainsFunc(v.Variables, func(w Variable) bool { return w.Name == variable })
}

// Variable returns the name by which the vendor's phones know what a variable
// of another vendor means, empty for none.
func (v *Vendor) Variable(other string) string {
	if v.lists(other) {
		return other
	}
	return v.another(other)
}

// Instead returns what the vendor's phones replace in place of a variable that
// others have, as it is written in a URL; empty for nothing.
func (v *Vendor) Instead(other string) string {
	if name := v.another(other); name != "" {
		return v.Spell(name)
	}
	return ""
}

// Common returns the name that the first of the vendors has for what a variable
// means, or the variable's own.
func Common(variable string) string {
	for _, means := range alike(MeaningOf(variable)) {
		for _, w := range all[0].Variables {
			if w.Means == means {
				return w.Name
			}
		}
	}
	return variable
}

// another returns another variable of the same meaning, empty for none.
func (v *Vendor) another(name string) string {
	for _, means := range alike(MeaningOf(name)) {
		for _, w := range v.Variables {
			if w.Means == means && w.Name != name {
				return w.Name
			}
		}
	}
	return ""
}

// alike returns the meanings of variables that can stand for each other, the
// best first.
func alike(m Meaning) []Meaning {
	switch m {
	case Other, OfCall, Count, Secret, Event:
		return nil
	case PhoneIP, IP:
		return []Meaning{PhoneIP, IP}
	case Remote, Number:
		return []Meaning{Remote, Number, Caller}
	case Caller:
		return []Meaning{DisplayRemote, Remote, Number}
	case Called:
		return []Meaning{Local}
	case Account, User:
		return []Meaning{Account, User}
	}
	return []Meaning{m}
}

// IsVariable reports whether phones of some vendor replace a variable of this name.
func IsVariable(name string) bool {
	_, ok := variables[name]
	return ok
}

// MaxName is longer than any variable's name.
const MaxName = 32

// MeaningOf returns what a variable of this name means, Other for what is none.
// As keys of URLs, people write names with letters of any case, and with
// hyphens, underscores or nothing between words.
func MeaningOf(name string) Meaning {
	if m, ok := variables[name]; ok || len(name) > MaxName {
		return m
	}
	var room [MaxName]byte
	return folded[string(fold(room[:0], name))]
}

// fold appends a name without what people write in different ways.
func fold(to []byte, name string) []byte {
	for i := range len(name) {
		switch c := name[i]; {
		case c == '-' || c == '_' || c == ' ':
		case c >= 'A' && c <= 'Z':
			to = append(to, c+'a'-'A')
		default:
			to = append(to, c)
		}
	}
	return to
}

// folded are the meanings of variables by their folded names. The first counts.
var folded = func() map[string]Meaning {
	m := map[string]Meaning{}
	for _, v := range all {
		for _, w := range slices.Concat(v.Variables, v.Keys) {
			name := string(fold(nil, w.Name))
			if _, known := m[name]; !known {
				m[name] = w.Means
			}
		}
	}
	return m
}()

// variables are those of all vendors. Where two vendors mean different things
// by a name, the first counts.
var variables = newVariables()

func newVariables() map[string]Meaning {
	m := map[string]Meaning{}
	for _, v := range all {
		for _, w := range v.Variables {
			if _, known := m[w.Name]; !known {
				m[w.Name] = w.Means
			}
		}
	}
	return m
}

// A Use is a variable, and the vendors whose phones replace it.
type Use struct {
	Variable
	Spelled string   // as the first of the vendors writes it in a URL
	Vendors []string // names
}

// Uses returns the variables of all vendors, each once, in the order of the vendors.
func Uses() []Use {
	var uses []Use
	for _, v := range all {
		for _, w := range v.Variables {
			i := slices.IndexFunc(uses, func(u Use) bool { return u.Name == w.Name })
			if i < 0 {
				i = len(uses)
				uses = append(uses, Use{Variable: w, Spelled: v.Spell(w.Name)})
			}
			uses[i].Vendors = append(uses[i].Vendors, v.Name)
		}
	}
	return uses
}
