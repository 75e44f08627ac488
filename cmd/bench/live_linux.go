package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"actionurl/capture"
	"actionurl/capture/pcapfile"
)

// live sends the requests over a virtual cable in a network namespace of its own,
// to each program in turn and to tcpdump.
func (b *benchmark) live(ctx context.Context) error {
	runtime.LockOSThread() // and never unlocked: the namespace is the thread's
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("-live: no network namespace: %w", err)
	}
	for _, command := range []string{"ip link add bench0 type veth peer name bench1", "ip link set bench0 up", "ip link set bench1 up"} {
		words := strings.Fields(command)
		if out, err := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("-live: %s: %w\n%s", command, err, out)
		}
	}
	file, err := b.capture(measures()[0].workload)
	if err != nil {
		return err
	}
	frames, err := framesOf(file.name)
	if err != nil {
		return err
	}
	receivers := [][]string{{"tcpdump", "-n", "-i", "bench1", "-w", "/dev/null"}}
	for _, program := range b.programs {
		receivers = append(receivers, []string{program, "sniff", "-i", "bench1", "--view", "requests", "--format", "ndjson", "-o", "/dev/null"})
	}
	costs, dropped := make([][]cost, len(receivers)), make([]string, len(receivers))
	var sent time.Duration
	for range b.runs {
		for i, command := range receivers {
			var c cost
			if c, dropped[i], sent, err = received(ctx, command, frames); err != nil {
				return err
			}
			costs[i] = append(costs[i], c)
		}
	}
	fmt.Fprintf(b.out, "\nLive, %d frames in %.2f s:\n\n| receiver | cpu s | ÷ tcpdump | it reports |\n| --- | --- | --- | --- |\n", len(frames), sent.Seconds())
	base := median(costs[0])
	for i, command := range receivers {
		c := median(costs[i])
		fmt.Fprintf(b.out, "| %s | %.2f | %.2f | %s |\n", command[0], c.cpu.Seconds(), ratio(c.cpu, base.cpu), dropped[i])
	}
	return nil
}

// framesOf returns the bytes of a capture's frames.
func framesOf(name string) (all [][]byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := pcapfile.Open(name, f)
	if err != nil {
		return nil, err
	}
	var b capture.Batch
	for {
		if err := r.Next(&b); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		for i := range b.Frames {
			all = append(all, append([]byte(nil), b.Frames[i].Data...))
		}
	}
}

// received runs a command while frames are sent, until it was interrupted. It
// returns what it cost, what it reports of dropped frames, and how long it took to
// send.
func received(ctx context.Context, command []string, frames [][]byte) (c cost, dropped string, sent time.Duration, err error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	messages, err := cmd.StderrPipe()
	if err != nil {
		return c, "", 0, err
	}
	if err := cmd.Start(); err != nil {
		return c, "", 0, err
	}
	lines := bufio.NewScanner(messages)
	said, ready := "", false
	for !ready && lines.Scan() {
		said += "\n" + lines.Text()
		ready = strings.Contains(said, "watching") || strings.Contains(said, "listening on")
	}
	if !ready {
		return c, "", 0, fmt.Errorf("-live: %v captures nothing: %v%s", cmd, cmp.Or(cmd.Wait(), errors.New("it ends")), said)
	}
	began := time.Now()
	err = send(ctx, "bench0", frames)
	sent = time.Since(began)
	time.Sleep(500 * time.Millisecond) // what is on its way
	cmd.Process.Signal(syscall.SIGINT)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "dropped") {
			dropped = lines.Text()
		}
	}
	if err := errors.Join(err, cmd.Wait()); err != nil {
		return c, "", 0, err
	}
	s := cmd.ProcessState
	return cost{cpu: s.UserTime() + s.SystemTime()}, dropped, sent, nil // its peak is that of this process, which has the frames
}

// send sends frames on an interface, as fast as it goes.
func send(ctx context.Context, name string, frames [][]byte) error {
	on, err := net.InterfaceByName(name)
	if err != nil {
		return err
	}
	socket, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	if err := unix.Bind(socket, &unix.SockaddrLinklayer{Ifindex: on.Index}); err != nil {
		return err
	}
	for _, frame := range frames {
		for {
			_, err := unix.Write(socket, frame)
			if err == nil {
				break
			}
			if ctx.Err() != nil || !errors.Is(err, unix.ENOBUFS) && !errors.Is(err, unix.EINTR) {
				return err
			}
			time.Sleep(50 * time.Microsecond) // the queue of the interface is full
		}
	}
	return nil
}
