package sandbox

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// inside is set for the process that enters the sandbox, to the folder that it
// may write in.
const inside = "ACTIONURL_TEST_SANDBOX"

func TestMain(m *testing.M) {
	if dir := os.Getenv(inside); dir != "" {
		try(dir)
		return
	}
	os.Exit(m.Run())
}

// try enters the sandbox and prints what goes on in it, on each of some threads.
func try(dir string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println("listen:", err)
		return
	}
	packets, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		fmt.Println("packet socket:", err)
		return
	}
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		fmt.Println("lo:", err)
		return
	}
	attempts := func(what string) {
		say := func(which string, err error) { fmt.Printf("%s: %s: %v\n", what, which, denied(err)) }
		_, err := os.ReadFile("/etc/hostname")
		say("read elsewhere", err)
		say("write elsewhere", os.WriteFile(filepath.Join(filepath.Dir(dir), "x"), nil, 0o666))
		say("write", os.WriteFile(filepath.Join(dir, "x"), nil, 0o666))
		say("rename", os.Rename(filepath.Join(dir, "x"), filepath.Join(dir, "y")))
		say("exec", exec.Command(os.Args[0]).Run())
		_, err = net.Dial("tcp", listener.Addr().String())
		say("connect", err)
		_, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
		say("packet socket", err)
		say("ptrace", unix.PtraceAttach(os.Getppid()))
		say("bind", unix.Bind(packets, &unix.SockaddrLinklayer{Ifindex: lo.Index}))
	}

	// Threads that are there already are in it, too.
	var ready, done sync.WaitGroup
	enter := make(chan struct{})
	for i := range 3 {
		ready.Add(1)
		done.Go(func() {
			runtime.LockOSThread()
			ready.Done()
			<-enter
			if i == 0 {
				attempts("thread")
			}
		})
	}
	ready.Wait()
	for _, step := range Enter([]string{dir}) {
		fmt.Printf("%s: %v\n", step.What, step.Err)
	}
	close(enter)
	done.Wait()
	attempts("caller")
}

// denied tells errors of being denied from others.
func denied(err error) string {
	switch {
	case err == nil:
		return "done"
	case errors.Is(err, os.ErrPermission):
		return "denied"
	}
	return err.Error()
}

func TestEnter(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("opens a packet socket")
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	// With -cover, the process writes its counts when it ends: in the sandbox.
	cmd.Env = append(os.Environ(), inside+"="+dir, "GOCOVERDIR="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got := string(out)
	if strings.Contains(got, "the kernel has no Landlock") {
		t.Skip(got)
	}
	want := fmt.Sprintf(`use capabilities: <nil>
gain privileges: <nil>
open files but in %s: <nil>
run programs, look into processes, open sockets and connect: <nil>
`, dir)
	for _, what := range []string{"thread", "caller"} {
		for _, line := range []string{
			"read elsewhere: denied", "write elsewhere: denied", "write: done", "rename: done", "exec: denied",
			"connect: denied", "packet socket: denied", "ptrace: denied", "bind: done",
		} {
			want += what + ": " + line + "\n"
		}
	}
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
