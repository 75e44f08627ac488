// Actionurl shows which events VoIP phones reported by Action URL: it reads packet
// captures, or watches interfaces, and prints which phone reported which event,
// when, with which values, and whether the server accepted it.
//
//	actionurl analyze [flags] CAPTURE...            events, calls or phones from captures
//	actionurl browse  [flags] CAPTURE|EVENTS...     a screen to move in; also -i INTERFACE
//	actionurl catalog [TABLE]                       events, variables, vendors, findings
//	actionurl check   [flags] CAPTURE|EVENTS...     why events are missing, with an exit status
//	actionurl explain FINDING                       what a finding means, and what to do
//	actionurl frames  [flags] CAPTURE N[-M]...      single frames, layer by layer
//	actionurl learn   [flags] CAPTURE...            the configured URLs, inferred from captures
//	actionurl profile check|show FILE...            the configured URLs, from settings
//	actionurl report  [flags] EVENTS...             saved events in any view and format
//	actionurl schema                                the JSON Schema of saved events
//	actionurl sniff   [flags] -i INTERFACE          events from live interfaces
//	actionurl help    [COMMAND|TOPIC]
//
// A request rarely names its event: -t and -p give the URLs that are configured in
// the phones, and learn infers them from a capture:
//
//	actionurl analyze -t 'incoming_call=192.168.40.207/mac=$mac&local=$local' trace.pcap
//	actionurl learn -o site.yaml trace.pcap
//	actionurl analyze -p site.yaml trace.pcap
//
// The manual is package help: Markdown that "actionurl help" prints, that
// "actionurl man FOLDER" writes as man pages, and whose commands a test runs.
//
// # Exit statuses
//
//	0  done
//	1  nothing could be read or written, or rows were lost
//	2  wrong usage, or a profile that cannot be used
//	3  done, but part of the input was damaged, which is reported with its place
//	4  done, and a finding as severe as --fail-on was made; wins over 3
//
// Standard output carries the result and nothing else.
//
// # Releases
//
// A release is a tag of a commit that passed .ci/run. The version is the module's
// where the program was installed by it, else the commit that it was built from.
// "CGO_ENABLED=0 go build -trimpath" gives the same bytes in every folder; .ci/run
// builds for six systems.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	_ "time/tzdata" // for --time, where the system has no zones

	"actionurl/cmd/actionurl/internal/sandbox"
)

// settle is how long after an interrupt another one means the same: a terminal
// and a parent process may both send it. One after that ends the process at
// once, without a summary.
const settle = 100 * time.Millisecond

// maxMemory is how much memory the garbage collector lets the process have before it
// runs for every little that is allocated, in bytes. What is kept of a flood is
// bounded by less (see package decode): this bounds what is left over beside it. With
// the program's own pages the process stays below 256 MiB. GOMEMLIMIT sets another.
const maxMemory = 208 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(maxMemory)
	}
	// A closed pipe is an error of writing, and not the end of the process.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		time.AfterFunc(settle, stop)
	})
	os.Exit(execute(ctx, sandbox.Enter, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
