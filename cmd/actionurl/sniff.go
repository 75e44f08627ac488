package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/net/bpf"

	"actionurl/capture"
	"actionurl/capture/filter"
	"actionurl/capture/live"
	"actionurl/cmd/actionurl/internal/metrics"
	"actionurl/cmd/actionurl/internal/rebind"
	"actionurl/cmd/actionurl/internal/run"
	"actionurl/cmd/actionurl/internal/sandbox"
	"actionurl/decode/packet"
	"actionurl/report"
	"actionurl/report/output"
)

// gcPercent is how much the heap may grow, in percent, before it is collected: less
// than Go's 100, as a sensor runs for months beside other programs and makes little
// garbage.
const gcPercent = 50

// A sniff is what the flags of sniff say.
type sniff struct {
	analysis
	interfaces []string
	modest     bool // not promiscuous
	noTunnels  bool
	ringSize   int64
	fanout     int
	duration   time.Duration
	sip        bool
	metrics    string // address to serve them at; empty for none
}

func newSniff(enter shutter) *cobra.Command {
	s := &sniff{analysis: analysis{enter: enter}, ringSize: live.DefaultRingSize}
	cmd := &cobra.Command{
		Use: "sniff [flags] -i INTERFACE",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unexpected argument %q; sniff watches interfaces, each given by -i, and analyze reads captures", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(s.interfaces) == 0 {
				return usage("no interface given; expected -i INTERFACE, or -i any")
			}
			if err := s.finish(cmd); err != nil {
				return err
			}
			return s.watch(cmd.Context())
		},
	}
	s.sniffFlags(cmd)
	return cmd
}

// sniffFlags adds the flags of analyze, and those of live interfaces.
func (s *sniff) sniffFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVarP(&s.interfaces, "interface", "i", nil, "`INTERFACE` to watch, or any for all; repeatable")
	f.DurationVar(&s.duration, "duration", 0, "stop after this `TIME`")
	s.flags(cmd)
	f.BoolVar(&s.modest, "no-promiscuous", false, "do not capture frames that are addressed to others")
	f.BoolVar(&s.noTunnels, "no-tunnels", false, "skip tunnels (GRE, VXLAN, MPLS, PPPoE and others)")
	f.BoolVar(&s.sip, "sip", false, "capture SIP over UDP port 5060 too, to name events by it; rows may wait two seconds for it")
	f.StringVar(&s.metrics, "metrics", "", "serve Prometheus metrics at `ADDRESS`; :9100 means loopback only")
	f.Var(&parsed{parse: s.size}, "ring-size", "give each interface a ring buffer of `SIZE`, such as 256MiB (default 64MiB)")
	f.IntVar(&s.fanout, "fanout", 1, "spread the frames of each interface over `N` ring buffers")
	complete(cmd, "ring-size", []string{"64MiB", "256MiB", "1GiB"})
	complete(cmd, "metrics", []string{":9100"})
}

// finish reads the flags that depend on others.
func (s *sniff) finish(cmd *cobra.Command) error {
	if s.duration < 0 {
		return usage("invalid argument %q for \"--duration\" flag: expected a time above 0, such as 1h", s.duration)
	}
	if s.fanout < 1 || s.fanout > live.MaxFanout {
		return usage("invalid argument \"%d\" for \"--fanout\" flag: expected 1 to %d", s.fanout, live.MaxFanout)
	}
	return s.analysis.finish(cmd)
}

// size reads the value of --ring-size.
func (s *sniff) size(text string) error {
	n, err := output.ParseSize(text)
	if err != nil || n > 1<<30 {
		return errors.New("expected a size such as 256MiB, of 1GiB at most")
	}
	s.ringSize = n
	return nil
}

// watch watches the interfaces.
func (s *sniff) watch(ctx context.Context) error {
	s.keys.live = true
	if err := s.prepare(); err != nil {
		return err
	}
	s.Decode.Prompt = !s.sip
	debug.SetGCPercent(gcPercent)
	source, err := live.Open(live.Config{
		Interfaces:  s.interfaces,
		Promiscuous: !s.modest,
		RingSize:    int(s.ringSize),
		Fanout:      s.fanout,
		Filter:      s.program,
		Changed: func(name string, to live.State) {
			wait := "; waiting for it"
			if to == live.Up {
				wait = ""
			}
			report.Logf(s.messages(), "%s is %v%s", name, to, wait)
		},
	})
	if err != nil {
		return &statusError{statusFailed, cannotCapture(err)}
	}
	defer source.Close()
	stop, err := s.publisher(ctx, true)
	if err != nil {
		return err
	}
	defer stop()
	in := &run.Live{Source: source, Stats: s.named(source.Stats)}
	if s.metrics != "" {
		if in.Metrics, err = openMetrics(s.metrics); err != nil {
			return err
		}
		if s.Publisher != nil {
			in.Metrics.Published(s.Publisher.Counts)
		}
		in.Metrics.Serve(in.Stats)
		defer in.Metrics.Close()
	}
	if s.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.duration)
		defer cancel()
	}
	defer context.AfterFunc(ctx, source.Stop)()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	in.Hangup = hangup
	keep := sandbox.Rights{}
	for _, socket := range source.Sockets() {
		keep.Sockets = append(keep.Sockets, socket.Descriptor)
	}
	if stop, err := rebind.Start(ctx, source.Sockets(), !s.modest); err == nil {
		defer stop()
	} else {
		keep.Bind = true
	}
	s.Ready = func(outputs []string) {
		keep.Write = outputs
		s.enter.shut(s.publication.keep(keep), s.Verbose, s.Stderr)
		report.Logf(s.messages(), "watching %s; Ctrl-C ends it", strings.Join(s.interfaces, ", "))
	}
	s.finishVerdict(s.Stderr, s.interfaces)
	return ended(run.Watch(s.Config, in))
}

// named returns stats with the names of interfaces as they are shown: some systems
// put a MAC address into them.
func (s *sniff) named(stats func() []live.Stats) func() []live.Stats {
	if s.Redact == nil {
		return stats
	}
	return func() []live.Stats {
		all := slices.Clone(stats())
		for i := range all {
			all[i].Interface = s.Redact.Capture(all[i].Interface)
		}
		return all
	}
}

// openMetrics opens the listener for metrics.
func openMetrics(address string) (*metrics.Server, error) {
	m, err := metrics.New(address)
	switch {
	case errors.Is(err, metrics.ErrAddress):
		return nil, usage("invalid argument %q for \"--metrics\" flag: %w", address, err)
	case err != nil:
		return nil, &statusError{statusFailed, err}
	}
	return m, nil
}

// program returns what the kernel runs over each frame.
func (s *sniff) program(link capture.LinkType) ([]bpf.Instruction, error) {
	program := packet.KernelFilter(link, packet.Want{SIP: s.sip, Tunnels: !s.noTunnels, VXLANPort: s.Decode.VXLANPort})
	if s.capture == nil {
		return program, nil
	}
	own, err := s.capture.CompileLive(link)
	if _, ok := errors.AsType[*filter.LinkError](err); ok && slices.Contains(s.interfaces, live.Any) {
		return []bpf.Instruction{bpf.RetConstant{}}, nil // there may be no such interface
	}
	if err != nil {
		return nil, fmt.Errorf("-f: %w", err)
	}
	return filter.And(program, own), nil
}

// cannotCapture says what to do where an interface could not be opened.
func cannotCapture(err error) error {
	switch {
	case errors.Is(err, live.ErrPermission) && runtime.GOOS != "linux":
		return fmt.Errorf("%w; run it as root, with sudo", err)
	case errors.Is(err, live.ErrPermission):
		program, _ := os.Executable()
		return fmt.Errorf("%w; grant it with: sudo setcap cap_net_raw+ep %s", err, program)
	case errors.Is(err, live.ErrUnsupported):
		return fmt.Errorf("%w; pipe from another program instead: tcpdump -U -w - | actionurl analyze -", err)
	}
	return err
}
