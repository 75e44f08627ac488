// Package rebind keeps the sockets of sniff bound: where an interface is removed
// and is there again, its socket has to be bound anew, and the process that decodes
// frames has no right to. Another process does it.
package rebind

import (
	"context"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"actionurl/capture/live"
	"actionurl/cmd/actionurl/internal/sandbox"
)

// inherited is the first descriptor that a process gets beyond its standard ones.
const inherited = 3

// Start starts a process that binds the sockets again when an interface was
// removed and is there again: the one that decodes frames must not. It ends with
// this one, or when stop is called.
func Start(ctx context.Context, sockets []live.Socket, promiscuous bool) (stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), self, "keep-bound")
	if promiscuous {
		cmd.Args = append(cmd.Args, "--promiscuous")
	}
	for _, s := range sockets {
		if s.Interface == live.Any {
			continue
		}
		fd, err := unix.FcntlInt(uintptr(s.Descriptor), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		file := os.NewFile(uintptr(fd), s.Interface)
		defer file.Close()
		cmd.Args = append(cmd.Args, s.Interface)
		cmd.ExtraFiles = append(cmd.ExtraFiles, file)
	}
	if len(cmd.ExtraFiles) == 0 {
		return func() {}, nil
	}
	end, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func() {
		end.Close()
		cmd.Wait()
	}, nil
}

// Commands are those that the program runs itself.
func Commands() []*cobra.Command { return []*cobra.Command{newKeepBound()} }

// newKeepBound returns the command that Start runs.
func newKeepBound() *cobra.Command {
	var promiscuous bool
	cmd := &cobra.Command{
		Use:    "keep-bound INTERFACE...",
		Short:  "Bind the sockets of sniff again",
		Hidden: true,
		RunE: func(cmd *cobra.Command, interfaces []string) error {
			signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP) // it ends with sniff
			var sockets []live.Socket
			for i, name := range interfaces {
				sockets = append(sockets, live.Socket{Interface: name, Descriptor: inherited + i})
			}
			keep := sandbox.Rights{Bind: true}
			for _, s := range sockets {
				keep.Sockets = append(keep.Sockets, s.Descriptor)
			}
			sandbox.Enter(keep)
			done := make(chan struct{})
			go func() {
				io.Copy(io.Discard, cmd.InOrStdin())
				close(done)
			}()
			return live.KeepBound(sockets, promiscuous, done)
		},
	}
	cmd.Flags().BoolVar(&promiscuous, "promiscuous", false, "take the frames that are addressed to others, too")
	return cmd
}
