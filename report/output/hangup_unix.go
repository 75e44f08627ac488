//go:build unix

package output

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// hungUp reports whether nobody reads any more what is written to w, a pipe.
func hungUp(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	polls := []unix.PollFd{{Fd: int32(f.Fd())}}
	n, err := unix.Poll(polls, 0)
	return err == nil && n > 0 && polls[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0
}
