package filter_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/bpf"

	"actionurl/capture"
	"actionurl/capture/filter"
	"actionurl/capture/pcapfile"
)

// linkNames are tcpdump's names of the link types that filters are compiled
// for.
var linkNames = map[capture.LinkType]string{
	capture.LinkEthernet:    "EN10MB",
	capture.LinkNetAnalyzer: "NETANALYZER",
	capture.LinkFDDI:        "FDDI",
	capture.LinkATM:         "ATM_RFC1483",
	capture.LinkIEEE1394:    "APPLE_IP_OVER_IEEE1394",
	capture.LinkCHDLC:       "C_HDLC",
	capture.LinkLinuxSLL:    "LINUX_SLL",
	capture.LinkLinuxSLL2:   "LINUX_SLL2",
	capture.LinkPPP:         "PPP",
	capture.LinkPPPHDLC:     "PPP_SERIAL",
	capture.LinkPPPEther:    "PPP_ETHER",
	capture.LinkNull:        "NULL",
	capture.LinkLoop:        "LOOP",
	capture.LinkENC:         "ENC",
	capture.LinkRaw:         "RAW",
	capture.LinkRaw12:       "RAW",
	capture.LinkRaw14:       "RAW",
	capture.LinkIPv4:        "IPV4",
	capture.LinkIPv6:        "IPV6",
}

// A frame is one of a capture.
type frame struct {
	data   []byte
	length int
	place  string
}

// framesOf returns the frames of captures by their link types. Of link types
// that filters are not compiled for, it returns none.
func framesOf(t testing.TB, files []string) map[capture.LinkType][]frame {
	all := map[capture.LinkType][]frame{}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source, err := pcapfile.Open(name, bytes.NewReader(content))
		if err != nil {
			continue
		}
		var b capture.Batch
		for {
			err := source.Next(&b)
			for _, f := range b.Frames {
				link := f.Interface.Link
				if linkNames[link] == "" {
					continue
				}
				data := bytes.Clone(f.Data)
				asOnLinux(link, data)
				all[link] = append(all[link], frame{data, f.Length, fmt.Sprintf("%s:%d", name, f.Number)})
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return all
}

// asOnLinux makes the address family of a BSD loopback frame what this
// machine's tcpdump expects: its own.
func asOnLinux(link capture.LinkType, data []byte) {
	at := map[capture.LinkType]int{capture.LinkNull: 0, capture.LinkENC: 0, capture.LinkLoop: 3}
	if _, ok := at[link]; !ok || len(data) < 4 {
		return
	}
	family := max(data[0], data[3])
	if family == 24 || family == 28 || family == 30 {
		family = 10
	}
	clear(data[:4])
	data[at[link]] = family
}

// testdata returns the captures of testdata.
func testdata(t testing.TB) []string {
	var files []string
	err := filepath.WalkDir("../../testdata", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.Contains(filepath.Ext(path), "pcap") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// An oracle is a program that is run by the machine of golang.org/x/net/bpf.
type oracle struct {
	program []bpf.Instruction
	vm      *bpf.VM // nil if the program asks for what is not in the frame
}

// errRefused is an expression that tcpdump refuses.
var errRefused = errors.New("tcpdump refuses it")

// tcpdump compiles an expression by tcpdump.
func tcpdump(t testing.TB, link capture.LinkType, expr string, flags ...string) (*oracle, error) {
	t.Helper()
	path, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip("no tcpdump")
	}
	args := append([]string{"-ddd"}, flags...)
	args = append(args, "-y", linkNames[link])
	cmd := exec.Command(path, append(args, "--", expr)...)
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		if strings.Contains(problem.String(), "expression rejects all packets") {
			out.Reset()
			out.WriteString("1\n6 0 0 0\n")
		} else {
			return nil, fmt.Errorf("%w: %s", errRefused, strings.TrimSpace(problem.String()))
		}
	}
	return newOracle(t, assembled(t, out.String())), nil
}

// assembled reads a program as tcpdump -ddd prints it: the number of its
// instructions, and four numbers for each.
func assembled(t testing.TB, text string) []bpf.Instruction {
	t.Helper()
	var program []bpf.Instruction
	for line := range strings.Lines(text[strings.Index(text, "\n")+1:]) {
		var n [4]uint64
		for i, field := range strings.Fields(line) {
			var err error
			if n[i], err = strconv.ParseUint(field, 10, 32); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
		}
		in := bpf.RawInstruction{Op: uint16(n[0]), Jt: uint8(n[1]), Jf: uint8(n[2]), K: uint32(n[3])}
		program = append(program, in.Disassemble())
	}
	return program
}

// newOracle returns a program to run.
func newOracle(t testing.TB, program []bpf.Instruction) *oracle {
	t.Helper()
	o := &oracle{program: program}
	if slices.ContainsFunc(program, func(in bpf.Instruction) bool { _, ok := in.(bpf.LoadExtension); return ok }) {
		return o
	}
	var err error
	if o.vm, err = bpf.NewVM(program); err != nil {
		t.Fatal(err)
	}
	return o
}

// extensions are what a kernel holds of a frame beside it.
type extensions map[bpf.Extension]uint32

// run runs a program that asks for extensions.
func run(t testing.TB, program []bpf.Instruction, data []byte, beside extensions) bool {
	t.Helper()
	constant := make([]bpf.Instruction, len(program))
	for i, in := range program {
		constant[i] = in
		if x, ok := in.(bpf.LoadExtension); ok {
			v, ok := beside[x.Num]
			if !ok {
				t.Fatalf("extension %v", x.Num)
			}
			constant[i] = bpf.LoadConstant{Dst: bpf.RegA, Val: v}
		}
	}
	vm, err := bpf.NewVM(constant)
	if err != nil {
		t.Fatal(err)
	}
	n, err := vm.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	return n > 0
}

// matches reports what the program says of a frame.
func (o *oracle) matches(t testing.TB, f frame) bool {
	if o.vm == nil {
		return run(t, o.program, f.data, extensions{bpf.ExtLen: uint32(f.length)})
	}
	n, err := o.vm.Run(f.data)
	if err != nil {
		t.Fatal(err)
	}
	return n > 0
}

// compare compares an expression's program with tcpdump's, frame by frame, and
// its instructions with Match.
//
// Of frames that end within what the expression tests, tcpdump's optimizer lets
// some match before it comes to what they do not have: it reorders tests, so
// that "port 80 or 8080" becomes "src port 80 or src port 8080 or dst port 80
// ...". For these, tcpdump's program without the optimizer counts, too.
func compare(t *testing.T, link capture.LinkType, expr string, frames []frame) {
	t.Helper()
	want, refused := tcpdump(t, link, expr)
	p, err := program(expr, link)
	switch {
	case refused != nil && err == nil:
		t.Errorf("%s: %q is accepted; %v", linkNames[link], expr, refused)
	case refused == nil && err != nil:
		t.Errorf("%s: %q: %v, but tcpdump takes it", linkNames[link], expr, err)
	}
	if refused != nil || err != nil {
		return
	}
	instructions, err := p.Instructions()
	if err != nil {
		t.Fatalf("%q: %v", expr, err)
	}
	own := newOracle(t, instructions)
	var plain *oracle
	matched, wrong := 0, 0
	for _, f := range frames {
		match := p.Match(f.data, f.length)
		if own.matches(t, f) != match {
			t.Fatalf("%s: %q: %s: Match says %t, but not its instructions", linkNames[link], expr, f.place, match)
		}
		if match {
			matched++
		}
		if want.matches(t, f) == match {
			continue
		}
		if f.length > len(f.data) || len(f.data) < 60 {
			if plain == nil {
				if plain, err = tcpdump(t, link, expr, "-O"); err != nil {
					t.Fatalf("%q: %v", expr, err)
				}
			}
			if plain.matches(t, f) == match {
				continue
			}
		}
		if wrong++; wrong <= 3 {
			t.Errorf("%s: %q: %s: Match says %t, but not tcpdump", linkNames[link], expr, f.place, match)
		}
	}
	t.Logf("%s: %s: %d of %d frames, %d instructions, tcpdump's %d", linkNames[link], expr, matched, len(frames), len(instructions), len(want.program))
}

// program compiles an expression.
func program(expr string, link capture.LinkType) (*filter.Program, error) {
	e, err := filter.Parse(expr)
	if err != nil {
		return nil, err
	}
	return e.Compile(link)
}
