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
}

var twoN = Vendor{
	Name: "2n", Label: "2N",
	Blocks: []string{"7c:1e:b3"},
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
