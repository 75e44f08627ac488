// Actionurl shows what VoIP phones announced by their Action URLs: it reads
// packet captures, puts the phones' HTTP requests together, and prints which
// phone announced which event, when, with which values, and whether the server
// took it.
//
// # Usage
//
//	actionurl analyze [flags] CAPTURE...   read capture files; "-" is standard input
//	actionurl catalog [TABLE]              what it knows of phones
//	actionurl check [flags] CAPTURE...     the verdict alone, with an exit status; also on saved events
//	actionurl frames CAPTURE N[-M]...      frames, layer by layer
//	actionurl learn [flags] CAPTURE...     find out what phones were told
//	actionurl profile check|show FILE...   what phones were told
//	actionurl report [flags] EVENTS...     show saved events (NDJSON) in any view and format
//	actionurl sniff [flags] -i INTERFACE   the same as analyze, from live interfaces
//	actionurl version
//
// A request seldom says which event it stands for. That is told by the URL
// which was typed into the phone for each event; -t takes it as it is:
//
//	actionurl analyze -t 'incoming_call=192.168.40.207/mac=$mac&local=$local' trace.pcap
//
// Without it, requests are recognized by what phones send, and named where the
// URL itself names the event, or the phone's SIP in the same capture does.
//
// Where nobody knows what was typed in, learn finds out what a capture shows of
// it, and writes a profile:
//
//	actionurl learn -o site.yaml trace.pcap
//	actionurl analyze -p site.yaml trace.pcap
//
// What is wrong, what it means and what to do about it:
//
//	actionurl analyze --view findings trace.pcap
//
// -f looks only at frames that match an expression in tcpdump's syntax, of
// files and of interfaces:
//
//	actionurl analyze -f 'host 192.168.40.50 and tcp port 80' trace.pcap
//
// As it happens, with the frames behind it for Wireshark:
//
//	actionurl sniff -i eth1 -w calls.pcapng
//
// Saved, and shown elsewhere in any view; --complete saves what is of no event,
// too:
//
//	actionurl sniff -i eth1 --complete -o calls.ndjson
//	actionurl report --view calls calls.ndjson
//
// # Exit status
//
//	0  done
//	1  nothing could be read or written
//	2  wrong usage, or a profile that cannot be used
//	3  done, but part of the input was damaged: what could be read was
//	   reported, and the damage is named on standard error, with its place
//	4  done, and a finding as grave as --fail-on asks for was made; check
//	   asks for errors
//
// Standard output carries the result and nothing else.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	_ "time/tzdata" // for --time, where the system has no zones

	"actionurl/cmd/actionurl/internal/sandbox"
)

// settle is how long after an interrupt another one means the same: a terminal
// and a parent process may both send it. One after that ends the process at
// once, without a summary.
const settle = 100 * time.Millisecond

func main() {
	// A closed pipe is an error of writing, and not the end of the process.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		time.AfterFunc(settle, stop)
	})
	os.Exit(execute(ctx, sandbox.Enter, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
