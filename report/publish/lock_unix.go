//go:build unix && !solaris && !aix

package publish

import (
	"os"

	"golang.org/x/sys/unix"
)

// lock locks a file until it is closed, or the process ends.
func lock(f *os.File) error {
	if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		return errLocked
	}
	return nil
}
