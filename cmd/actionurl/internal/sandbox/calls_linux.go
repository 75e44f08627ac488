//go:build linux && (amd64 || arm64)

package sandbox

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// refused are the system calls that always fail. It is a list of the harmful
// ones, as those that Go's runtime needs change with its versions. What needs a
// capability, and only that, is left out.
var refused = [...]uint32{
	// Other programs and processes.
	unix.SYS_EXECVE, unix.SYS_EXECVEAT,
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PROCESS_MADVISE, unix.SYS_KCMP,
	unix.SYS_TKILL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO, unix.SYS_PIDFD_SEND_SIGNAL, unix.SYS_PIDFD_GETFD,
	unix.SYS_SETPRIORITY, unix.SYS_IOPRIO_SET, unix.SYS_MIGRATE_PAGES, unix.SYS_MOVE_PAGES,
	unix.SYS_SCHED_SETAFFINITY, unix.SYS_SCHED_SETATTR, unix.SYS_SCHED_SETPARAM, unix.SYS_SCHED_SETSCHEDULER,
	unix.SYS_SHMGET, unix.SYS_SHMAT, unix.SYS_SHMCTL, unix.SYS_MSGGET, unix.SYS_MSGSND, unix.SYS_MSGRCV, unix.SYS_MSGCTL,
	unix.SYS_SEMGET, unix.SYS_SEMOP, unix.SYS_SEMTIMEDOP, unix.SYS_SEMCTL, unix.SYS_MQ_OPEN, unix.SYS_MQ_UNLINK,

	// The network. A listener that is open goes on to accept.
	unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_LISTEN, unix.SYS_SENDTO, unix.SYS_SENDMSG, unix.SYS_SENDMMSG,

	// Ways to write to a descriptor, or to another number of it, around the
	// rules for packet sockets.
	unix.SYS_DUP, unix.SYS_DUP3, unix.SYS_SENDFILE, unix.SYS_SPLICE, unix.SYS_TEE, unix.SYS_VMSPLICE,
	unix.SYS_IO_SETUP, unix.SYS_IO_SUBMIT, unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,

	// What Landlock does not know of files.
	unix.SYS_FCHMOD, unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2, unix.SYS_FCHOWN, unix.SYS_FCHOWNAT, unix.SYS_UTIMENSAT,
	unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_FSETXATTR, unix.SYS_SETXATTRAT,
	unix.SYS_REMOVEXATTR, unix.SYS_LREMOVEXATTR, unix.SYS_FREMOVEXATTR, unix.SYS_REMOVEXATTRAT, unix.SYS_FILE_SETATTR,

	// The kernel.
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY,
	unix.SYS_FANOTIFY_INIT, unix.SYS_PERSONALITY,
	unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT,
	unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE, unix.SYS_OPEN_TREE_ATTR, unix.SYS_MOUNT_SETATTR,
	unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK,
}

// frameCalls send frames where the descriptor is a packet socket.
var frameCalls = [...]uint32{
	unix.SYS_WRITE, unix.SYS_WRITEV, unix.SYS_PWRITE64, unix.SYS_PWRITEV, unix.SYS_PWRITEV2,
}

// requests are those of ioctl(2) that do not fail: they ask for the size and
// the mode of a terminal, and how an interface is. TIOCSTI, for one, types
// into the shell from which the process was started.
var requests = [...]uint32{
	unix.TCGETS, unix.TCSETS, unix.TIOCGWINSZ,
	unix.SIOCGIFNAME, unix.SIOCGIFINDEX, unix.SIOCGIFFLAGS, unix.SIOCGIFHWADDR,
}

// descriptorCommands are those of fcntl(2) that fail: for another number of a
// descriptor, and to have signals sent to another process.
var descriptorCommands = [...]uint32{
	unix.F_DUPFD, unix.F_DUPFD_CLOEXEC, unix.F_SETOWN, unix.F_SETOWN_EX, unix.F_SETSIG, unix.F_NOTIFY,
}

// Actions of seccomp(2).
var (
	allow   = bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW}
	refuse  = bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)}
	unknown = bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)}
)

// Offsets in struct seccomp_data. Of an argument it is the lower half, which is
// all that the kernel reads of a descriptor, a command or a process.
const (
	offNumber = 0
	offArch   = 4
	offArgs   = 16
)

func load(offset uint32) bpf.Instruction { return bpf.LoadAbsolute{Off: offset, Size: 4} }

func argument(i uint32) bpf.Instruction { return load(offArgs + 8*i) }

// when runs the instructions where what was loaded has a value.
func when(value uint32, then ...bpf.Instruction) []bpf.Instruction {
	return append([]bpf.Instruction{bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: value, SkipTrue: uint8(len(then))}}, then...)
}

// whenAny ends with an action where what was loaded is one of the values.
func whenAny(values []uint32, end bpf.Instruction) []bpf.Instruction {
	var p []bpf.Instruction
	for _, v := range values {
		p = append(p, when(v, end)...)
	}
	return p
}

// program returns what the kernel runs before each system call.
func program(keep Rights) []bpf.Instruction {
	p := []bpf.Instruction{
		// The numbers below are of one architecture (int 0x80 has others, and
		// so have the calls of x32, with bit 30).
		load(offArch), bpf.JumpIf{Cond: bpf.JumpEqual, Val: arch, SkipTrue: 1}, refuse,
		load(offNumber), bpf.JumpIf{Cond: bpf.JumpLessThan, Val: 1 << 30, SkipTrue: 1}, refuse,
	}
	if len(keep.Sockets) > 0 {
		var packet []uint32
		for _, fd := range keep.Sockets {
			packet = append(packet, uint32(fd))
		}
		check := append(whenAny(packet, refuse), allow)
		calls := frameCalls[:]
		if !keep.Bind {
			calls = append(calls, unix.SYS_SETSOCKOPT)
		}
		for _, number := range calls {
			p = append(p, when(number, append([]bpf.Instruction{argument(0)}, check...)...)...)
		}
	}
	if len(keep.Connect) > 0 {
		p = append(p, tcp()...)
	}
	p = append(p, whenAny(refused[:], refuse)...)
	p = append(p, whenAny(olderCalls[:], refuse)...)
	if !keep.Bind {
		p = append(p, when(unix.SYS_BIND, refuse)...)
	}

	p = append(p, when(unix.SYS_IOCTL, append(append([]bpf.Instruction{argument(1)}, whenAny(requests[:], allow)...), refuse)...)...)
	p = append(p, when(unix.SYS_FCNTL, append(append([]bpf.Instruction{argument(1)}, whenAny(descriptorCommands[:], refuse)...), allow)...)...)

	// The runtime starts threads, and signals its own. C libraries try clone3
	// first, of which the flags cannot be seen.
	p = append(p, when(unix.SYS_CLONE, argument(0), bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: unix.CLONE_THREAD, SkipTrue: 1}, refuse, allow)...)
	p = append(p, when(unix.SYS_CLONE3, unknown)...)
	self := bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(os.Getpid()), SkipTrue: 1}
	p = append(p, when(unix.SYS_TGKILL, argument(0), self, refuse, allow)...)
	// Ctrl-Z, which a screen gets as a key, stops all that the shell began with it.
	self.SkipTrue = 5
	p = append(p, when(unix.SYS_KILL, argument(0), self, bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0, SkipTrue: 1}, refuse,
		argument(1), bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(unix.SIGTSTP), SkipTrue: 1}, refuse, allow)...)
	p = append(p, when(unix.SYS_PRLIMIT64, argument(0), bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0, SkipTrue: 1}, refuse, allow)...)
	return append(p, allow)
}

// tcp lets TCP sockets be opened and connected. Which ports is up to Landlock:
// an address is in memory, which the kernel does not look at here. Landlock knows TCP
// alone, and no other protocol of streams, such as MPTCP, SCTP and SMC.
func tcp() []bpf.Instruction {
	const kind = 0xf // of a socket, beside flags
	p := when(unix.SYS_SOCKET,
		argument(0), bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AF_INET, SkipTrue: 2}, bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AF_INET6, SkipTrue: 1}, refuse,
		argument(1), bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: kind}, bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.SOCK_STREAM, SkipTrue: 1}, refuse,
		argument(2), bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0, SkipTrue: 2}, bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.IPPROTO_TCP, SkipTrue: 1}, refuse,
		allow)
	return append(p, when(unix.SYS_CONNECT, allow)...)
}

// restrictCalls lets the kernel run the program, on all threads.
func restrictCalls(keep Rights) error {
	raw, err := bpf.Assemble(program(keep))
	if err != nil {
		return err
	}
	filter := make([]unix.SockFilter, len(raw))
	for i, in := range raw {
		filter[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	run := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&run)))
	switch {
	case errno != 0:
		return errno
	case thread != 0:
		return fmt.Errorf("thread %d has a filter of its own", thread)
	}
	return nil
}
