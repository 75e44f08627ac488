package live

import (
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"actionurl/capture"
)

// program returns what the kernel runs over the frames of an interface: the
// program of the Config, made to fit, and that a frame on the loopback is taken
// once, where it comes in, and not where it goes out too.
func (n *nic) program() ([]bpf.Instruction, error) {
	if n.index == 0 && n.from.one == nil {
		return n.config.anyProgram()
	}
	i, err := n.ask(unix.SIOCGIFHWADDR)
	if err != nil {
		return nil, err
	}
	program, err := n.config.program(n.from.one.Link)
	if err != nil || i.Uint16() != unix.ARPHRD_LOOPBACK {
		return program, err
	}
	if program == nil {
		program = []bpf.Instruction{bpf.RetConstant{Val: whole}}
	}
	return append([]bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.PACKET_OUTGOING, SkipTrue: 1},
		bpf.RetConstant{},
	}, program...), nil
}

// program returns the program for the frames of a link type, nil if there is none.
func (c *Config) program(link capture.LinkType) ([]bpf.Instruction, error) {
	if c.Filter == nil {
		return nil, nil
	}
	program, err := c.Filter(link)
	if err == nil && link == capture.LinkRaw {
		program = fromPacket(program)
	}
	return program, err
}

// anyProgram returns the program for the frames of all interfaces: one of each
// link type, chosen by the kind of device.
func (c *Config) anyProgram() ([]bpf.Instruction, error) {
	all := []bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.PACKET_OUTGOING, SkipTrue: 3},
		bpf.LoadExtension{Num: bpf.ExtLinkLayerType},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.ARPHRD_LOOPBACK, SkipTrue: 1},
		bpf.RetConstant{},
	}
	if c.Filter == nil {
		return append(all, bpf.RetConstant{Val: whole}), nil
	}
	for _, device := range []uint16{unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK,
		unix.ARPHRD_IEEE80211_RADIOTAP, unix.ARPHRD_IEEE80211_PRISM, unix.ARPHRD_IEEE80211} {
		program, err := c.program(linkType(device))
		if err != nil {
			return nil, err
		}
		all = append(all,
			bpf.LoadExtension{Num: bpf.ExtLinkLayerType},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(device), SkipTrue: 1},
			bpf.Jump{Skip: uint32(len(program))})
		all = append(all, program...)
	}
	program, err := c.program(capture.LinkRaw)
	return append(all, program...), err
}

// fromPacket returns a program that looks at a packet, for frames that begin
// somewhere before it (SKF_NET_OFF in linux/filter.h).
func fromPacket(program []bpf.Instruction) []bpf.Instruction {
	const packet = 1<<32 - 0x100000
	all := make([]bpf.Instruction, len(program))
	for i, in := range program {
		switch in := in.(type) {
		case bpf.LoadAbsolute:
			in.Off += packet
			all[i] = in
		case bpf.LoadIndirect:
			in.Off += packet
			all[i] = in
		case bpf.LoadMemShift:
			in.Off += packet
			all[i] = in
		default:
			all[i] = in
		}
	}
	return all
}
