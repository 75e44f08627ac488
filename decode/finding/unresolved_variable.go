package finding

// UnresolvedVariable is a variable that the phone did not replace.
const UnresolvedVariable Kind = 7

func unresolvedVariable() info {
	return info{
		slug: "unresolved_variable", severity: Warning, title: "variables that are not replaced",
		meaning:    "the phone sent the name of a variable instead of a value",
		hint:       "spell it as this phone family does (actionurl catalog --vendor NAME); where it is spelled so, the event may have no such value, or quotes or &amp; in the provisioning file break the URL",
		recognized: "A value is the literal name of a variable, such as $call_id, also in a form that no phone has, such as {mac}. The detail names the spelling that the phone's vendor uses.",
		silent:     "The value is not the name of a known variable.",
		example:    "GET /event?id=$call_id: this family calls the variable $call-id.",
		text: func(d *Detail, _ Severity) string {
			if d.Other != "" {
				return d.Name + " (expected " + d.Other + ")"
			}
			return d.Name
		},
	}
}
