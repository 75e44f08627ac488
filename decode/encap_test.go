package decode_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/capture/pcapfile"
	"actionurl/decode"
)

// TestEncapsulations wants the same request from each way in which frames
// reach a sensor.
func TestEncapsulations(t *testing.T) {
	for _, e := range capturetest.Encapsulations() {
		t.Run(e.Name, func(t *testing.T) {
			file, err := e.Scene().Bytes()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			p := decode.New(decode.Config{Wire: decode.Wire{ResponseTimeout: time.Minute}}, func(r *decode.Record) error {
				if r.Status != 200 || r.Latency != int64(2*time.Millisecond) {
					t.Errorf("status %d after %v, want 200 after 2ms", r.Status, time.Duration(r.Latency))
				}
				got = append(got, r.Client.Addr().String()+" "+r.Target)
				return nil
			})
			source, err := pcapfile.Open(e.Name, bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			var b capture.Batch
			for err = source.Next(&b); err == nil; err = source.Next(&b) {
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
			if len(got) != 1 || got[0] != "192.168.40.50 /mac=000b82123432&local=5002" && got[0] != "2001:db8::50 /mac=000b82123432&local=5002" {
				t.Errorf("requests: %q", got)
			}
			sum := p.Summary()
			if losses := sum.Losses(true); len(losses) > 0 {
				t.Errorf("losses: %v", losses)
			}
		})
	}
}
