package live

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"actionurl/capture"
)

const (
	// blockSize is the size of a block of a ring, in bytes. The largest frame
	// must fit into it: segments that an offload left together are 64 KiB. It
	// is not larger, as a block may be handed over with a single frame: where
	// there are few, so many blocks are what the reader may be late by.
	blockSize = 128 << 10

	// minBlocks are the fewest blocks of a ring.
	minBlocks = 4

	// tagSize is the size of a VLAN tag (IEEE 802.1Q, section 9.3), for which
	// room is left before each frame.
	tagSize = 4

	// macsSize is the size of the two addresses that a tag stands after.
	macsSize = 12
)

// A ring is a socket with memory that the kernel writes frames into, block
// after block (PACKET_RX_RING with TPACKET_V3, see packet_mmap in the kernel's
// documentation). A block is the kernel's until it is full or its time is over;
// then it is ours, until it is freed.
type ring struct {
	fd     int
	memory []byte
	blocks int
	oldest int // block that was read and not freed
	held   int // blocks that were
	from   *origins
}

var _ tap = (*ring)(nil)

// newRing returns a ring whose socket is bound to nothing yet: no
// protocol, so that no frame comes before there is a filter.
func newRing(size int, from *origins) (*ring, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	switch err {
	case nil:
	case unix.EPERM, unix.EACCES:
		return nil, ErrPermission
	case unix.EAFNOSUPPORT:
		return nil, fmt.Errorf("%w: its kernel has no packet sockets", ErrUnsupported)
	default:
		return nil, fmt.Errorf("packet socket: %w", err)
	}
	r := &ring{fd: fd, blocks: max(size/blockSize, minBlocks), from: from}
	if err := r.allocate(); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("a ring of %d bytes: %w", r.blocks*blockSize, err)
	}
	return r, nil
}

func (r *ring) allocate() error {
	if err := unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return err
	}
	if err := unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_RESERVE, tagSize); err != nil {
		return err
	}
	request := &unix.TpacketReq3{
		Block_size: blockSize, Block_nr: uint32(r.blocks),
		Frame_size: blockSize, Frame_nr: uint32(r.blocks), // of no meaning in this version, but checked
		Retire_blk_tov: uint32(retire / time.Millisecond),
	}
	if err := unix.SetsockoptTpacketReq3(r.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, request); err != nil {
		return err
	}
	memory, err := unix.Mmap(r.fd, 0, r.blocks*blockSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	r.memory = memory
	return err
}

func (r *ring) close() error {
	err := unix.Munmap(r.memory)
	if closed := unix.Close(r.fd); err == nil {
		err = closed
	}
	return err
}

// block returns a block and its header.
func (r *ring) block(i int) ([]byte, *unix.TpacketHdrV1) {
	b := r.memory[i*blockSize : (i+1)*blockSize]
	desc := (*unix.TpacketBlockDesc)(unsafe.Pointer(&b[0]))
	return b, (*unix.TpacketHdrV1)(unsafe.Pointer(&desc.Hdr))
}

// ready reports whether there is a block to read.
func (r *ring) ready() bool {
	if r.held == r.blocks {
		return false // the next is the oldest, which is not free
	}
	_, head := r.block((r.oldest + r.held) % r.blocks)
	return atomic.LoadUint32(&head.Block_status)&unix.TP_STATUS_USER != 0
}

func (r *ring) read(frames []capture.Frame) []capture.Frame {
	if !r.ready() {
		return frames
	}
	block, head := r.block((r.oldest + r.held) % r.blocks)
	r.held++
	at := head.Offset_to_first_pkt
	for range head.Num_pkts {
		h := (*unix.Tpacket3Hdr)(unsafe.Pointer(&block[at]))
		frames = append(frames, r.frame(block[at:], h))
		at += h.Next_offset
	}
	return frames
}

func (r *ring) free(n int) {
	for range n {
		_, head := r.block(r.oldest)
		atomic.StoreUint32(&head.Block_status, unix.TP_STATUS_KERNEL)
		r.oldest = (r.oldest + 1) % r.blocks
		r.held--
	}
}

// frame returns the frame that has the header h, at which b begins.
func (r *ring) frame(b []byte, h *unix.Tpacket3Hdr) capture.Frame {
	on := r.from.of((*unix.RawSockaddrLinklayer)(unsafe.Pointer(&b[unix.SizeofTpacket3Hdr])))
	f := capture.Frame{
		Time:      int64(h.Sec)*int64(time.Second) + int64(h.Nsec),
		Length:    int(h.Len),
		Interface: on,
	}
	first, end := int(h.Mac), int(h.Mac)+int(h.Snaplen)
	switch {
	case on.Link == capture.LinkRaw: // begins at the packet, whatever is before it
		first = min(max(first, int(h.Net)), end)
		f.Length -= first - int(h.Mac)
	case h.Status&unix.TP_STATUS_VLAN_VALID != 0 && h.Snaplen >= macsSize:
		// The kernel took the outer VLAN tag off: it is put back.
		tpid := h.Hv1.Vlan_tpid
		if h.Status&unix.TP_STATUS_VLAN_TPID_VALID == 0 {
			tpid = unix.ETH_P_8021Q
		}
		copy(b[first-tagSize:], b[first:first+macsSize])
		first -= tagSize
		binary.BigEndian.PutUint16(b[first+macsSize:], tpid)
		binary.BigEndian.PutUint16(b[first+macsSize+2:], uint16(h.Hv1.Vlan_tci))
		f.Length += tagSize
	}
	f.Data = b[first:end:end]
	return f
}

func (r *ring) count(s *Stats) {
	// The kernel's counts begin again with each look at them.
	c, err := unix.GetsockoptTpacketStatsV3(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err == nil {
		s.Received += uint64(c.Packets)
		s.Dropped += uint64(c.Drops)
		s.Freezes += uint64(c.Freeze_q_cnt)
	}
}
