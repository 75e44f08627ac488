package sandbox

import (
	"errors"
	"strings"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"
)

// Enter takes away all that can be taken, but for reading and writing what is
// in the folders. Each step is tried, whatever became of the one before.
func Enter(folders []string) []Step {
	return []Step{
		{"use capabilities", cap.NewSet().SetProc()},
		{"gain privileges", noNewPrivileges()},
		{"open files" + butFor(folders), restrictFiles(folders)},
		{"run programs, look into processes, open sockets and connect", restrictCalls()},
	}
}

func butFor(folders []string) string {
	if len(folders) == 0 {
		return ""
	}
	return " but in " + strings.Join(folders, ", ")
}

func noNewPrivileges() error {
	_, err := cap.Prctlw(unix.PR_SET_NO_NEW_PRIVS, 1)
	return err
}

func restrictFiles(folders []string) error {
	if abi, err := ll.LandlockGetABIVersion(); err != nil || abi < 1 {
		return errors.New("the kernel has no Landlock")
	}
	return landlock.V11.BestEffort().Restrict(landlock.RWDirs(folders...))
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
