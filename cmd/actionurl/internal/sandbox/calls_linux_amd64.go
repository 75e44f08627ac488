package sandbox

import "golang.org/x/sys/unix"

const arch = unix.AUDIT_ARCH_X86_64

// olderCalls are refused, too: later architectures do not have them.
var olderCalls = [...]uint32{
	unix.SYS_FORK, unix.SYS_VFORK, unix.SYS_DUP2,
	unix.SYS_CHMOD, unix.SYS_CHOWN, unix.SYS_LCHOWN, unix.SYS_UTIME, unix.SYS_UTIMES, unix.SYS_FUTIMESAT,
}
