//go:build !linux

package live

func newWaiter() (waiter, error) { return nil, ErrUnsupported }

func open(*Config, waiter, string) (device, error) { return nil, ErrUnsupported }
