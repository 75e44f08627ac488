package pcapfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strings"
)

// recognized is how many bytes of a file say what else it is: a tar archive has
// its magic number at the end of them.
const recognized = 262

// foreign says what a file is that is not a capture, and what to do with it; it is
// empty for what is not recognized. The head is the first bytes, recognized of
// them if there are as many.
func foreign(name string, head []byte) string {
	file := shellWord(name)
	convert := func(what string) string {
		return fmt.Sprintf("it is %s; convert it: editcap -F pcap %s out.pcap", what, file)
	}
	for _, f := range []struct{ magic, what string }{
		{"snoop\x00\x00\x00", "a snoop capture"},
		{"RTSS", "a Network Monitor 1 capture"},
		{"GMBU", "a Network Monitor 2 capture"},
		{"TRSNIFF data", "a Sniffer capture"},
		{"XCP\x00", "a NetXRay capture"},
		{"iptrace ", "an iptrace capture"},
		{"TR\x00d\x00", "a nettl capture"},
		{"\x7fver", "an EtherPeek capture"},
	} {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return convert(f.what)
		}
	}
	for _, f := range []struct{ magic, what, command string }{
		{"PK\x03\x04", "a zip archive", "unzip"},
		{"BZh", "compressed with bzip2", "bunzip2 -k"},
		{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "7z x"},
	} {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return fmt.Sprintf("it is %s; unpack it: %s %s", f.what, f.command, file)
		}
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch extension := strings.ToLower(filepath.Ext(name)); {
	case len(head) == recognized && bytes.HasSuffix(head, []byte("ustar")):
		return "it is a tar archive; unpack it: tar -xf " + file
	case bytes.HasPrefix(text, []byte(`{"time":"`)):
		return "it is saved events; show them: actionurl report " + file
	case bytes.HasPrefix(text, []byte("{")) && bytes.Contains(text, []byte(`"log"`)):
		return "it is an HTTP archive (HAR) of a browser, which holds no packets; capture with tcpdump -w trace.pcap"
	case isTcpdumpText(text):
		return "it is the text that tcpdump prints; capture with tcpdump -w trace.pcap"
	case extension == ".etl":
		return fmt.Sprintf("it is a Windows event trace; convert it: etl2pcapng %s out.pcapng", file)
	case extension == ".erf" || isERF(head):
		return convert("an ERF capture")
	}
	return ""
}

// isTcpdumpText reports whether a line begins like "08:00:00.000001 IP ".
func isTcpdumpText(line []byte) bool {
	const form = "00:00:00.000000 "
	if len(line) <= len(form) {
		return false
	}
	for i := range len(form) {
		if c := line[i]; c != form[i] && (form[i] != '0' || c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// isERF reports whether a file begins with two records of an ERF capture, which
// has no magic number: of a known type, with lengths that are possible, at times
// from 2000 to 2100 that are less than a day apart. Where the second is beyond what
// is known, the first must not count lost frames, which random bytes do.
func isERF(head []byte) bool {
	const header = 16
	var before uint32
	for range 2 {
		if len(head) < header {
			return false
		}
		seconds := binary.LittleEndian.Uint32(head[4:])
		kind := head[8] & 0x7f
		length := int(binary.BigEndian.Uint16(head[10:]))
		if kind == 0 || kind > 32 || length < header || seconds < 946684800 || seconds > 4102444800 || before != 0 && seconds-before > 86400 {
			return false
		}
		if before = seconds; length >= len(head) {
			return head[12] == 0 && head[13] == 0
		}
		head = head[length:]
	}
	return true
}

// shellWord returns a file's name as an argument for a shell.
func shellWord(name string) string {
	switch {
	case name == "-":
		return "FILE"
	case strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/+=,:@%-") == "":
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}
