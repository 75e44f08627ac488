package sandbox

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// inside is set for the process that enters the sandbox, to the folder that it
// may write in. The folder "in" and the file "input" beside it are its inputs.
const inside = "ACTIONURL_TEST_SANDBOX"

// connecting is set for the process that may connect to a port, to that, or for the one
// that may bind packet sockets, to bind.
const (
	connecting = "ACTIONURL_TEST_PORT"
	bind       = "bind"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(inside); dir != "" {
		if err := try(dir); err != nil {
			fmt.Println(err)
		}
		return
	}
	os.Exit(m.Run())
}

// An attempt is a thing to do in the sandbox.
type attempt struct {
	name string
	want string // "denied" or "done"
	do   func() error
}

// try enters the sandbox and prints what goes on in it otherwise than wanted,
// on a thread that was there before and on its own.
func try(dir string) error {
	all, keep, err := attempts(dir)
	switch port := os.Getenv(connecting); {
	case err != nil:
	case port == bind:
		all, keep, err = bindings()
	case port != "":
		all, keep, err = connections(port)
	}
	if err != nil {
		return err
	}
	thread, enter, done := make(chan struct{}), make(chan struct{}), sync.WaitGroup{}
	done.Go(func() {
		runtime.LockOSThread()
		thread <- struct{}{}
		<-enter
		run("thread", all)
	})
	<-thread
	for _, step := range Enter(keep) {
		fmt.Printf("%s: %v\n", step.Right, step.Err)
	}
	close(enter)
	done.Wait()
	run("caller", all)
	fmt.Println("tried", len(all))
	return nil
}

func run(who string, all []attempt) {
	for _, a := range all {
		got := "done"
		if err := a.do(); errors.Is(err, os.ErrPermission) {
			got = "denied"
		} else if err != nil {
			got = err.Error()
		}
		if got != a.want {
			fmt.Printf("%s: %s: %s, want %s\n", who, a.name, got, a.want)
		}
	}
}

// attempts prepares what is to be tried.
func attempts(dir string) ([]attempt, Rights, error) {
	keep := Rights{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, keep, err
	}
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		return nil, keep, err
	}
	packets, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, keep, err
	}
	if err := unix.Bind(packets, &unix.SockaddrLinklayer{Protocol: unix.ETH_P_ALL << 8, Ifindex: lo.Index}); err != nil {
		return nil, keep, err
	}
	var (
		outside = filepath.Dir(dir)
		input   = filepath.Join(outside, "input")
		folder  = filepath.Join(outside, "in")
		output  = filepath.Join(dir, "x")
		kept    = filepath.Join(dir, "kept")
		frame   = make([]byte, 60)
	)
	victim := exec.Command("sleep", "60")
	if err := victim.Start(); err != nil {
		return nil, keep, err
	}
	process := victim.Process.Pid
	if err := os.WriteFile(kept, nil, 0o666); err != nil {
		return nil, keep, err
	}
	open, err := os.Open(input)
	if err != nil {
		return nil, keep, err
	}
	keep = Rights{Read: []string{input, folder}, Write: []string{dir}, Sockets: []int{packets}}
	result := func(_ any, err error) error { return err }
	call := func(number uintptr, a ...uintptr) func() error {
		a = append(a, make([]uintptr, 6-len(a))...)
		return func() error {
			if _, _, errno := unix.RawSyscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]); errno != 0 {
				return errno
			}
			return nil
		}
	}
	all := []attempt{
		{"read elsewhere", "denied", func() error { return result(os.ReadFile("/etc/hostname")) }},
		{"list elsewhere", "denied", func() error { return result(os.ReadDir("/etc")) }},
		{"write elsewhere", "denied", func() error { return os.WriteFile(filepath.Join(outside, "x"), nil, 0o666) }},
		{"read input", "done", func() error { return result(os.ReadFile(input)) }},
		{"write input", "denied", func() error { return os.WriteFile(input, nil, 0o666) }},
		{"remove input", "denied", func() error { return os.Remove(input) }},
		{"read in input folder", "done", func() error { return result(os.ReadFile(filepath.Join(folder, "file"))) }},
		{"list input folder", "done", func() error { return result(os.ReadDir(folder)) }},
		{"write in input folder", "denied", func() error { return os.WriteFile(filepath.Join(folder, "x"), nil, 0o666) }},
		{"write output", "done", func() error { return os.WriteFile(output, nil, 0o666) }},
		{"list outputs", "done", func() error { return result(os.ReadDir(dir)) }},
		{"rename output", "done", func() error { return os.Rename(output, filepath.Join(dir, "y")) }},
		{"rename output to elsewhere", "denied", func() error {
			// Between folders it is EXDEV where there is no right to it.
			if err := os.Rename(filepath.Join(dir, "y"), filepath.Join(outside, "y")); !errors.Is(err, unix.EXDEV) {
				return err
			}
			return os.ErrPermission
		}},
		{"rename elsewhere", "denied", func() error { return os.Rename(input, filepath.Join(outside, "z")) }},
		{"remove output", "done", func() error { return os.Remove(filepath.Join(dir, "y")) }},
		{"make folder", "done", func() error { return os.MkdirAll(filepath.Join(dir, "folder"), 0o777) }},
		{"make symbolic link", "denied", func() error { return os.Symlink("/etc/passwd", filepath.Join(dir, "link")) }},
		{"make link to elsewhere", "denied", func() error {
			if err := os.Link(input, filepath.Join(dir, "link")); !errors.Is(err, unix.EXDEV) {
				return err
			}
			return os.ErrPermission
		}},
		{"make link of output elsewhere", "denied", func() error {
			if err := os.Link(kept, filepath.Join(outside, "link")); !errors.Is(err, unix.EXDEV) {
				return err
			}
			return os.ErrPermission
		}},
		{"exchange output with input", "denied", func() error {
			if err := unix.Renameat2(unix.AT_FDCWD, kept, unix.AT_FDCWD, input, unix.RENAME_EXCHANGE); !errors.Is(err, unix.EXDEV) {
				return err
			}
			return os.ErrPermission
		}},
		{"cut input off", "denied", func() error { return os.Truncate(input, 0) }},
		{"make device", "denied", func() error { return unix.Mknod(filepath.Join(dir, "device"), unix.S_IFBLK|0o666, 1<<8) }},
		{"make socket", "denied", func() error { return unix.Mknod(filepath.Join(dir, "socket"), unix.S_IFSOCK|0o666, 0) }},
		{"open by handle", "denied", func() error {
			handle, mount, err := unix.NameToHandleAt(unix.AT_FDCWD, dir, 0)
			if err != nil {
				return os.ErrPermission // not on this file system
			}
			_ = mount
			return result(unix.OpenByHandleAt(int(open.Fd()), handle, unix.O_RDONLY))
		}},
		{"write own memory", "denied", func() error { return result(os.OpenFile("/proc/self/mem", os.O_RDWR, 0)) }},
		{"make pipe", "denied", func() error { return unix.Mkfifo(filepath.Join(dir, "pipe"), 0o666) }},

		{"change mode", "denied", func() error { return os.Chmod(input, 0o600) }},
		{"change mode of open file", "denied", func() error { return open.Chmod(0o600) }},
		{"change mode, later call", "denied", func() error { return unix.Fchmodat(unix.AT_FDCWD, input, 0o600, unix.AT_SYMLINK_NOFOLLOW) }},
		{"change owner", "denied", func() error { return os.Chown(input, 0, 0) }},
		{"change owner of link", "denied", func() error { return os.Lchown(input, 0, 0) }},
		{"change owner of open file", "denied", func() error { return open.Chown(0, 0) }},
		{"change times", "denied", func() error { return unix.Utimes(input, make([]unix.Timeval, 2)) }},
		{"change times, in ns", "denied", func() error { return unix.UtimesNano(input, make([]unix.Timespec, 2)) }},
		{"change times of open file", "denied", call(unix.SYS_UTIMENSAT, open.Fd(), 0, 0, 0)},
		{"change mode of output", "denied", func() error { return os.Chmod(kept, 0o666) }},
		{"make output a program of its owner", "denied", func() error { return os.Chmod(kept, 0o4755) }},
		{"change attributes of open file", "denied", func() error { return unix.Fsetxattr(int(open.Fd()), "user.x", nil, 0) }},
		{"change attributes of link", "denied", func() error { return unix.Lsetxattr(input, "user.x", nil, 0) }},
		{"remove attributes", "denied", func() error { return unix.Removexattr(input, "user.x") }},
		{"change attributes", "denied", func() error { return unix.Setxattr(input, "user.x", nil, 0) }},
		{"change flags", "denied", func() error { return unix.IoctlSetPointerInt(int(open.Fd()), unix.FS_IOC_SETFLAGS, 0) }},

		{"get capabilities back", "denied", func() error {
			header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
			sets := [2]unix.CapUserData{{Effective: 1 << unix.CAP_NET_RAW, Permitted: 1 << unix.CAP_NET_RAW}}
			return unix.Capset(&header, &sets[0])
		}},
		{"get groups back", "denied", func() error { return syscall.Setgroups([]int{0, 6}) }},
		{"become another", "denied", func() error { return unix.Setresuid(1, 1, 1) }},
		{"leave the sandbox's root", "denied", func() error { return unix.Chroot("/") }},
		{"run program from memory", "denied", func() error {
			fd, err := unix.MemfdCreate("x", 0)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			empty, _ := unix.BytePtrFromString("")
			_, _, errno := unix.RawSyscall6(unix.SYS_EXECVEAT, uintptr(fd), uintptr(unsafe.Pointer(empty)), 0, 0, unix.AT_EMPTY_PATH, 0)
			return errno
		}},
		{"run program", "denied", func() error { return exec.Command(os.Args[0]).Run() }},
		{"fork", "denied", func() error {
			pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
			switch {
			case errno != 0:
				return errno
			case pid == 0:
				unix.RawSyscall(unix.SYS_EXIT, 0, 0, 0)
			}
			return nil
		}},
		{"trace process", "denied", func() error { return unix.PtraceAttach(process) }},
		{"signal process", "denied", func() error { return unix.Kill(process, 0) }},
		{"signal all processes", "denied", func() error { return unix.Kill(-1, 0) }},
		{"signal process group", "denied", func() error { return unix.Kill(0, unix.SIGCONT) }},
		{"signal thread of process", "denied", func() error { return unix.Tgkill(process, process, 0) }},
		{"signal process by descriptor", "denied", call(unix.SYS_PIDFD_SEND_SIGNAL)},
		{"signal itself", "done", func() error { return unix.Kill(os.Getpid(), 0) }},
		{"limit process", "denied", func() error { return unix.Prlimit(process, unix.RLIMIT_NOFILE, nil, &unix.Rlimit{}) }},
		{"slow process down", "denied", func() error { return unix.Setpriority(unix.PRIO_PROCESS, process, 19) }},
		{"type into terminal", "denied", func() error { return unix.IoctlSetPointerInt(0, unix.TIOCSTI, 'x') }},
		{"type into terminal, upper half of the command set", "denied", call(unix.SYS_IOCTL, 0, unix.TIOCSTI|1<<32, uintptr(unsafe.Pointer(&frame[0])))},
		{"start thread", "done", func() error {
			started := make(chan struct{})
			go func() { runtime.LockOSThread(); close(started) }() // ends with its thread
			<-started
			return nil
		}},

		{"connect", "denied", func() error { return result(net.Dial("tcp", listener.Addr().String())) }},
		{"open socket", "denied", func() error { return result(unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)) }},
		{"open packet socket", "denied", func() error { return result(unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)) }},
		{"open Unix sockets", "denied", func() error { return result(unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)) }},
		{"send frame", "denied", func() error { return unix.Sendto(packets, frame, 0, &unix.SockaddrLinklayer{Ifindex: lo.Index}) }},
		{"send frame without address", "denied", func() error { return unix.Send(packets, frame, 0) }},
		{"write frame", "denied", func() error { return result(unix.Write(packets, frame)) }},
		{"write frame at", "denied", func() error { return result(unix.Pwrite(packets, frame, 0)) }},
		{"write frame in pieces", "denied", func() error { return result(unix.Writev(packets, [][]byte{frame})) }},
		{"write frame in pieces at", "denied", func() error { return result(unix.Pwritev(packets, [][]byte{frame}, 0)) }},
		{"write frame in pieces with flags", "denied", func() error { return result(unix.Pwritev2(packets, [][]byte{frame}, -1, 0)) }},
		{"write frame, upper half of the descriptor set", "denied", call(unix.SYS_WRITE, uintptr(packets)|1<<32, uintptr(unsafe.Pointer(&frame[0])), 60)},
		{"write frame from file", "denied", func() error { return result(unix.Sendfile(packets, int(open.Fd()), nil, 60)) }},
		{"write frame from pipe", "denied", func() error { return result(unix.Splice(0, nil, packets, nil, 60, 0)) }},
		{"duplicate descriptor", "denied", func() error { return result(unix.Dup(packets)) }},
		{"duplicate descriptor to", "denied", func() error { return unix.Dup3(packets, 100, 0) }},
		{"duplicate descriptor by command", "denied", func() error { return result(unix.FcntlInt(uintptr(packets), unix.F_DUPFD, 0)) }},
		{"duplicate descriptor of process", "denied", call(unix.SYS_PIDFD_GETFD)},
		{"submit to ring", "denied", call(unix.SYS_IO_URING_SETUP, 1)},
		{"submit asynchronously", "denied", call(unix.SYS_IO_SETUP, 1)},
		{"bind socket again", "denied", func() error { return unix.Bind(packets, &unix.SockaddrLinklayer{Ifindex: lo.Index}) }},
		{"set socket up for sending", "denied", func() error { return unix.SetsockoptInt(packets, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1) }},
		{"make memory for sending", "denied", func() error {
			return unix.SetsockoptTpacketReq(packets, unix.SOL_PACKET, unix.PACKET_TX_RING, &unix.TpacketReq{})
		}},
		{"let others have the socket", "denied", func() error { return unix.SetsockoptInt(packets, unix.SOL_PACKET, unix.PACKET_FANOUT, 1) }},
		{"take the filter off", "denied", func() error { return unix.SetsockoptInt(packets, unix.SOL_SOCKET, unix.SO_DETACH_FILTER, 0) }},
		{"change the interface", "denied", func() error {
			i, _ := unix.NewIfreq("lo")
			return unix.IoctlIfreq(packets, unix.SIOCSIFFLAGS, i)
		}},
		{"read frames", "done", func() error {
			if _, err := unix.Read(packets, frame); err != unix.EAGAIN {
				return err
			}
			return nil
		}},

		{"load program", "denied", call(unix.SYS_BPF)},
		{"use user faults", "denied", call(unix.SYS_USERFAULTFD, 0)},
		{"make namespace", "denied", func() error { return unix.Unshare(unix.CLONE_NEWUSER) }},
		{"mount", "denied", func() error { return unix.Mount("none", dir, "tmpfs", 0, "") }},
	}
	if runtime.GOARCH == "amd64" {
		all = append(all,
			attempt{"open socket as 386", "denied", socket386},
			attempt{"open socket as x32", "denied", call(unix.SYS_SOCKET|1<<30, unix.AF_INET, unix.SOCK_DGRAM, 0)})
	}
	return all, keep, nil
}

// bindings prepares what is to be tried by who may bind packet sockets.
func bindings() ([]attempt, Rights, error) {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		return nil, Rights{}, err
	}
	packets, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, Rights{}, err
	}
	frame := make([]byte, 60)
	return []attempt{
		{"bind socket", "done", func() error {
			return unix.Bind(packets, &unix.SockaddrLinklayer{Protocol: unix.ETH_P_ALL << 8, Ifindex: lo.Index})
		}},
		{"ask for others' frames", "done", func() error {
			return unix.SetsockoptPacketMreq(packets, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &unix.PacketMreq{Ifindex: int32(lo.Index), Type: unix.PACKET_MR_PROMISC})
		}},
		{"write frame", "denied", func() error {
			_, err := unix.Write(packets, frame)
			return err
		}},
		{"send frame", "denied", func() error { return unix.Sendto(packets, frame, 0, &unix.SockaddrLinklayer{Ifindex: lo.Index}) }},
		{"open socket", "denied", func() error {
			_, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
			return err
		}},
	}, Rights{Bind: true, Sockets: []int{packets}}, nil
}

// connections prepares what is to be tried by who may connect to a port.
func connections(port string) ([]attempt, Rights, error) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, Rights{}, err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, Rights{}, err
	}
	dial := func(network, address string) func() error {
		return func() error {
			c, err := net.Dial(network, address)
			if err != nil {
				return err
			}
			_, err = c.Write([]byte("x"))
			return errors.Join(err, c.Close())
		}
	}
	socket := func(family, kind, protocol int) func() error {
		return func() error {
			_, err := unix.Socket(family, kind, protocol)
			return err
		}
	}
	elsewhere := "done"
	if abi, err := ll.LandlockGetABIVersion(); err == nil && abi >= 4 {
		elsewhere = "denied"
	}
	open, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, Rights{}, err
	}
	to := &unix.SockaddrInet4{Port: other.Addr().(*net.TCPAddr).Port, Addr: [4]byte{127, 0, 0, 1}}
	return []attempt{
		{"connect to the port", "done", dial("tcp", "127.0.0.1:"+port)},
		{"connect again", "done", dial("tcp", "127.0.0.1:"+port)},
		{"connect to another port", elsewhere, dial("tcp", other.Addr().String())},
		{"connect with what was open", elsewhere, func() error {
			if err := unix.Connect(open, to); err != unix.EISCONN {
				return err
			}
			return nil
		}},
		{"connect with data", "denied", func() error { return unix.Sendto(open, []byte("x"), unix.MSG_FASTOPEN, to) }},
		{"open UDP socket", "denied", socket(unix.AF_INET, unix.SOCK_DGRAM, 0)},
		{"open UDP socket, IPv6", "denied", socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)},
		{"open MPTCP socket", "denied", socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP)},
		{"open SCTP socket", "denied", socket(unix.AF_INET6, unix.SOCK_STREAM, unix.IPPROTO_SCTP)},
		{"open raw socket", "denied", socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_TCP)},
		{"open Unix socket", "denied", socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)},
		{"open netlink socket", "denied", socket(unix.AF_NETLINK, unix.SOCK_RAW, 0)},
		{"open VM socket", "denied", socket(unix.AF_VSOCK, unix.SOCK_STREAM, 0)},
		{"open packet socket", "denied", socket(unix.AF_PACKET, unix.SOCK_RAW, 0)},
		{"listen", "denied", func() error { return unix.Listen(open, 1) }},
		{"bind", "denied", func() error { return unix.Bind(open, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}) }},
		{"read elsewhere", "denied", func() error {
			_, err := os.ReadFile("/etc/hostname")
			return err
		}},
		{"run program", "denied", func() error { return exec.Command(os.Args[0]).Run() }},
	}, Rights{Connect: []uint16{uint16(number)}}, nil
}

// socket386 opens a socket by the interrupt that 32-bit programs use.
func socket386() error {
	code := []byte{
		0xb8, 0x67, 0x01, 0x00, 0x00, // mov eax, 359 (socket)
		0xbb, 0x02, 0x00, 0x00, 0x00, // mov ebx, 2 (AF_INET)
		0xb9, 0x02, 0x00, 0x00, 0x00, // mov ecx, 2 (SOCK_DGRAM)
		0x31, 0xd2, // xor edx, edx
		0xcd, 0x80, // int 0x80
		0x48, 0x98, // cdqe
		0xc3, // ret
	}
	memory, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE|unix.PROT_EXEC, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return fmt.Errorf("memory for code: %v", err)
	}
	copy(memory, code)
	entry := &memory[0]
	function := &entry
	if n := (*(*func() int)(unsafe.Pointer(&function)))(); n < 0 {
		return syscall.Errno(-n)
	}
	return nil
}

func TestEnter(t *testing.T) { testEnter(t) }

// Who binds the sockets of sniff again cannot send by them.
func TestEnterBinding(t *testing.T) { testEnter(t, connecting+"="+bind) }

// Who publishes or collects can connect to the servers, and to nothing else.
func TestEnterConnecting(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	testEnter(t, connecting+"="+port)
}

// testEnter runs a process that tries what it may not do.
func testEnter(t *testing.T, env ...string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("opens a packet socket")
	}
	outside := t.TempDir()
	dir := filepath.Join(outside, "out")
	for _, folder := range []string{dir, filepath.Join(outside, "in")} {
		if err := os.Mkdir(folder, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{filepath.Join(outside, "input"), filepath.Join(outside, "in", "file")} {
		if err := os.WriteFile(file, make([]byte, 100), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(os.Args[0])
	cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	t.Cleanup(func() { unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }) // and the process that it started
	// With -cover, the process writes its counts when it ends: in the sandbox.
	cmd.Env = append(os.Environ(), inside+"="+dir, "GOCOVERDIR="+dir)
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got := string(out)
	if strings.Contains(got, "the kernel has no Landlock") || strings.Contains(got, "knows no ports") {
		t.Skip(got)
	}
	got, _, complete := strings.Cut(got, "tried ")
	want := `use root's groups: <nil>
use capabilities: <nil>
gain privileges: <nil>
open other files: <nil>
run programs, reach processes, open sockets, and change modes, owners and times of files: <nil>
`
	if len(env) > 0 && env[0] != connecting+"="+bind {
		got, complete = strings.CutSuffix(got, "connect to other TCP ports: <nil>\n")
	}
	if got != want || !complete {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
