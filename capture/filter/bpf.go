package filter

import (
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/net/bpf"

	"actionurl/capture"
)

const (
	// maxInstructions is how long a program the Linux kernel takes
	// (BPF_MAXINSNS).
	maxInstructions = 4096

	// wholeFrame is what a program returns for a frame that matches: how many
	// bytes of it are wanted.
	wholeFrame = 262144
)

// And returns a program that keeps the frames that both a and b keep, as much
// of them as b says. What a returns must be constants.
func And(a, b []bpf.Instruction) []bpf.Instruction {
	all := make([]bpf.Instruction, 0, len(a)+len(b))
	for i, in := range a {
		if ret, ok := in.(bpf.RetConstant); ok && ret.Val != 0 {
			in = bpf.Jump{Skip: uint32(len(a) - i - 1)}
		}
		all = append(all, in)
	}
	return append(all, b...)
}

// CompileLive returns the program for frames as the kernel shows them to the filter
// of an interface. That of Linux removes the outermost VLAN tag, and holds it beside
// the frame. The first vlan of the expression tests that; where the expression has
// none, tagged frames match as if they had no tag. Elsewhere frames are as in files.
// It is an error if the kernel would not take the program.
func (e *Expr) CompileLive(link capture.LinkType) ([]bpf.Instruction, error) {
	if runtime.GOOS != "linux" {
		p, err := e.Compile(link)
		if err != nil {
			return nil, err
		}
		return p.Instructions()
	}
	tagged, err := compile(e, link, true)
	if err != nil {
		return nil, err
	}
	untagged, err := compile(e, link, false)
	if err != nil {
		return nil, err
	}
	present := test{value{from: tagPresent}, ^uint32(0), equal, 1}
	return newProgram(ifElse{present, tagged, untagged}).Instructions()
}

// Instructions returns the program as classic BPF. It returns 262144 for a
// frame that matches, 0 for one that does not. It is an error if the Linux
// kernel would not take it.
func (p *Program) Instructions() ([]bpf.Instruction, error) {
	switch p.first {
	case accepted:
		return []bpf.Instruction{bpf.RetConstant{Val: wholeFrame}}, nil
	case rejected:
		return []bpf.Instruction{bpf.RetConstant{Val: 0}}, nil
	}
	a := assembler{at: make([]int, len(p.blocks))}
	a.add(bpf.RetConstant{Val: 0})
	a.add(bpf.RetConstant{Val: wholeFrame})
	for i, before := range p.registers() {
		if before.reached {
			a.block(&p.blocks[i], before)
			a.at[i] = len(a.reversed) - 1
		}
	}
	if n := len(a.reversed); n > maxInstructions {
		return nil, fmt.Errorf("the filter needs %d instructions; the kernel allows %d", n, maxInstructions)
	}
	slices.Reverse(a.reversed)
	return a.reversed, nil
}

// registers are what is known of the machine's registers in front of a block,
// on every way to it.
type registers struct {
	reached bool
	a       content
	x       int64 // offset of the IPv4 header whose length it is; -1 for anything
}

// A content is a value that was loaded, and masked. The zero value is anything.
type content struct {
	value value
	mask  uint32
}

// registers returns the registers in front of each block.
func (p *Program) registers() []registers {
	all := make([]registers, len(p.blocks))
	all[p.first] = registers{reached: true, x: -1}
	for i := int(p.first); i >= 0; i-- {
		if !all[i].reached {
			continue
		}
		b := &p.blocks[i]
		after := registers{true, content{b.value, b.mask}, all[i].x}
		if b.value.from == afterIPv4 {
			after.x = int64(b.value.header)
		}
		for _, to := range []target{b.yes, b.no} {
			if to >= 0 {
				all[to].merge(after)
			}
		}
	}
	return all
}

// merge adds a way to a block.
func (r *registers) merge(after registers) {
	if !r.reached {
		*r = after
		return
	}
	if r.a != after.a {
		r.a = content{}
	}
	if r.x != after.x {
		r.x = -1
	}
}

// An assembler writes a program from its end, so that the distance of every
// jump is known when it is written.
type assembler struct {
	reversed []bpf.Instruction
	at       []int // index of each block's first instruction in reversed
}

func (a *assembler) add(i bpf.Instruction) { a.reversed = append(a.reversed, i) }

// block writes a block in front of what is there.
func (a *assembler) block(b *block, before registers) {
	condition := [...]bpf.JumpTest{bpf.JumpEqual, bpf.JumpGreaterThan, bpf.JumpGreaterOrEqual, bpf.JumpBitsSet}[b.relation]
	yes, no := a.distance(b.yes), a.distance(b.no)
	if max(yes, no) <= 255 {
		a.add(bpf.JumpIf{Cond: condition, Val: b.constant, SkipTrue: uint8(yes), SkipFalse: uint8(no)})
	} else {
		a.add(bpf.Jump{Skip: uint32(no)})
		a.add(bpf.Jump{Skip: uint32(a.distance(b.yes))})
		a.add(bpf.JumpIf{Cond: condition, Val: b.constant, SkipFalse: 1})
	}
	if before.a == (content{b.value, b.mask}) {
		return
	}
	if b.mask != ^uint32(0) {
		a.add(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: b.mask})
	}
	if before.a == (content{b.value, ^uint32(0)}) {
		return
	}
	a.load(b.value, before)
}

// distance returns how many instructions stand between the one that is written
// next and a target.
func (a *assembler) distance(to target) int {
	switch to {
	case rejected:
		return len(a.reversed) - 1
	case accepted:
		return len(a.reversed) - 2
	}
	return len(a.reversed) - 1 - a.at[to]
}

// load writes what loads a value.
func (a *assembler) load(v value, before registers) {
	switch v.from {
	case inFrame:
		a.add(bpf.LoadAbsolute{Off: v.offset, Size: int(v.size)})
	case afterIPv4:
		a.add(bpf.LoadIndirect{Off: v.offset, Size: int(v.size)})
		if before.x != int64(v.header) {
			a.add(bpf.LoadMemShift{Off: v.header})
		}
	case wireLength:
		a.add(bpf.LoadExtension{Num: bpf.ExtLen})
	case tagPresent:
		a.add(bpf.LoadExtension{Num: bpf.ExtVLANTagPresent})
	case tagControl:
		a.add(bpf.LoadExtension{Num: bpf.ExtVLANTag})
	}
}
