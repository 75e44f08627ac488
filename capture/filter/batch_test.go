package filter_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"

	"actionurl/capture"
	"actionurl/capture/filter"
)

// TestFilter holds that frames of several link types are taken out of a batch,
// each with its own program.
func TestFilter(t *testing.T) {
	tcp := func(link capture.LinkType, name string) capture.Frame {
		for _, f := range made(t, link) {
			if strings.HasPrefix(f.place, "proto 6, ports 40001 and 80") {
				return capture.Frame{Data: f.data, Length: f.length, Interface: &capture.Interface{Capture: name, Link: link}}
			}
		}
		t.Fatal("no such frame")
		return capture.Frame{}
	}
	wifi := &capture.Interface{Capture: "wifi.pcap", Link: capture.LinkWLAN}
	ether, raw := tcp(capture.LinkEthernet, "a.pcap"), tcp(capture.LinkRaw, "b.pcap")
	fill := func(text string) (*filter.Filter, *capture.Batch) {
		e, err := filter.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		b := &capture.Batch{Frames: []capture.Frame{ether, raw, {Interface: wifi}, {Interface: wifi}, ether, raw, {Interface: wifi}}}
		for i := range b.Frames {
			b.Frames[i].Number = i + 1
			b.Frames[i].Time = int64(i + 1)
		}
		f := filter.New(e)
		f.Batch(b)
		return f, b
	}
	for _, c := range []struct {
		text     string
		frames   []int
		problems []string
	}{
		{"port 80", []int{1, 2, 5, 6}, []string{"wifi.pcap:3: filters cannot be compiled for link type 105"}},
		{"port 81", nil, []string{"wifi.pcap:3: filters cannot be compiled for link type 105"}},
		{"ether src 00:0b:82:12:34:32", []int{1, 5}, []string{
			`b.pcap:2: the filter "ether src host 00:0b:82:12:34:32" cannot be compiled for raw IP (link type 101)`,
			"wifi.pcap:3: filters cannot be compiled for link type 105"}},
	} {
		f, b := fill(c.text)
		var numbers []int
		for _, f := range b.Frames {
			numbers = append(numbers, f.Number)
		}
		var problems []string
		for _, p := range b.Problems {
			problems = append(problems, p.Error())
		}
		if diff := cmp.Diff([]any{c.frames, c.problems, 7 - len(c.frames), int64(7)}, []any{numbers, problems, f.Dropped(), b.Now}); diff != "" {
			t.Errorf("%q: (-want +got)\n%s", c.text, diff)
		}
	}
}

// TestBSD holds that the families of every system's loopback links match, in
// either byte order.
func TestBSD(t *testing.T) {
	p, err := program("tcp port 80", capture.LinkNull)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range made(t, capture.LinkNull) {
		if !strings.HasPrefix(f.place, "proto 6, ports 40001 and 80, IPv6") || f.length != len(f.data) {
			continue
		}
		for _, family := range []byte{10, 24, 28, 30} {
			for _, header := range [][]byte{{family, 0, 0, 0}, {0, 0, 0, family}} {
				if copy(f.data, header); !p.Match(f.data, f.length) {
					t.Errorf("the family %x does not match", header)
				}
			}
		}
		copy(f.data, []byte{2, 0, 0, 0})
		if p.Match(f.data, f.length) {
			t.Error("IPv6 matches as IPv4")
		}
	}
}

func TestFilterAllocates(t *testing.T) {
	e, err := filter.Parse("tcp port 80 and host 192.168.40.50")
	if err != nil {
		t.Fatal(err)
	}
	on := &capture.Interface{Link: capture.LinkEthernet}
	var all []capture.Frame
	for _, f := range made(t, capture.LinkEthernet)[:200] {
		all = append(all, capture.Frame{Data: f.data, Length: f.length, Interface: on})
	}
	f := filter.New(e)
	var b capture.Batch
	f.Batch(&capture.Batch{Frames: append([]capture.Frame(nil), all...)})
	b.Frames = append(b.Frames, all...)
	if n := testing.AllocsPerRun(100, func() {
		b.Frames = append(b.Frames[:0], all...)
		f.Batch(&b)
	}); n != 0 {
		t.Errorf("%v allocations a batch", n)
	}
}

// BenchmarkMatch compares Match with the machine of golang.org/x/net/bpf, per
// frame.
func BenchmarkMatch(b *testing.B) {
	for _, text := range []string{"tcp port 80", "host 192.168.40.50", "tcp and not (port 5060 or portrange 10000-20000) and net 192.168.0.0/16"} {
		p, err := program(text, capture.LinkEthernet)
		if err != nil {
			b.Fatal(err)
		}
		in, err := p.Instructions()
		if err != nil {
			b.Fatal(err)
		}
		vm, err := bpf.NewVM(in)
		if err != nil {
			b.Fatal(err)
		}
		frames := framesOf(b, testdata(b))[capture.LinkEthernet]
		b.Run("match/"+text, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				f := frames[i%len(frames)]
				p.Match(f.data, f.length)
			}
		})
		b.Run("vm/"+text, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := vm.Run(frames[i%len(frames)].data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
