package vendor

// Vendors whose phones are recognized, and of whose Action URLs little is known. Those that are silent announce nothing, as far as is known.

var alcatel = Vendor{
	Name: "alcatel", Label: "Alcatel-Lucent Enterprise",
	Agents:     []string{"ale ", "alcatel"},
	Blocks:     []string{"00:80:9f", "3c:28:a6", "48:7a:55"}, // others are of switches
	MaxURL:     511,
	OwnCallIDs: true,
	Variables:  twelve,
}

var auerswald = Vendor{
	Name: "auerswald", Label: "Auerswald",
	Agents: []string{"auerswald"},
	Blocks: []string{"00:09:52"},
}

// The SPARSH VP110 has Yealink's firmware.
var matrix = Vendor{
	Name: "matrix", Label: "Matrix",
	Blocks:     []string{"00:1b:09"},
	MaxURL:     511,
	OwnCallIDs: true,
	Variables:  twelve,
	Settings:   yealinkSettings(Documented),
}

var unify = Vendor{
	Name: "unify", Label: "Unify",
	Agents: []string{"openscape", "openstage"},
	Blocks: []string{"00:1a:e8", "60:db:ef"},
}

var doorbird = Vendor{
	Name: "doorbird", Label: "DoorBird",
	Blocks: []string{"1c:ca:e3:7", "58:d8:a7"},
	Fixed:  true,
	Events: map[string]string{"doorbell": "button_pressed", "ring": "button_pressed", "motion": "motion_detected", "motionsensor": "motion_detected"},
}

var twoN = Vendor{
	Name: "2n", Label: "2N",
	Blocks: []string{"7c:1e:b3"},
	Fixed:  true,
	Events: map[string]string{"doorbell": "button_pressed", "ring": "button_pressed"},
}

var avaya = Vendor{
	Name: "avaya", Label: "Avaya",
	Agents: []string{"avaya"}, // its blocks are those of switches, too
	Silent: true,
}

var cisco = Vendor{
	Name: "cisco", Label: "Cisco",
	Agents: []string{"cisco-|cp-", "cisco/|spa", "linksys/|spa"}, // its blocks are those of set-top boxes and routers, too
	Silent: true,
}

var gigaset = Vendor{
	Name: "gigaset", Label: "Gigaset",
	Agents: []string{"gigaset", "|n510 ip pro"},
	Blocks: []string{"00:21:04", "14:b3:70", "58:9e:c6", "7c:2f:80"},
	Silent: true,
}

var panasonic = Vendor{
	Name: "panasonic", Label: "Panasonic",
	Agents: []string{"panasonic_|kx-", "panasonic |kx-"},
	Blocks: []string{"00:80:f0", "08:00:23", "bc:c3:42"},
	Silent: true,
}

var thomson = Vendor{
	Name: "thomson", Label: "Thomson",
	Agents: []string{"thomson |st"},
	Silent: true,
}

// Those of which no more is known than their blocks.
var (
	algo        = recognized("algo", "Algo", "00:22:ee")
	agfeo       = recognized("agfeo", "Agfeo", "00:09:40")
	ascom       = recognized("ascom", "Ascom", "00:01:3e")
	atcom       = recognized("atcom", "Atcom", "80:82:87")
	audiocodes  = recognized("audiocodes", "AudioCodes", "00:17:19", "00:90:8f")
	behnke      = recognized("behnke", "Behnke", "f8:1c:e5")
	commend     = recognized("commend", "Commend", "00:0c:ab", "bc:6a:44")
	digium      = recognized("digium", "Digium", "00:0f:d3")
	dinstar     = recognized("dinstar", "Dinstar", "f8:a0:3d")
	escene      = recognized("escene", "Escene", "00:26:8b")
	innovaphone = recognized("innovaphone", "innovaphone", "00:90:33")
	rtx         = recognized("rtx", "RTX", "00:08:7b")
	spectralink = recognized("spectralink", "Spectralink", "00:13:d1", "00:90:7a")
	swissvoice  = recognized("swissvoice", "Swissvoice", "00:05:90")
	wildix      = recognized("wildix", "Wildix", "9c:75:14")
	xorcom      = recognized("xorcom", "Xorcom", "64:24:00")
	zenitel     = recognized("zenitel", "Zenitel", "00:13:cb")
	zycoo       = recognized("zycoo", "Zycoo", "68:69:2e")
)

func recognized(name, label string, blocks ...string) Vendor {
	return Vendor{Name: name, Label: label, Blocks: blocks, Silent: true}
}

// tiptel's phones send "Action URL - PBX Sync", with variables that are not known.
var tiptel = Vendor{
	Name: "tiptel", Label: "tiptel",
	Agents: []string{"tiptel"},
	Blocks: []string{"00:0c:c4"},
}
