package filter_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/bpf"

	"actionurl/capture"
	"actionurl/capture/filter"
)

// stripped returns a frame as the Linux kernel shows it to a packet socket: the
// outer VLAN tag beside it, if it took it away.
func stripped(f frame, strip bool) ([]byte, extensions) {
	x := extensions{bpf.ExtLen: uint32(f.length), bpf.ExtVLANTagPresent: 0, bpf.ExtVLANTag: 0}
	if !strip || len(f.data) < 18 {
		return f.data, x
	}
	if tpid := binary.BigEndian.Uint16(f.data[12:]); tpid != 0x8100 && tpid != 0x88a8 {
		return f.data, x
	}
	x[bpf.ExtLen] -= 4
	x[bpf.ExtVLANTagPresent] = 1
	x[bpf.ExtVLANTag] = uint32(binary.BigEndian.Uint16(f.data[14:]))
	return slices.Concat(f.data[:12], f.data[16:]), x
}

// live compiles an expression for a live interface.
func live(t testing.TB, text string) []bpf.Instruction {
	t.Helper()
	e, err := filter.Parse(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	program, err := e.CompileLive(capture.LinkEthernet)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if _, err := bpf.Assemble(program); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return program
}

// TestLive compares programs for live interfaces with those of tcpdump on the
// loopback interface. They differ where a vlan in the expression may not have
// been tested when what stands after it is: for tcpdump, live, the offsets are
// those without a tag then; here they are those after a tag, as in files.
func TestLive(t *testing.T) {
	if _, err := exec.LookPath("tcpdump"); err != nil {
		t.Skip("no tcpdump")
	}
	if out, err := exec.Command("tcpdump", "-ddd", "-i", "lo").CombinedOutput(); err != nil {
		t.Skipf("tcpdump may not open an interface: %s", out)
	}
	var frames []frame
	for _, f := range made(t, capture.LinkEthernet) {
		if f.length == len(f.data) {
			frames = append(frames, f)
		}
	}
	for _, text := range expressions(t) {
		if !strings.Contains(text, "vlan") && text != "port 80" && text != "less 64" {
			continue
		}
		out, err := exec.Command("tcpdump", "-ddd", "-i", "lo", "--", text).Output()
		if err != nil {
			continue // it rejects all
		}
		want, own := assembled(t, string(out)), live(t, text)
		for _, f := range frames {
			for _, strip := range []bool{false, true} {
				data, x := stripped(f, strip)
				if x[bpf.ExtVLANTagPresent] == 0 && text == "port 80 or vlan and port 80" {
					continue
				}
				if got, want := run(t, own, data, x), run(t, want, data, x); got != want {
					t.Fatalf("%q: %s, stripped: %t: matches %t, for tcpdump %t", text, f.place, strip, got, want)
				}
			}
		}
	}
}

// TestLiveVLAN holds that a vlan is found where the kernel has taken its tag
// away, and that a filter without one does not care.
func TestLiveVLAN(t *testing.T) {
	tag := func(tags string) frame {
		for _, f := range made(t, capture.LinkEthernet) {
			if strings.HasPrefix(f.place, "proto 6, ports 40001 and 80, tags ["+tags+"]") {
				return f
			}
		}
		t.Fatalf("no frame with the tags %q", tags)
		return frame{}
	}
	for _, c := range []struct {
		text, tags string
		want       bool
	}{
		{"port 80", "", true},
		{"port 80", "8100 28", true},
		{"vlan", "", false},
		{"vlan", "8100 28", true},
		{"not vlan", "8100 28", false},
		{"vlan 40 and port 80", "8100 28", true},
		{"vlan 41 and port 80", "8100 28", false},
		{"vlan 40", "88a8 7 8100 28", false},
		{"vlan 7 and vlan 40 and port 80", "88a8 7 8100 28", true},
		{"vlan 7 and port 80", "88a8 7 8100 28", false},
	} {
		data, x := stripped(tag(c.tags), true)
		if got := run(t, live(t, c.text), data, x); got != c.want {
			t.Errorf("%q with the tags [%s]: %t, want %t", c.text, c.tags, got, c.want)
		}
	}
	if n, m := len(live(t, "tcp port 80")), 22; n > m {
		t.Errorf("without vlan the tag is tested all the same: %d instructions", n)
	}
}

// TestLong holds that long programs are assembled with long jumps, and that
// those are refused which a kernel would refuse.
func TestLong(t *testing.T) {
	var hosts []string
	for i := range 3000 {
		hosts = append(hosts, "host "+netip.AddrFrom4([4]byte{172, 16, byte(i >> 8), byte(i)}).String())
	}
	frames := made(t, capture.LinkEthernet)
	text := "not vlan and not (" + strings.Join(hosts[:200], " or ") + ") and port 80"
	compare(t, capture.LinkEthernet, text, frames[:len(frames)/8])
	p, err := program(strings.Join(hosts, " or "), capture.LinkEthernet)
	if err != nil {
		t.Fatal(err)
	}
	if in, err := p.Instructions(); err == nil || !strings.Contains(err.Error(), "4096") {
		t.Errorf("%d instructions, error %v", len(in), err)
	}
}

// A program that keeps by a jump to its end and one that keeps by its last
// instruction are the two kinds there are.
func TestAnd(t *testing.T) {
	// The first byte is n at least.
	least := func(n uint32) []bpf.Instruction {
		return []bpf.Instruction{
			bpf.LoadAbsolute{Off: 0, Size: 1},
			bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: n, SkipFalse: 1},
			bpf.RetConstant{Val: 1000 + n},
			bpf.RetConstant{},
		}
	}
	for _, test := range []struct {
		a, b uint32
		in   byte
		want int
	}{
		{4, 10, 3, 0}, {4, 10, 4, 0}, {4, 10, 9, 0}, {4, 10, 10, 1010}, {10, 4, 9, 0}, {10, 4, 10, 1004},
	} {
		vm, err := bpf.NewVM(filter.And(least(test.a), least(test.b)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := vm.Run([]byte{test.in}); err != nil || got != test.want {
			t.Errorf("%+v: %d, %v", test, got, err)
		}
	}
	if fmt.Sprint(filter.And(nil, least(2))) != fmt.Sprint(least(2)) {
		t.Error("no program and one are not the one")
	}
}
