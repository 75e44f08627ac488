#!/usr/bin/env bash
# Records dns.pcap in this folder: busybox wget asks dnsmasq for the name of its
# server, which it finds, which does not exist, and to which nothing answers.
#
# Needs root, iproute2, iptables, busybox, dnsmasq, python3 and tcpdump. All it
# makes, it removes.
set -eu
cd "$(dirname "$0")"
tmp=$(mktemp -d)
phone=phone-$$ server=server-$$
jobs=()

finish() {
	kill "${jobs[@]}" || true
	ip netns del "$phone" || true
	ip netns del "$server" || true
	rm -rf "$tmp" "/etc/netns/$phone"
}
trap finish EXIT

ip netns add "$phone"
ip netns add "$server"
ip -n "$phone" link add eth0 address 00:0b:82:12:34:32 type veth peer name eth0 address 02:00:00:00:00:01 netns "$server"
ip -n "$phone" address add 192.168.40.50/24 dev eth0
ip -n "$server" address add 192.168.40.1/24 dev eth0
ip -n "$server" address add 192.168.40.207/24 dev eth0
for ns in "$phone" "$server"; do ip -n "$ns" link set lo up; ip -n "$ns" link set eth0 up; done
mkdir -p "/etc/netns/$phone" "$tmp/www"
echo "nameserver 192.168.40.1" >"/etc/netns/$phone/resolv.conf"
echo ok >"$tmp/www/incoming"

ip netns exec "$server" dnsmasq -k -C /dev/null --no-resolv --no-hosts --user=root --pid-file= \
	--listen-address=192.168.40.1 --bind-interfaces --address=/crm.example.com/192.168.40.207 --local=/#/ &
jobs+=($!)
ip netns exec "$server" python3 -m http.server -d "$tmp/www" 80 2>/dev/null &
jobs+=($!)
ip netns exec "$phone" tcpdump -i eth0 -U -w dns.pcap &
jobs+=($!)
sleep 2

event() {
	ip netns exec "$phone" timeout 12 busybox wget -q -U 'Grandstream Model HW GXP2170 SW 1.0.11.64 DevId 000b82123432' \
		-O /dev/null "http://$1/incoming?mac=000b82123432&remote=5003" || true
}
event crm.example.com
event crm.exmaple.com
ip netns exec "$server" iptables -A INPUT -p udp --dport 53 -j DROP
event cti.example.net
event cti.example.net
sleep 1
