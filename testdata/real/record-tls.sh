#!/usr/bin/env bash
# Records tls.pcap in this folder, and beside it what opens it: the server's key
# (tls.pem) and a key log (tls.keys). curl asks openssl's s_server over TLS 1.0 and
# 1.2 with RSA key exchange, as old phones do, and over TLS 1.3; over the TCP
# stack of two network namespaces, captured by tcpdump.
#
# Needs root, iproute2, curl, openssl and tcpdump. All it makes, it removes.
set -eu
cd "$(dirname "$0")"
here=$PWD
tmp=$(mktemp -d)
phone=phone-$$ server=server-$$
pids=()

finish() {
	for pid in "${pids[@]}"; do kill "$pid" || true; done
	ip netns del "$phone" || true
	ip netns del "$server" || true
	rm -rf "$tmp"
}
trap finish EXIT

ip netns add "$phone"
ip netns add "$server"
ip -n "$phone" link add eth0 address 00:0b:82:12:34:32 type veth peer name eth0 address 02:00:00:00:00:cf netns "$server"
ip -n "$phone" address add 192.168.40.50/24 dev eth0
ip -n "$server" address add 192.168.40.207/24 dev eth0
for ns in "$phone" "$server"; do ip -n "$ns" link set lo up; ip -n "$ns" link set eth0 up; done

openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=crm.example.com -keyout "$tmp/key" -out "$tmp/cert" 2>/dev/null
ip netns exec "$server" openssl s_server -accept 443 -www -key "$tmp/key" -cert "$tmp/cert" -cipher 'ALL:@SECLEVEL=0' >/dev/null 2>&1 &
pids+=($!)
ip netns exec "$server" tcpdump --immediate-mode -Z root -U -i eth0 -w "$tmp/capture" tcp 2>"$tmp/tcpdump" &
tcpdump=$!
until grep -q listening "$tmp/tcpdump"; do sleep 0.1; done
sleep 0.5

export SSLKEYLOGFILE=$tmp/keys
ask() { # EVENT OPTION...
	local event=$1
	shift
	ip netns exec "$phone" curl -sk --http1.1 --max-time 10 -A 'Grandstream Model HW GXP2170 SW 1.0.11.64 DevId 000b82123432' \
		"$@" --resolve crm.example.com:443:192.168.40.207 "https://crm.example.com/phone?event=$event&mac=000b82123432&local=5002&remote=5001" >/dev/null
	sleep 0.3
}
ask incoming_call --tlsv1.0 --tls-max 1.0 --ciphers 'AES128-SHA:@SECLEVEL=0'
ask established_call --tls-max 1.2 --ciphers AES128-SHA256
ask terminated_call --tlsv1.3

kill "$tcpdump"
wait "$tcpdump" || true
mv "$tmp/capture" "$here/tls.pcap"
mv "$tmp/key" "$here/tls.pem"
grep -v '^#' "$tmp/keys" >"$here/tls.keys"
chmod 644 "$here/tls.pcap" "$here/tls.pem" "$here/tls.keys"
