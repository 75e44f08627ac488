package decode_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/bpf"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/capture/pcapfile"
	"actionurl/decode"
	"actionurl/decode/packet"
)

// asInKernel returns what a filter in the kernel sees of a frame: it lacks the
// outer VLAN tag.
func asInKernel(f *capture.Frame) []byte {
	if f.Interface.Link != capture.LinkEthernet || len(f.Data) < 18 {
		return f.Data
	}
	switch binary.BigEndian.Uint16(f.Data[12:]) {
	case 0x8100, 0x88a8:
		return slices.Concat(f.Data[:12], f.Data[16:])
	}
	return f.Data
}

// records returns what is decoded of the frames of a capture that keep keeps.
func records(t *testing.T, file []byte, keep func(*capture.Frame) bool) []string {
	t.Helper()
	var got []string
	p := decode.New(decode.Config{Wire: decode.Wire{ResponseTimeout: 10 * time.Second}}, func(r *decode.Record) error {
		got = append(got, fmt.Sprintf("%d %v %s %s %d %v %+v", r.Frame, r.VLANs.IDs(), r.Method, r.Target, r.Status, r.NoResponse, r.Event))
		return nil
	})
	source, err := pcapfile.Open("capture", bytes.NewReader(file))
	if err != nil {
		return nil // not a capture
	}
	var b capture.Batch
	for err = source.Next(&b); err == nil; err = source.Next(&b) {
		b.Frames = slices.DeleteFunc(b.Frames, func(f capture.Frame) bool { return !keep(&f) })
		if err := p.Batch(&b); err != nil {
			t.Fatal(err)
		}
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	return got
}

// dropsNothing wants the frames that the kernel keeps to yield what all frames
// yield.
func dropsNothing(t *testing.T, name string, file []byte) {
	t.Helper()
	programs := make(map[capture.LinkType]*bpf.VM)
	program := func(link capture.LinkType) *bpf.VM {
		if programs[link] == nil {
			vm, err := bpf.NewVM(packet.KernelFilter(link, packet.Want{SIP: true, Tunnels: true}))
			if err != nil {
				t.Fatal(err)
			}
			programs[link] = vm
		}
		return programs[link]
	}
	all := records(t, file, func(*capture.Frame) bool { return true })
	kept := records(t, file, func(f *capture.Frame) bool {
		n, err := program(f.Interface.Link).Run(asInKernel(f))
		return err == nil && n > 0
	})
	if diff := cmp.Diff(all, kept); diff != "" {
		t.Errorf("%s: all frames -, kept frames +:\n%s", name, diff)
	}
}

func TestKernelDropsNothing(t *testing.T) {
	for _, s := range capturetest.Scenes() {
		file, err := s.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		dropsNothing(t, s.Name, file)
	}
	for _, e := range capturetest.Encapsulations() {
		file, err := e.Scene().Bytes()
		if err != nil {
			t.Fatal(err)
		}
		dropsNothing(t, e.Name, file)
	}
}

func TestKernelDropsNothingOfCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	for path := range capturetest.Corpus(t) {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		dropsNothing(t, path, file)
	}
}
