package main

import (
	"encoding/binary"
	"fmt"
	"testing"

	"golang.org/x/net/bpf"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/capture/filter"
	"actionurl/capture/live"
)

// Where live capture is not supported, the way around it is shown once.
func TestCannotCapture(t *testing.T) {
	err := cannotCapture(fmt.Errorf("eth1: %w", live.ErrUnsupported))
	if want := "eth1: live capture is not supported on this system; pipe from another program instead: tcpdump -U -w - | actionurl analyze -"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

// The kernel runs -f beside what drops frames that are no notifications.
func TestSniffFilter(t *testing.T) {
	keeps := func(interfaces []string, link capture.LinkType, expr string, port uint16) bool {
		e, err := filter.Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		s := sniff{interfaces: interfaces}
		s.capture = e
		program, err := s.program(link)
		if err != nil {
			t.Fatal(err)
		}
		vm, err := bpf.NewVM(program)
		if err != nil {
			t.Fatal(err)
		}
		c := capturetest.New()
		c.Conn("192.168.40.50:40001", "192.168.40.207:80").Open()
		frame := c.Frames[0].Data
		binary.BigEndian.PutUint16(frame[36:], port)
		n, err := vm.Run(frame)
		if err != nil {
			t.Fatal(err)
		}
		return n > 0
	}
	eth1, any := []string{"eth1"}, []string{"eth1", "any"}
	for _, c := range []struct {
		what string
		got  bool
		want bool
	}{
		{"a port that matches", keeps(eth1, capture.LinkEthernet, "port 80", 80), true},
		{"another port", keeps(eth1, capture.LinkEthernet, "port 80", 81), false},
		{"an address that matches", keeps(any, capture.LinkEthernet, "ether src 00:0b:82:12:34:32", 80), true},
		{"a link without addresses, of any", keeps(any, capture.LinkRaw, "ether src 00:0b:82:12:34:32", 80), false},
	} {
		if c.got != c.want {
			t.Errorf("%s: kept is %t", c.what, c.got)
		}
	}
	s := sniff{interfaces: []string{"tun0"}}
	s.capture, _ = filter.Parse("vlan 40")
	_, err := s.program(capture.LinkRaw)
	if want := `-f: the filter "vlan 40" cannot be compiled for raw IP (link type 101)`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
