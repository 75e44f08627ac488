package sandbox

import (
	"errors"
	"os"
	"syscall"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"
)

// Enter drops all rights except those of keep.
func Enter(keep Rights) []Step {
	var steps []Step
	if os.Geteuid() == 0 {
		steps = append(steps, Step{"use root's groups", dropGroups()})
	}
	steps = append(steps, []Step{
		{"use capabilities", cap.NewSet().SetProc()},
		{"gain privileges", noNewPrivileges()},
		{"open other files", restrictFiles(keep)},
		{"run programs, reach processes, open sockets, and change modes, owners and times of files", restrictCalls(keep)},
	}...)
	if len(keep.Connect) > 0 {
		steps = append(steps, Step{"connect to other TCP ports", ports()})
	}
	return steps
}

// dropGroups leaves root without supplementary groups, such as that of disks.
func dropGroups() error {
	if groups, err := syscall.Getgroups(); err == nil && len(groups) == 0 {
		return nil
	}
	return syscall.Setgroups(nil)
}

// ports returns an error where Landlock does not limit the ports.
func ports() error {
	const network = 4 // the version of Landlock that does
	if abi, err := ll.LandlockGetABIVersion(); err != nil || abi < network {
		return errors.New("the kernel's Landlock knows no ports (Linux 6.7 does)")
	}
	return nil
}

func noNewPrivileges() error {
	_, err := cap.Prctlw(unix.PR_SET_NO_NEW_PRIVS, 1)
	return err
}

// write is what outputs need, which may be in folders by time: a link or a device
// would be a trap for whoever reads the outputs.
const write = ll.AccessFSReadDir | ll.AccessFSReadFile | ll.AccessFSWriteFile | ll.AccessFSTruncate |
	ll.AccessFSMakeReg | ll.AccessFSMakeDir | ll.AccessFSRemoveFile

func restrictFiles(keep Rights) error {
	if abi, err := ll.LandlockGetABIVersion(); err != nil || abi < 1 {
		return errors.New("the kernel has no Landlock")
	}
	rules := []landlock.Rule{
		landlock.PathAccess(write, keep.Write...),
		// The list of threads is read once more after the first is restricted, where
		// another has begun meanwhile; without it the process is killed.
		landlock.PathAccess(ll.AccessFSReadDir, "/proc/self/task"),
	}
	for _, name := range keep.Read {
		info, err := os.Stat(name)
		switch {
		case err != nil: // cannot be read anyway
		case info.IsDir():
			rules = append(rules, landlock.PathAccess(ll.AccessFSReadDir|ll.AccessFSReadFile, name))
		default:
			rules = append(rules, landlock.PathAccess(ll.AccessFSReadFile, name))
		}
	}
	for _, port := range keep.Connect {
		rules = append(rules, landlock.ConnectTCP(port))
	}
	return landlock.V11.BestEffort().Restrict(rules...)
}
