package report

import (
	"testing"

	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/packet"
	"actionurl/decode/timeline"
)

// Formats that need a type for a column rely on its kind.
func TestColumnKinds(t *testing.T) {
	r := sample(t)[0]
	phone := &timeline.Phone{MAC: packet.MAC{0x00, 0x0b, 0x82, 0x12, 0x34, 0x50}}
	call := &decode.Call{Call: &timeline.Call{Phone: phone, Direction: actionurl.Incoming}}
	checkKinds(t, records(Requests, Options{Complete: true}), r)
	checkKinds(t, callView(), call)
	checkKinds(t, phoneView(), &decode.Phone{Phone: phone})
	checkKinds(t, findingView(), &finding.Summary{Count: 1})
}

func checkKinds[R any](t *testing.T, v *view[R], of *R) {
	t.Helper()
	for _, f := range v.keys {
		if f.Kind == Absent {
			t.Errorf("the column %s has no kind", f.Name)
		}
		if got := f.value(of); got.kind != Absent && got.kind != f.Kind {
			t.Errorf("the column %s has the kind %d, its value %d", f.Name, f.Kind, got.kind)
		}
	}
}
