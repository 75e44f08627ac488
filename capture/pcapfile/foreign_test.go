package pcapfile

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

// erf returns a record of an ERF capture.
func erf(seconds uint32, kind byte, length int) string {
	b := make([]byte, length)
	binary.LittleEndian.PutUint32(b[4:], seconds)
	b[8] = kind
	binary.BigEndian.PutUint16(b[10:], uint16(length))
	return string(b)
}

// What another tool wrote is named, with the command that converts it.
func TestForeign(t *testing.T) {
	tar := make([]byte, 512)
	copy(tar[257:], "ustar\x0000")
	for _, test := range []struct{ name, content, want string }{
		{"a.snoop", "snoop\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x04", "it is a snoop capture; convert it: editcap -F pcap a.snoop out.pcap"},
		{"-", "GMBU\x00\x02\x01\x00", "it is a Network Monitor 2 capture; convert it: editcap -F pcap FILE out.pcap"},
		{"my trace.cap", "RTSS", "it is a Network Monitor 1 capture; convert it: editcap -F pcap 'my trace.cap' out.pcap"},
		{"it's", "XCP\x00002.002", `it is a NetXRay capture; convert it: editcap -F pcap 'it'\''s' out.pcap`},
		{"a.bin", erf(1772438400, 0x82, 80) + erf(1772438400, 2, 80), "it is an ERF capture; convert it: editcap -F pcap a.bin out.pcap"},
		{"a.bin", erf(1772438400, 2, 1500), "it is an ERF capture; convert it: editcap -F pcap a.bin out.pcap"},
		{"a.bin", erf(1772438400, 2, 80) + erf(1, 2, 80), "it begins with "},
		{"a.bin", erf(1772438400, 2, 12+4) + "x", "it begins with "},
		{"a.bin", strings.Replace(erf(1772438400, 2, 1500), "\x05\xdc\x00\x00", "\x05\xdc\x9a\x31", 1), "it begins with "},
		{"a.erf", "x", "it is an ERF capture; convert it: editcap -F pcap a.erf out.pcap"},
		{"a.ETL", "\x00\x00\x01\x00\x00\x00\x00\x00", "it is a Windows event trace; convert it: etl2pcapng a.ETL out.pcapng"},
		{"a.har", "\xef\xbb\xbf{\n  \"log\": {\n", "it is an HTTP archive (HAR) of a browser, which holds no packets; capture with tcpdump -w trace.pcap"},
		{"a.ndjson", `{"time":"2026-03-02T08:00:00.003000000Z","capture":"a"}`, "it is saved events; show them: actionurl report a.ndjson"},
		{"a.zip", "PK\x03\x04\x14", "it is a zip archive; unpack it: unzip a.zip"},
		{"a.pcap.bz2", "BZh91AY", "it is compressed with bzip2; unpack it: bunzip2 -k a.pcap.bz2"},
		{"a.tar", string(tar), "it is a tar archive; unpack it: tar -xf a.tar"},
		{"a.txt", "08:00:00.000001 IP 192.168.40.50.40001 > 192.168.40.207.80: Flags [S]", "it is the text that tcpdump prints; capture with tcpdump -w trace.pcap"},
		{"a.txt", "08:00:00.0000", `it begins with "08:00:00"`},
		{"a.json", "{}", `it begins with "{}"`},
	} {
		_, err := Open(test.name, strings.NewReader(test.content))
		if want := test.name + ": not a pcap or pcapng capture: " + test.want; !errors.Is(err, ErrFormat) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", test.content[:min(20, len(test.content))], err, want)
		}
	}
}
