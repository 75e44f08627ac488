//go:build unix && !solaris && !aix

package output

import (
	"io"
	"io/fs"
	"os"
	"syscall"

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

// lock locks a file until it is closed, or the process ends. It returns
// errLocked if another process has.
func lock(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == unix.EWOULDBLOCK {
		return errLocked
	}
	return err
}

// removed reports whether an open file has no name any more.
func removed(f *os.File) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	of, ok := info.Sys().(*syscall.Stat_t)
	return ok && of.Nlink == 0
}

// own reports whether a file is this user's, and has one name only.
func own(info fs.FileInfo) bool {
	of, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(of.Uid) == os.Geteuid() && of.Nlink == 1
}

// renamesOpen says that a file can be renamed while it is open.
const renamesOpen = true
