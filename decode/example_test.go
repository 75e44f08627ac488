package decode_test

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"actionurl/capture"
	"actionurl/capture/capturetest"
	"actionurl/capture/pcapfile"
	"actionurl/decode"
	"actionurl/decode/actionurl"
)

// phoneCapture returns a capture of a phone that rings and is answered.
func phoneCapture() io.Reader {
	c := capturetest.New()
	k := c.Conn("192.168.40.50:40001", "192.168.40.207:80").Open()
	k.Send("GET /incoming?mac=000b82123432&remote=5003 HTTP/1.1\r\n\r\n").Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	k.Send("GET /mac=000b82123432&local=5002 HTTP/1.1\r\n\r\n").Reply("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
	k.Close()
	var file bytes.Buffer
	c.WritePcap(&file)
	return &file
}

// A capture goes through a Pipeline in batches, and comes out as records: HTTP
// requests in the order of their frames, with an Event where they are Action URLs.
func Example() {
	source, err := pcapfile.Open("phone.pcap", phoneCapture())
	if err != nil {
		fmt.Println(err)
		return
	}
	incoming := actionurl.Lookup("incoming_call")
	template, err := actionurl.ParseTemplate(incoming, "192.168.40.207/mac=$mac&local=$local")
	if err != nil {
		fmt.Println(err)
		return
	}

	pipeline := decode.New(decode.Config{
		Wire:     decode.Wire{ResponseTimeout: 10 * time.Second},
		Analysis: decode.Analysis{Templates: []*actionurl.Template{template}},
	}, func(r *decode.Record) error {
		if r.Event != nil {
			fmt.Printf("frame %d: %s by %s, %s: %d\n", r.Frame, r.Event.Kind.Label, r.Event.By, r.Target, r.Status)
		}
		return nil
	})
	var b capture.Batch
	for {
		err := source.Next(&b)
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, problem := range b.Problems {
			fmt.Println(problem) // damage, with its place
		}
		if err := pipeline.Batch(&b); err != nil {
			fmt.Println(err)
			return
		}
	}
	if err := pipeline.Close(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// frame 4: Incoming Call by name, /incoming?mac=000b82123432&remote=5003: 200
	// frame 8: Incoming Call by template, /mac=000b82123432&local=5002: 404
}
