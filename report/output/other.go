//go:build !unix || solaris || aix

package output

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// hungUp is not known here.
func hungUp(io.Writer) bool { return false }

// lock is not known here, so that nobody knows which runs were killed.
func lock(*os.File) error { return errors.ErrUnsupported }

// removed is not known here: open files are not removed.
func removed(*os.File) bool { return false }

// own is not known here.
func own(fs.FileInfo) bool { return false }

// renamesOpen says that a file can be renamed while it is open.
const renamesOpen = false
