package capture_test

import (
	"errors"
	"testing"

	"actionurl/capture"
)

func TestProblem(t *testing.T) {
	cause := errors.New("the file ends in a frame")
	p := &capture.Problem{Capture: "trunk.pcap", Frame: 1041, Offset: 84210, Err: cause}
	if got, want := p.Error(), "trunk.pcap:1042: at byte 84210: the file ends in a frame"; got != want {
		t.Errorf("Error:\n got %s\nwant %s", got, want)
	}
	if !errors.Is(p, cause) {
		t.Error("the problem does not unwrap to its cause")
	}
}
