//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd || (windows && amd64))

package live

func newWaiter() (waiter, error) { return nil, ErrUnsupported }

func open(*Config, waiter, string) (device, error) { return nil, ErrUnsupported }
