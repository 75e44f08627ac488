package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"actionurl/report"
)

// TestSchema holds every line that the captures in testdata give, in every view
// and with all that --complete adds, against the schema that the program prints.
func TestSchema(t *testing.T) {
	var text, messages bytes.Buffer
	if status := execute(t.Context(), nil, []string{"schema"}, nil, &text, &messages); status != statusDone {
		t.Fatalf("schema: status %d, %s", status, messages.String())
	}
	document, err := jsonschema.UnmarshalJSON(&text)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler() // validates the schema itself, too
	compiler.AssertFormat()
	if err := compiler.AddResource("events.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("events.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	valid := func(line string) error {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err != nil {
			return err
		}
		return schema.Validate(v)
	}

	captures, err := filepath.Glob("../../testdata/*.pcap*")
	if err != nil || len(captures) == 0 {
		t.Fatal("no captures in testdata:", err)
	}
	real, err := filepath.Glob("../../testdata/real/*.pcap")
	if err != nil || len(real) == 0 {
		t.Fatal("no captures in testdata/real:", err)
	}
	lines, besides := 0, map[string]bool{}
	for _, file := range append(captures, real...) {
		for _, args := range [][]string{
			{"--view", "events", "--complete"},
			{"--view", "requests", "--complete", "-p", "../../testdata/profiles/site.yaml"},
			{"--view", "events", "--columns", "time,phone,client,server,vars.mac"},
			{"--view", "calls", "--group", "number"}, {"--view", "phones"}, {"--view", "servers"}, {"--view", "findings"},
		} {
			var out bytes.Buffer
			execute(t.Context(), nil, append([]string{"analyze", "--format", "ndjson", file}, args...), nil, &out, &messages)
			for line := range strings.Lines(out.String()) {
				lines++
				if err := valid(line); err != nil {
					t.Errorf("%s %v: %v: %s", filepath.Base(file), args, err, line)
				}
				for _, key := range []string{"finding", "sip_call", "silent_phone", "capture_end"} {
					if strings.Contains(line, `"`+key+`":{`) {
						besides[key] = true
					}
				}
			}
		}
	}
	if lines < 500 || len(besides) < 4 {
		t.Errorf("%d lines, beside rows %v", lines, besides)
	}

	for line, ok := range map[string]bool{
		`{"time":"2026-03-02T08:01:00.000000000Z","capture_loss":{"interface":"eth1","since":"2026-03-02T08:00:00.000000000Z","dropped":120,"freezes":1}}`: true,
		`{"time":"2026-03-02T08:01:00.000000000Z","sensor":"hq","sensor_alive":{}}`:                                                                        true,
		`{"time":"2026-03-02T08:01:00.000000000Z","capture_end":{"x":1}}`:                                                                                  false,
		`{"time":"2026-03-02 08:01","event":"hold_call"}`:                                                                                                  false,
		`{"event":"hold_call","no_response":"asleep"}`:                                                                                                     false,
		`{"event":"hold_call","findings":["no_such_finding"]}`:                                                                                             false,
		`{"event":"hold_call","phone_mac":"00:0B:82:12:34:32"}`:                                                                                            false,
		`{"event":"hold_call","color":"red"}`:                                                                                                              false,
		`{"event":"hold_call","frame":"7"}`:                                                                                                                false,
		`["event"]`:                                                                                                                                        false,
	} {
		if err := valid(line); (err == nil) != ok {
			t.Errorf("%s: %v", line, err)
		}
	}
	if data, err := report.Schema(); err != nil || !bytes.HasSuffix(data, []byte("}")) {
		t.Errorf("schema: %v", err)
	}
}
