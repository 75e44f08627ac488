#!/usr/bin/env bash
# Records sip-*.pcap in this folder: calls of real phones (baresip) through a
# real registrar and proxy (kamailio), and the Action URL requests that curl sends
# to nginx as each event happens on the phone 101. Four hosts, each a network
# namespace on a bridge, where tcpdump listens; media are left out.
#
# Needs root, iproute2, baresip-core, kamailio, curl, nginx, python3 and tcpdump.
# All it makes, it removes. One run takes about two minutes.
set -eu
cd "$(dirname "$0")"
here=$PWD
tmp=$(mktemp -d)
chmod 755 "$tmp"
lan=lan-$$
pids=()

finish() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	wait 2>/dev/null || true
	for ns in "$lan" pbx-$$ phone101-$$ phone102-$$ phone103-$$; do ip netns del "$ns" 2>/dev/null || true; done
	rm -rf "$tmp"
}
trap finish EXIT

ip netns add "$lan"
ip -n "$lan" link add br0 type bridge mcast_snooping 0
ip -n "$lan" link set br0 up
# host NAME LAST MAC: a host 192.168.40.LAST on the bridge.
host() {
	ip netns add "$1-$$"
	ip -n "$1-$$" link add eth0 address "$3" type veth peer name "$1" netns "$lan"
	ip -n "$1-$$" address add "192.168.40.$2/24" dev eth0
	ip -n "$1-$$" link set lo up
	ip -n "$1-$$" link set eth0 up
	ip -n "$lan" link set "$1" master br0 up
}
host pbx 207 02:00:00:00:00:cf
host phone101 50 00:0b:82:12:34:32
host phone102 51 00:0b:82:12:34:33
host phone103 52 00:0b:82:12:34:34

cat >"$tmp/nginx.conf" <<EOF
daemon off;
pid $tmp/nginx.pid;
error_log $tmp/error.log;
events {}
http {
	access_log off;
	client_body_temp_path $tmp; proxy_temp_path $tmp; fastcgi_temp_path $tmp; uwsgi_temp_path $tmp; scgi_temp_path $tmp;
	server { listen 80; location / { default_type text/plain; return 200 "ok\n"; } }
}
EOF
ip netns exec "pbx-$$" nginx -c "$tmp/nginx.conf" &
pids+=($!)

# A registrar that knows everybody, and a proxy that stays in the signalling.
cat >"$tmp/kamailio.cfg" <<EOF
#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
children=1
tcp_children=1
listen=udp:192.168.40.207:5060
listen=tcp:192.168.40.207:5060
loadmodule "pv.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "siputils.so"
loadmodule "textops.so"
modparam("usrloc", "db_mode", 0)
modparam("rr", "enable_full_lr", 1)
request_route {
	if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
	if (has_totag()) {
		if (loose_route()) { t_relay(); exit; }
		if (is_method("ACK") && t_check_trans()) { t_relay(); exit; }
		if (is_method("NOTIFY")) { t_relay(); exit; }
		if (!is_method("ACK")) { sl_send_reply("404", "Not Here"); }
		exit;
	}
	if (is_method("CANCEL")) { if (t_check_trans()) { t_relay(); } exit; }
	t_check_trans();
	if (is_method("REGISTER")) { save("location"); exit; }
	record_route();
	if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
	t_relay();
}
EOF
ip netns exec "pbx-$$" kamailio -DD -E -f "$tmp/kamailio.cfg" -Y "$tmp" -P "$tmp/kamailio.pid" >"$tmp/kamailio.log" 2>&1 &
pids+=($!)

# phone NUMBER TRANSPORT: a baresip, and the script that works it.
phone() {
	mkdir -p "$tmp/$1"
	cat >"$tmp/$1/config" <<EOF
module_path /usr/lib/baresip/modules
sip_listen 0.0.0.0:5060
audio_player aubridge,nil
audio_source aubridge,nil
audio_alert aubridge,nil
call_max_calls 4
ctrl_tcp_listen 127.0.0.1:4444
module g711.so
module aubridge.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
EOF
	echo "\"Phone $1\" <sip:$1@192.168.40.207;transport=$2>;auth_pass=none;regint=600" >"$tmp/$1/accounts"
	ip netns exec "phone$1-$$" baresip -f "$tmp/$1" >"$tmp/$1/log" 2>&1 &
	pids+=($!)
}

# record FILE TRANSPORT SCENE: captures a scene of phones.py.
record() {
	ip netns exec "$lan" tcpdump --immediate-mode -Z root -U -i br0 -w "$tmp/capture" 'tcp or udp port 5060' 2>"$tmp/tcpdump" &
	local tcpdump=$! first=${#pids[@]}
	until grep -q listening "$tmp/tcpdump"; do sleep 0.1; done
	for number in 101 102 103; do phone $number "$2"; done
	sleep 2
	python3 "$here/phones.py" "$$" "$3"
	for pid in "${pids[@]:first}"; do kill "$pid" || true; done
	sleep 2
	kill "$tcpdump"
	wait "$tcpdump" || true
	pids=("${pids[@]:0:first}")
	mv "$tmp/capture" "$here/$1"
}

for scene in answered missed rejected held transferred; do
	record "sip-$scene.pcap" udp "$scene"
done
record sip-tcp.pcap tcp held
