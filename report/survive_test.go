package report_test

import (
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"actionurl/capture"
	"actionurl/decode"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/httpwire"
	"actionurl/decode/packet"
	"actionurl/decode/sip"
	"actionurl/decode/timeline"
	"actionurl/decode/vendor"
	"actionurl/report"
)

// fill sets every exported field of a struct to a value of its own, and those of
// the structs in it.
func fill(t *testing.T, v reflect.Value, path string, n *int) {
	t.Helper()
	*n++
	switch p := v.Addr().Interface().(type) {
	case *netip.Addr:
		*p = netip.AddrFrom4([4]byte{10, 0, byte(*n >> 8), byte(*n)})
		return
	case *netip.AddrPort:
		*p = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(*n >> 8), byte(*n)}), uint16(1000+*n))
		return
	case *packet.MAC:
		*p = packet.MAC{0, 11, 130, byte(*n >> 8), byte(*n), 1}
		return
	case *packet.VLANs:
		p.Add(uint16(*n))
		p.Add(7)
		return
	case *[]actionurl.Var:
		*p = []actionurl.Var{actionurl.VarOf("mac", "000b82123450"), actionurl.VarOf("empty", ""), actionurl.VarOf("x", "$x"), actionurl.VarOf("x", "again")}
		return
	case *[]finding.Finding:
		for _, k := range finding.Kinds() {
			f := finding.New(k, finding.Detail{})
			fill(t, reflect.ValueOf(&f.Detail).Elem(), path, n)
			*p = append(*p, f)
		}
		return
	case **actionurl.Kind:
		*p = actionurl.Lookup("hold_call")
		return
	case **actionurl.Template:
		parsed, err := actionurl.ParseTemplateWith(actionurl.Lookup("hold_call"), "192.168.40.207/hold?m=$mac&x=$x", map[string]bool{"x": true})
		if err != nil {
			t.Fatal(err)
		}
		*p = parsed
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				fill(t, v.Field(i), path+"."+f.Name, n)
			}
		}
	case reflect.Pointer:
		if skipped[v.Type().Elem().String()] {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), path, n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), path, n)
		fill(t, v.Index(1), path, n)
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i), path, n)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("text%d", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.Set(reflect.ValueOf(100 + *n).Convert(v.Type()))
	default:
		t.Fatalf("%s is of a type that this test cannot fill: %v", path, v.Type())
	}
}

// skipped are types that a record refers to and that are made anew from all of
// them.
var skipped = map[string]bool{"timeline.Phone": true, "timeline.Call": true, "vendor.Vendor": true}

// lost returns the paths of exported fields in which got is not want.
func lost(want, got reflect.Value, path string) (all []string) {
	switch v := want.Interface().(type) {
	case netip.Addr, netip.AddrPort, packet.VLANs, packet.MAC:
		if v != got.Interface() {
			return []string{path}
		}
		return nil
	case *actionurl.Kind, *vendor.Vendor:
		if v != got.Interface() {
			return []string{path}
		}
		return nil
	case *actionurl.Template:
		if g := got.Interface().(*actionurl.Template); g == nil || v.Text != g.Text || v.Pattern() != g.Pattern() || v.Kind != g.Kind {
			return []string{path}
		}
		return nil
	}
	switch want.Kind() {
	case reflect.Struct:
		for i := range want.NumField() {
			if f := want.Type().Field(i); f.IsExported() {
				all = append(all, lost(want.Field(i), got.Field(i), path+"."+f.Name)...)
			}
		}
		return all
	case reflect.Pointer:
		if want.IsNil() || got.IsNil() {
			if want.IsNil() != got.IsNil() {
				return []string{path}
			}
			return nil
		}
		return lost(want.Elem(), got.Elem(), path)
	case reflect.Slice:
		if want.Len() != got.Len() {
			return []string{path}
		}
		for i := range want.Len() {
			all = append(all, lost(want.Index(i), got.Index(i), fmt.Sprintf("%s[%d]", path, i))...)
		}
		return all
	}
	if want.Interface() != got.Interface() {
		return []string{fmt.Sprintf("%s: %v, read %v", path, want.Interface(), got.Interface())}
	}
	return nil
}

// readBack returns what is read of what write saves.
func readBack(t *testing.T, write func(*report.Rows[decode.Record]) error) *report.Saved {
	t.Helper()
	var out strings.Builder
	rows, err := report.NewRecords(&out, report.Options{Format: report.Plain().Named("ndjson"), Complete: true}, report.Requests)
	if err != nil {
		t.Fatal(err)
	}
	if err := write(rows); err != nil {
		t.Fatal(err)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	reader := report.NewReader("x", strings.NewReader(out.String()))
	var got report.Saved
	if err := reader.Next(&got); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	if err := reader.Next(new(report.Saved)); err != io.EOF {
		t.Errorf("after the line: %v", err)
	}
	return &got
}

// Every field of a request, and every detail of every finding, survives.
func TestRequestSurvives(t *testing.T) {
	answered := &decode.Record{}
	n := 0
	fill(t, reflect.ValueOf(answered).Elem(), "", &n)
	answered.Interface = &capture.Interface{Capture: "trunk.pcap"} // the rest of it is the capture's
	answered.Source, answered.Clock = packet.MAC{}, 0              // is in the event, if anywhere; of use while it waits
	answered.ContentLength = -1                                    // of no use after
	answered.NoResponse = httpwire.Answered
	answered.Sent, answered.Credentials, answered.Location = nil, false, "" // have shown which requests are one event
	answered.Reply = ""                                                     // is in the finding
	answered.Event.PhoneVendor = vendor.Of(answered.Event.PhoneMAC)         // is known by it
	answered.Event.Sides = actionurl.Sides{}                                // are made of the variables
	answered.Event.SIP.Kind = nil                                           // is the event's then
	answered.Event.Sides = actionurl.Sides{}                                // are read from the variables when the kind is known
	answered.Event.Kind, answered.Event.Candidates = actionurl.Unknown, []*actionurl.Kind{actionurl.Lookup("hold_call"), actionurl.Lookup("resume_call")}
	x, e := *answered.Exchange, *answered.Event
	unanswered := &decode.Record{Exchange: &x, Event: &e, Findings: answered.Findings}
	x.NoResponse, x.Latency = httpwire.Timeout, 0
	e.Kind, e.Candidates = actionurl.Lookup("hold_call"), nil
	plain := &decode.Record{Exchange: answered.Exchange, Findings: answered.Findings}
	for i, want := range []*decode.Record{answered, unanswered, plain} {
		got := readBack(t, func(rows *report.Rows[decode.Record]) error { return rows.Write(want) })
		if all := lost(reflect.ValueOf(want), reflect.ValueOf(&got.Request), "record"); len(all) > 0 {
			t.Errorf("record %d loses\n%s", i, strings.Join(all, "\n"))
		}
	}
}

// So does all of a finding that no single request has.
func TestFindingSurvives(t *testing.T) {
	for _, k := range finding.Kinds() {
		var want finding.Occurrence
		n := 0
		fill(t, reflect.ValueOf(&want).Elem(), "", &n)
		want.Kind = k
		got := readBack(t, func(rows *report.Rows[decode.Record]) error { return rows.Finding(&want) })
		if all := lost(reflect.ValueOf(want), reflect.ValueOf(got.Finding), "finding"); len(all) > 0 {
			t.Errorf("%v loses\n%s", k, strings.Join(all, "\n"))
		}
	}
}

// notOfCalls are the fields of a call in SIP that a timeline does not take.
var notOfCalls = []string{
	"Addr", "Remote.Host", "Local.Name", "Capture", "Frame", "First", "Last", "Rang", "Events", "Requests", "Announced", "Beside", "Source", "Denial",
}

// So does all of what a timeline takes from a call in SIP.
func TestCallSurvives(t *testing.T) {
	var want sip.Call
	n := 0
	fill(t, reflect.ValueOf(&want).Elem(), "", &n)
	call := timeline.Call{Phone: &timeline.Phone{MAC: packet.MAC{0x00, 0x0b, 0x82, 0x12, 0x34, 0x50}}, Address: netip.MustParseAddr("10.0.0.1"), First: 5, SIP: &want}
	got := readBack(t, func(rows *report.Rows[decode.Record]) error { return rows.SIPCall(&call) })
	for _, path := range lost(reflect.ValueOf(want), reflect.ValueOf(*got.Call.SIP), "") {
		name, _, _ := strings.Cut(strings.TrimPrefix(path, "."), ":")
		if !slices.ContainsFunc(notOfCalls, func(p string) bool { return name == p || strings.HasPrefix(name, p+".") }) {
			t.Errorf("a call loses %s", path)
		}
	}
	if got.Time != 5 || got.Call.PhoneMAC != call.Phone.MAC || got.Call.PhoneIP != call.Address {
		t.Errorf("the call is read as %+v", got.Call)
	}
}

// Extreme values, as damaged captures have them, are read as they were written.
func TestExtremesSurvive(t *testing.T) {
	for _, latency := range []int64{1, 999_999, 29 * 366 * 24 * 3600e9, 1<<62 + 1, 1<<63 - 1, -1, -1<<63 + 1} {
		for _, at := range []int64{0, -1<<63 + 1, 1<<63 - 1} {
			server := netip.MustParseAddrPort("192.168.40.207:80")
			x := &httpwire.Exchange{Client: server, Server: server, Target: "/", Status: 999, Latency: latency, Done: true}
			x.Interface, x.Frame, x.Time = &capture.Interface{Capture: "trunk.pcap"}, 1<<62, at
			got := readBack(t, func(rows *report.Rows[decode.Record]) error { return rows.Write(&decode.Record{Exchange: x}) })
			if y := got.Request.Exchange; y.Latency != latency || y.Frame != x.Frame || y.Time != at || y.Status != 999 {
				t.Errorf("latency %d is read as %d, frame %d as %d, time %d as %d", latency, y.Latency, x.Frame, y.Frame, at, y.Time)
			}
		}
	}
}

// What a line has too many of is dropped and counted.
func TestTooManyVariables(t *testing.T) {
	line := `{"time":"2026-03-02T08:00:00Z","target":"/","event":"unknown","vars":{` + strings.Repeat(`"x":"",`, 100_000) + `"x":""},"status":200}` + "\n"
	reader := report.NewReader("saved.ndjson", strings.NewReader(line))
	var got report.Saved
	if err := reader.Next(&got); err != nil || len(got.Request.Event.Vars) != 256 || reader.Dropped != 100_001-256 || got.Request.Status != 200 {
		t.Errorf("%v, %d variables, %d dropped", err, len(got.Request.Event.Vars), reader.Dropped)
	}
}
