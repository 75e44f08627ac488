package filter

import "github.com/google/gopacket/layers"

// isUnsupported reports whether a word has a meaning for tcpdump that is not
// supported here.
func isUnsupported(word string) bool {
	switch word {
	case "fddi", "tr", "wlan", "ppp", "slip", "radio", "atalk", "aarp", "decnet", "lat", "sca", "moprc", "mopdl",
		"igrp", "carp", "iso", "clnp", "esis", "es-is", "isis", "is-is", "csnp", "psnp", "iih", "lsp", "snp", "l1", "l2",
		"stp", "ipx", "netbeui",
		"gateway", "protochain", "byte", "inbound", "outbound", "ifindex", "mpls", "pppoed", "pppoes", "geneve", "llc",
		"type", "subtype", "dir", "direction", "addr1", "addr2", "addr3", "addr4", "ra", "ta",
		"ifname", "on", "rnr", "rulenum", "rset", "ruleset", "srnr", "subrulenum", "reason", "action",
		"vpi", "vci", "lane", "oam", "oamf4", "metac", "bcc", "ilmic", "sc", "connectmsg", "metaconnect",
		"sio", "opc", "dpc", "sls", "fisu", "lssu", "msu", "hsio", "hopc", "hdpc", "hsls", "hfisu", "hlssu", "hmsu":
		return true
	}
	return false
}

// A servicePort is a port with the protocol that its name is used with, 0 for
// all.
type servicePort struct {
	port  uint16
	proto layers.IPProtocol
}

// service returns the port of a name, as the services of Debian have it.
func service(name string) (servicePort, bool) {
	switch name {
	case "ftp-data":
		return servicePort{20, layers.IPProtocolTCP}, true
	case "ftp":
		return servicePort{21, layers.IPProtocolTCP}, true
	case "ssh":
		return servicePort{22, layers.IPProtocolTCP}, true
	case "telnet":
		return servicePort{23, layers.IPProtocolTCP}, true
	case "smtp":
		return servicePort{25, layers.IPProtocolTCP}, true
	case "domain":
		return servicePort{53, 0}, true
	case "bootps":
		return servicePort{67, layers.IPProtocolUDP}, true
	case "bootpc":
		return servicePort{68, layers.IPProtocolUDP}, true
	case "tftp":
		return servicePort{69, layers.IPProtocolUDP}, true
	case "http", "www":
		return servicePort{80, layers.IPProtocolTCP}, true
	case "ntp":
		return servicePort{123, layers.IPProtocolUDP}, true
	case "snmp":
		return servicePort{161, 0}, true
	case "snmp-trap":
		return servicePort{162, 0}, true
	case "ldap":
		return servicePort{389, 0}, true
	case "https":
		return servicePort{443, 0}, true
	case "syslog":
		return servicePort{514, layers.IPProtocolUDP}, true
	case "rtsp":
		return servicePort{554, 0}, true
	case "ldaps":
		return servicePort{636, 0}, true
	case "sip":
		return servicePort{5060, 0}, true
	case "sip-tls":
		return servicePort{5061, 0}, true
	case "http-alt", "webcache":
		return servicePort{8080, layers.IPProtocolTCP}, true
	}
	return servicePort{}, false
}

// etherTypeOf returns the EtherType of a name, 0 for none.
func etherTypeOf(name string) etherType {
	switch name {
	case "ip":
		return etherIPv4
	case "ip6":
		return etherIPv6
	case "arp":
		return etherARP
	case "rarp":
		return etherRARP
	}
	return 0
}

// protocolOf returns the number of a protocol over IP, 0 for none.
func protocolOf(name string) layers.IPProtocol {
	switch name {
	case "icmp":
		return layers.IPProtocolICMPv4
	case "igmp":
		return layers.IPProtocolIGMP
	case "ipencap":
		return layers.IPProtocolIPv4
	case "tcp":
		return layers.IPProtocolTCP
	case "udp":
		return layers.IPProtocolUDP
	case "ipv6":
		return layers.IPProtocolIPv6
	case "gre":
		return layers.IPProtocolGRE
	case "esp":
		return layers.IPProtocolESP
	case "ah":
		return layers.IPProtocolAH
	case "ipv6-icmp":
		return layers.IPProtocolICMPv6
	case "ospf":
		return layers.IPProtocolOSPF
	case "etherip":
		return layers.IPProtocolEtherIP
	case "pim":
		return 103
	case "vrrp":
		return layers.IPProtocolVRRP
	case "l2tp":
		return 115
	case "sctp":
		return layers.IPProtocolSCTP
	case "udplite":
		return layers.IPProtocolUDPLite
	}
	return 0
}
