package live

import (
	"golang.org/x/net/bpf"
)

// whole is what a program returns to keep a frame, whatever its length.
const whole = 1<<31 - 1

// Join returns a program that keeps the frames that both a and b keep, as much
// of them as b says. What a returns must be constants.
func Join(a, b []bpf.Instruction) []bpf.Instruction {
	all := make([]bpf.Instruction, 0, len(a)+len(b))
	for i, in := range a {
		if ret, ok := in.(bpf.RetConstant); ok && ret.Val != 0 {
			in = bpf.Jump{Skip: uint32(len(a) - i - 1)}
		}
		all = append(all, in)
	}
	return append(all, b...)
}
