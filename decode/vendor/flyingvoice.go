package vendor

// FlyingVoice phones have Yealink's keys.
var flyingvoice = Vendor{
	Name: "flyingvoice", Label: "FlyingVoice",
	Agents:   []string{"flyingvoice"},
	Blocks:   []string{"78:99:12"},
	Settings: yealinkSettings(Observed),
}
