#!/usr/bin/env bash
# Records guide.pcap and any.pcap in this folder: HTTP clients
# (curl, and printf into a socket for what curl refuses to send) and nginx,
# over the TCP stack of two network namespaces, captured by tcpdump.
#
# Needs root, iproute2, curl, nginx and tcpdump. All it makes, it removes.
set -eu
cd "$(dirname "$0")"
here=$PWD
tmp=$(mktemp -d)
chmod 755 "$tmp" # nginx serves a file of it as another user
phone=phone-$$ server=server-$$

finish() {
	[ -f "$tmp/nginx.pid" ] && kill "$(cat "$tmp/nginx.pid")"
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

cat >"$tmp/nginx.conf" <<EOF
pid $tmp/nginx.pid;
error_log $tmp/error.log;
events {}
http {
	access_log off;
	client_body_temp_path $tmp; proxy_temp_path $tmp; fastcgi_temp_path $tmp; uwsgi_temp_path $tmp; scgi_temp_path $tmp;
	server {
		listen 80;
		location / { default_type text/plain; return 200 "ok\n"; }
		location /missing { return 404; }
		location = /firmware.bin { alias $tmp/big; }
	}
}
EOF
head -c 20000 /dev/zero >"$tmp/big"
ip netns exec "$server" nginx -c "$tmp/nginx.conf"

# record FILE INTERFACE COMMAND: captures what COMMAND does in the phone's namespace.
record() {
	ip netns exec "$server" tcpdump --immediate-mode -Z root -U -i "$2" -w "$tmp/capture" tcp 2>"$tmp/tcpdump" &
	local tcpdump=$!
	until grep -q listening "$tmp/tcpdump"; do sleep 0.1; done
	ip netns exec "$phone" bash -euc "$3"
	sleep 0.5
	kill "$tcpdump"
	wait "$tcpdump" || true
	mv "$tmp/capture" "$here/$1"
}

# get TARGET: what a phone sends, byte for byte; curl would refuse raw blanks.
get='get() { exec 3<>/dev/tcp/192.168.40.207/80; printf "GET %s HTTP/1.1\r\nHost: 192.168.40.207\r\nConnection: close\r\n\r\n" "$1" >&3; cat <&3 >/dev/null; exec 3>&-; }'

record guide.pcap eth0 "$get
	get '/remote=5003&phone_ip=192.168.40.50'
	get '/mac=000b82123432&local=5002'
	get '/call-id=860888843-5060-9@BJC.BGI.EA.FA&program_version=1.0.3.24'
	get '/mac=000b82123432&display_remote=Jane Doe'"

agent='Grandstream Model HW GXP2170 SW 1.0.11.79 DevId 000b82123432'
record any.pcap any "
	curl -s -A '$agent' -o '$tmp/1' 'http://192.168.40.207/hook?event=incoming_call&mac=000b82123432&remote=%2B4930123' \
		-o '$tmp/2' 'http://192.168.40.207/hook?event=missed_call&mac=000b82123432&remote=%2B4930123' \
		-o '$tmp/3' 'http://192.168.40.207/missing?event=dnd_on&mac=000b82123432' \
		-o '$tmp/4' 'http://192.168.40.207/firmware.bin'
	curl -s -o '$tmp/5' --http1.0 'http://192.168.40.207/mac=000b82123432&local=5002'"
