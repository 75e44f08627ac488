// Package filter compiles tcpdump's filter expressions.
//
// [Parse] reads an expression, as pcap-filter(7) has them, and refuses what it
// does not know with its place; it never guesses. [Expr.Compile] makes a
// [Program] of it for the frames of one link type, which is run by
// [Program.Match] or, as classic BPF, by a kernel. [Expr.CompileLive] makes
// the program for the Linux kernel, which takes a frame's outer VLAN tag away
// before filters run. [Filter] takes the frames that do not match out of
// batches of frames of any link types.
//
// A program accepts the frames that libpcap's of the same expression accepts,
// with the same blind spots: ports are those of TCP, UDP and SCTP in IPv4 and
// in IPv6 without extension headers, a later fragment has none, what stands
// after "vlan" looks for its headers after the tag, and what would read
// beyond the end of a captured frame does not match, not even under "not".
//
// # What is known
//
//	host, net ADDRESS      also net/BITS and "net A mask M"; src, dst,
//	                       "src or dst", "src and dst"; ip, ip6, arp, rarp
//	port, portrange        by number, or name for port; src, dst …; tcp, udp, sctp
//	proto N                also "ip proto", "ip6 proto"; by number or \name
//	ip ip6 arp rarp tcp udp sctp icmp icmp6 igmp pim vrrp ah esp
//	ether host, src, dst   and "ether proto N"
//	broadcast multicast    of Ethernet; "ip multicast", "ip6 multicast"
//	vlan, vlan ID
//	less N, greater N      the frame's length on the wire; also len < N, len != N …
//	and or not && || ! ( )
//
// "and" and "or" bind alike, from the left, and "not" binds tighter. A value
// without qualifiers takes those before it: "port 80 or 8080".
//
// # What differs from tcpdump
//
//   - Host and network names are not resolved, and names of ports and protocols
//     are those of a fixed list: an expression means the same everywhere.
//   - An expression that no frame can match is no error.
//   - On BSD loopback links an address family may have either byte order, and
//     IPv6 any of the numbers that systems give it.
//   - Values may have more parentheses: "port ((80 or 81) and not 82)".
//   - Numbers that cannot be are refused ("ip proto 300"), as are EtherTypes
//     below 1501, which stand for LLC.
//   - 802.11, Frame Relay, ARCNET and pflog are not compiled for.
package filter
