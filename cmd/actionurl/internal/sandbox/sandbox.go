// Package sandbox drops, for the rest of the process's life, the rights that
// it does not need once its inputs and outputs are open. Whoever takes over the
// process with a hostile frame or file then finds little to do.
//
//  1. Root's supplementary groups and all capabilities are dropped, on all threads.
//  2. No program can gain privileges (no_new_privs).
//  3. No file can be opened except inputs and outputs (Landlock).
//  4. Programs, other processes, sockets and the owners, modes and times of
//     files are out of reach (seccomp).
//
// Each step is tried whether or not the one before it succeeded. On systems
// other than Linux there are none.
//
// # Limits
//
// The ports that may be connected to are limited by kernels of which Landlock
// knows the network (6.7); before, TCP reaches every port. Landlock knows folders, so that all files in an output's folder can be
// written, removed and renamed. A live run has the same right for the folder that
// one is in, so that it can use one that is made anew: unless that is the root, the
// home folder, or above the working folder. Metadata of any file can be read. A descriptor
// that is open stays usable.
package sandbox

import (
	"fmt"
	"strings"
)

// Rights are what the process keeps.
type Rights struct {
	Read    []string // files, and folders with all that is below, which may be opened for reading
	Write   []string // folders in which files and folders may be made, and files written, renamed and removed
	Sockets []int    // packet sockets, which may be read, and not written or set up anew
	Bind    bool     // sockets may be bound, and packet sockets set up anew
	Connect []uint16 // ports that TCP sockets may be opened and connected to
}

// String lists the rights.
func (r Rights) String() string {
	all := []string{"use what is open"}
	if len(r.Read) > 0 {
		all = append(all, "read the inputs")
	}
	if len(r.Write) > 0 {
		all = append(all, "write to "+strings.Join(r.Write, ", "))
	}
	if r.Bind {
		all = append(all, "bind sockets")
	}
	if len(r.Connect) > 0 {
		all = append(all, fmt.Sprintf("connect to TCP ports %v", r.Connect))
	}
	return strings.Join(all, ", ")
}

// A Step is one kind of right, and whether it was given up.
type Step struct {
	Right string // what the process could do, such as "open files"
	Err   error  // why it still can; nil if it cannot
}
