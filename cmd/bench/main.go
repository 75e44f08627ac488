// Command bench measures what the program costs: processor time, memory, and how
// it grows with what is open at a time.
//
//		go build -o /tmp/actionurl ./cmd/actionurl
//		go run ./cmd/bench /tmp/actionurl [OTHER-BUILD]
//
//	 1. It makes the captures of the workloads in a folder, unless they are there
//	    (workload.go). They are the same each time.
//	 2. It runs the program over each, in turns with the other build, and takes the
//	    medians: of processor seconds of both threads, as machines are shared.
//	 3. As root on Linux, with -live, it sends a capture over a virtual cable to the
//	    program, and to tcpdump (live_linux.go).
//
// It prints tables in Markdown, with the machine that it ran on.
package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := bench(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// A benchmark is one run of the command.
type benchmark struct {
	programs []string
	dir      string
	runs     int
	scale    float64
	out      io.Writer
	log      io.Writer
}

func bench(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	b := benchmark{out: stdout, log: stderr}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: bench [flags] PROGRAM [OTHER-BUILD]")
		flags.PrintDefaults()
	}
	flags.StringVar(&b.dir, "dir", filepath.Join(os.TempDir(), "actionurl-bench"), "`folder` of the captures, which stay there; 5 GB at -scale 1")
	flags.IntVar(&b.runs, "runs", 3, "runs of each program")
	flags.Float64Var(&b.scale, "scale", 0.1, "size of the workloads; 1 is a million requests, calls or connections")
	only := flags.String("only", "", "measure only the `workloads` whose names begin so")
	live := flags.Bool("live", false, "measure a live capture, too: as root on Linux, with ip and tcpdump")
	if err := flags.Parse(args); err != nil {
		return flag.ErrHelp
	}
	if flags.NArg() < 1 || flags.NArg() > 2 || b.runs < 1 || b.scale <= 0 || b.scale > 1 {
		flags.Usage()
		return flag.ErrHelp
	}
	b.programs = flags.Args()
	if *live {
		for _, needed := range []string{"ip", "tcpdump"} {
			if _, err := exec.LookPath(needed); err != nil {
				return fmt.Errorf("-live: %w", err)
			}
		}
	}
	if err := os.MkdirAll(b.dir, 0o777); err != nil {
		return err
	}
	fmt.Fprintf(b.out, "%s; medians of %d runs, scale %g\n", machine(), b.runs, b.scale)
	if err := b.files(ctx, *only); err != nil || !*live {
		return err
	}
	return b.live(ctx)
}

// machine names the machine and the system.
func machine() string {
	model := runtime.GOARCH
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if name, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d processors, %s, %s", model, runtime.NumCPU(), runtime.GOOS, time.Now().UTC().Format(time.DateOnly))
}

// A cost is what one run takes.
type cost struct {
	cpu, wall time.Duration
	peak      int64 // bytes; 0 where the system does not say
}

// errUsage is the error for what a build of the program does not know.
var errUsage = errors.New("is not known to the program")

// run runs a program and returns its cost.
func run(ctx context.Context, program string, args ...string) (cost, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var messages strings.Builder
	cmd.Stderr = &messages
	began := time.Now()
	err := cmd.Run()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok && failed.ExitCode() == 2 {
		return cost{}, errUsage
	}
	if err != nil {
		return cost{}, fmt.Errorf("%v: %w\n%s", cmd, err, messages.String())
	}
	s := cmd.ProcessState
	return cost{s.UserTime() + s.SystemTime(), time.Since(began), peak(s)}, nil
}

// median returns the median of each column.
func median(costs []cost) cost {
	middle := func(less func(a, b cost) int) cost {
		slices.SortFunc(costs, less)
		return costs[len(costs)/2]
	}
	return cost{
		middle(func(a, b cost) int { return cmp.Compare(a.cpu, b.cpu) }).cpu,
		middle(func(a, b cost) int { return cmp.Compare(a.wall, b.wall) }).wall,
		middle(func(a, b cost) int { return cmp.Compare(a.peak, b.peak) }).peak,
	}
}

// files measures the programs over the captures of the workloads.
func (b *benchmark) files(ctx context.Context, only string) error {
	fmt.Fprint(b.out, "\n| measured | cpu s | wall s | peak MiB | ns a frame |")
	rule := "\n| --- | --- | --- | --- | --- |"
	if len(b.programs) > 1 {
		fmt.Fprint(b.out, " cpu ÷ other | wall ÷ other |")
		rule += " --- | --- |"
	}
	fmt.Fprintln(b.out, rule)
	all := map[string]cost{}
	for _, m := range measures() {
		if !strings.HasPrefix(m.name, only) {
			continue
		}
		capture, err := b.capture(m.workload)
		if err != nil {
			return err
		}
		costs, err := b.measure(ctx, append(append([]string{"analyze"}, m.args...), capture.name))
		if errors.Is(err, errUsage) {
			fmt.Fprintf(b.log, "%s %v\n", m.name, err)
			continue
		}
		if err != nil {
			return err
		}
		c := median(costs[0])
		all[m.name] = c
		fmt.Fprintf(b.out, "| %s | %.2f | %.2f | %d | %d |", m.name, c.cpu.Seconds(), c.wall.Seconds(), c.peak>>20, int(c.cpu)/capture.frames)
		if len(b.programs) > 1 {
			other := median(costs[1])
			fmt.Fprintf(b.out, " %.2f | %.2f |", ratio(c.cpu, other.cpu), ratio(c.wall, other.wall))
		}
		fmt.Fprintln(b.out)
	}
	fmt.Fprintln(b.out)
	for _, m := range measures() {
		if base, ok := all[m.base]; ok && all[m.name] != (cost{}) {
			fmt.Fprintf(b.out, "- %s ÷ %s: %.2f\n", m.name, m.base, ratio(all[m.name].cpu, base.cpu))
		}
	}
	if few, many := perSegment(all, fewOpen), perSegment(all, manyOpen); few > 0 && many > 0 {
		fmt.Fprintf(b.out, "- a segment of many connections ÷ of few: %.2f\n", many/few)
	}
	return nil
}

// measure runs the programs in turns, and returns what each run cost.
func (b *benchmark) measure(ctx context.Context, args []string) (costs [][]cost, err error) {
	costs = make([][]cost, len(b.programs))
	for range b.runs {
		for i, program := range b.programs {
			c, err := run(ctx, program, args...)
			if err != nil {
				return nil, err
			}
			costs[i] = append(costs[i], c)
		}
	}
	return costs, nil
}

// perSegment returns what the segments cost that follow when a workload's
// connections are open.
func perSegment(all map[string]cost, open string) float64 {
	return float64(all[open+", segments"].cpu - all[open].cpu)
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(max(b, 1)) }

// A made is a capture file that was made.
type made struct {
	name   string
	frames int
}

// capture returns the capture of a workload. It is made unless it is there.
func (b *benchmark) capture(w workload) (made, error) {
	file := fmt.Sprintf("%s-%g.pcapng", w.name, b.scale)
	m := made{filepath.Join(b.dir, file), 0}
	if data, err := os.ReadFile(m.name + ".frames"); err == nil {
		_, there := os.Stat(m.name)
		if _, err := fmt.Sscan(string(data), &m.frames); err == nil && there == nil {
			return m, nil
		}
	}
	fmt.Fprintln(b.log, "making", m.name)
	f, err := os.Create(m.name)
	if err != nil {
		return m, err
	}
	m.frames, err = w.write(f, b.scale)
	if err := errors.Join(err, f.Close()); err != nil {
		return m, err
	}
	return m, os.WriteFile(m.name+".frames", []byte(fmt.Sprintln(m.frames)), 0o666)
}
