"""Works the phones of record-sip.sh: phones.py ID SCENE, where ID ends the names of
their namespaces. For each event of the phone 101 it lets curl send an Action
URL, as a phone would that was told the same URL for every event of a call:
http://192.168.40.207/call-id=$call-id&remote=$remote. What happened is printed."""

import json
import os
import subprocess
import sys
import time

ID, SCENE = sys.argv[1], sys.argv[2]


class Phone:
    """A baresip that is worked by its TCP control, within its namespace."""

    def __init__(self, number, announces=False):
        self.number, self.announces, self.call, self.peer = number, announces, "", ""
        # nsenter, so that only the connection is made in there
        self.pipe = subprocess.Popen(
            ["ip", "netns", "exec", f"phone{number}-{ID}", "bash", "-c",
             "exec 3<>/dev/tcp/127.0.0.1/4444; cat <&3 & cat >&3"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        os.set_blocking(self.pipe.stdout.fileno(), False)
        self.buffer = b""

    def do(self, command, params=""):
        text = json.dumps({"command": command, "params": params}).encode()
        self.pipe.stdin.write(b"%d:%s," % (len(text), text))
        self.pipe.stdin.flush()

    def messages(self):
        self.buffer += self.pipe.stdout.read() or b""
        while b":" in self.buffer:
            size, rest = self.buffer.split(b":", 1)
            if len(rest) <= int(size):
                return
            self.buffer = rest[int(size) + 1:]
            yield json.loads(rest[:int(size)])

    def listen(self):
        for m in self.messages():
            if os.environ.get("DEBUG"):
                print(self.number, m, file=sys.stderr)
            if m.get("event") and self.announces:
                self.happened(m)

    def happened(self, m):
        self.call = m.get("id", self.call)
        self.peer = m.get("peeruri", self.peer)
        kind = m["type"]
        if kind in ("CALL_INCOMING", "CALL_RINGING", "CALL_ESTABLISHED", "CALL_CLOSED"):
            self.announce(kind)

    def announce(self, what):
        remote = self.peer.removeprefix("sip:").split("@")[0]
        print(what, self.call, remote)
        subprocess.run(
            ["ip", "netns", "exec", f"phone{self.number}-{ID}", "curl", "-s", "-A",
             "Grandstream Model HW GXP2170 SW 1.0.11.79 DevId 000b82123432",
             f"http://192.168.40.207/call-id={self.call}&remote={remote}"],
            check=True, stdout=subprocess.DEVNULL)


desk, other, third = Phone(101, announces=True), Phone(102), Phone(103)


def wait(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for phone in (desk, other, third):
            phone.listen()
        time.sleep(0.005)


def press(what, *command):
    """What a phone says of a key that is pressed on it, when it is."""
    desk.do(*command)
    wait(0.02)
    desk.announce(what)
    wait(3.5)


def ring():
    other.do("dial", "sip:101@192.168.40.207")
    wait(3)


def answered():
    ring()
    desk.do("accept")
    wait(3)
    other.do("hangup")


def missed():
    ring()
    other.do("hangup")


def rejected():
    ring()
    desk.do("hangup")


def held():
    desk.do("dial", "sip:102@192.168.40.207")
    wait(2)
    other.do("accept")
    wait(3)
    press("HOLD", "hold")
    press("RESUME", "resume")
    desk.do("hangup")


def transferred():
    ring()
    desk.do("accept")
    wait(3)
    press("TRANSFER", "transfer", "sip:103@192.168.40.207")
    third.do("accept")
    wait(2)
    third.do("hangup")
    other.do("hangup")


wait(0.5)
globals()[SCENE]()
wait(3)
for phone in (desk, other, third):
    phone.pipe.terminate()
