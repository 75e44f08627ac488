#!/bin/sh
set -e
if [ "$1" = abort-upgrade ] || [ "$1" = abort-remove ]; then
	exit 0
fi
FILE_CAPABILITY=no
if [ -r /etc/default/actionurl ]; then
	. /etc/default/actionurl
fi
if [ "$FILE_CAPABILITY" = yes ]; then
	setcap cap_net_raw+ep /usr/bin/actionurl || echo "actionurl: the file capability cannot be set" >&2
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
