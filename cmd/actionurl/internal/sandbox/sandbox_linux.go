package sandbox

import (
	"fmt"
	"os"
	"strings"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"
)

// Enter takes away all that can be taken, but for reading and writing what is
// in paths: folders with all that is in them, and files. Each step is tried,
// whatever became of the one before.
func Enter(paths []string) []Step {
	return []Step{
		{"use capabilities", cap.NewSet().SetProc()},
		{"gain privileges", noNewPrivileges()},
		{"open files" + butFor(paths), restrictFiles(paths)},
		{"run programs, look into processes, open sockets and connect", restrictCalls()},
	}
}

func butFor(paths []string) string {
	if len(paths) == 0 {
		return ""
	}
	return " but for " + strings.Join(paths, ", ")
}

func noNewPrivileges() error {
	_, err := cap.Prctlw(unix.PR_SET_NO_NEW_PRIVS, 1)
	return err
}

func restrictFiles(paths []string) error {
	if abi, err := ll.LandlockGetABIVersion(); err != nil || abi < 1 {
		return fmt.Errorf("the kernel has no Landlock")
	}
	var folders, files []string
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			folders = append(folders, path)
		} else {
			files = append(files, path)
		}
	}
	return landlock.V11.BestEffort().Restrict(
		landlock.RWDirs(folders...),
		landlock.RWFiles(files...).IgnoreIfMissing(),
	)
}

// restrictCalls forbids system calls by name, and not all but some: which ones
// Go's runtime uses changes with its versions.
func restrictCalls() error {
	return seccomp.LoadFilter(seccomp.Filter{
		NoNewPrivs: true,
		Flag:       seccomp.FilterFlagTSync, // all threads
		Policy: seccomp.Policy{
			DefaultAction: seccomp.ActionAllow,
			Syscalls: []seccomp.SyscallGroup{{
				Action: seccomp.ActionErrno,
				Names: []string{
					"execve", "execveat",
					"ptrace", "process_vm_readv", "process_vm_writev",
					"socket", "socketpair", "connect", "sendto", "sendmsg", "sendmmsg",
					"io_uring_setup", // does all of these on its own
					"bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key",
					"mount", "unshare", "setns",
				},
			}},
		},
	})
}
