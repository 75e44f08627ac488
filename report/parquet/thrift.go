package parquet

import (
	"encoding/binary"
	"errors"
)

// The metadata of a Parquet file are structs in Thrift's compact protocol
// (thrift/doc/specs/thrift-compact-protocol.md): a field is its number and type,
// then its value.

// The types of the protocol.
const (
	thriftStop   = 0
	thriftTrue   = 1
	thriftFalse  = 2
	thriftI8     = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
)

// A thriftWriter appends structs to buf.
type thriftWriter struct {
	buf  []byte
	last int16   // the latest field of the struct
	over []int16 // those of the structs that it is in
}

func (w *thriftWriter) field(id int16, kind byte) {
	if by := id - w.last; by > 0 && by < 16 {
		w.buf = append(w.buf, byte(by)<<4|kind)
	} else {
		w.buf = binary.AppendVarint(append(w.buf, kind), int64(id))
	}
	w.last = id
}

func (w *thriftWriter) i32(id int16, n int32) {
	w.field(id, thriftI32)
	w.buf = binary.AppendVarint(w.buf, int64(n))
}

func (w *thriftWriter) i64(id int16, n int64) {
	w.field(id, thriftI64)
	w.buf = binary.AppendVarint(w.buf, n)
}

func (w *thriftWriter) bool(id int16, b bool) {
	kind := byte(thriftFalse)
	if b {
		kind = thriftTrue
	}
	w.field(id, kind)
}

func (w *thriftWriter) bytes(id int16, b []byte) {
	w.field(id, thriftBinary)
	w.buf = append(binary.AppendUvarint(w.buf, uint64(len(b))), b...)
}

// list begins a list of n elements.
func (w *thriftWriter) list(id int16, kind byte, n int) {
	w.field(id, thriftList)
	if n < 15 {
		w.buf = append(w.buf, byte(n)<<4|kind)
		return
	}
	w.buf = binary.AppendUvarint(append(w.buf, 0xf0|kind), uint64(n))
}

// element adds a number to a list, text a string.
func (w *thriftWriter) element(n int32) { w.buf = binary.AppendVarint(w.buf, int64(n)) }

func (w *thriftWriter) text(s string) {
	w.buf = append(binary.AppendUvarint(w.buf, uint64(len(s))), s...)
}

// begin begins a struct that is a field, open one that is an element of a list;
// end ends either.
func (w *thriftWriter) begin(id int16) {
	w.field(id, thriftStruct)
	w.open()
}

func (w *thriftWriter) open() {
	w.over = append(w.over, w.last)
	w.last = 0
}

func (w *thriftWriter) end() {
	w.buf = append(w.buf, thriftStop)
	w.last = w.over[len(w.over)-1]
	w.over = w.over[:len(w.over)-1]
}

// errThrift is the error of metadata that is not Thrift.
var errThrift = errors.New("the metadata are damaged")

// A thriftReader reads structs. After an error, everything it reads is zero and
// no struct goes on.
type thriftReader struct {
	buf []byte
	at  int
	err error
}

func (r *thriftReader) fail() {
	if r.err == nil {
		r.err = errThrift
	}
}

func (r *thriftReader) byte() byte {
	if r.err != nil || r.at >= len(r.buf) {
		r.fail()
		return 0
	}
	r.at++
	return r.buf[r.at-1]
}

func (r *thriftReader) uvarint() uint64 {
	if r.err != nil {
		return 0
	}
	n, size := binary.Uvarint(r.buf[r.at:])
	if size <= 0 {
		r.fail()
		return 0
	}
	r.at += size
	return n
}

// number reads an I16, I32 or I64.
func (r *thriftReader) number() int64 {
	n := r.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

// bytes returns a binary, which is part of buf.
func (r *thriftReader) bytes() []byte {
	n := r.uvarint()
	if r.err != nil || n > uint64(len(r.buf)-r.at) {
		r.fail()
		return nil
	}
	r.at += int(n)
	return r.buf[r.at-int(n) : r.at]
}

// list returns the type and number of a list's elements, each of which takes a
// byte at least.
func (r *thriftReader) list() (kind byte, n int) {
	head := r.byte()
	size := uint64(head >> 4)
	if size == 15 {
		size = r.uvarint()
	}
	if size > uint64(len(r.buf)-r.at) {
		r.fail()
		return 0, 0
	}
	return head & 15, int(size)
}

// each calls field for each field of a struct with its number and type. It
// reports whether it has read the value, which else is skipped.
func (r *thriftReader) each(field func(id int16, kind byte) bool) { r.fields(0, field) }

// maxDepth bounds the structs and lists in each other.
const maxDepth = 16

func (r *thriftReader) fields(depth int, field func(id int16, kind byte) bool) {
	var last int16
	for r.err == nil {
		head := r.byte()
		kind := head & 15
		if kind == thriftStop {
			return
		}
		if head>>4 == 0 {
			last = int16(r.number())
		} else {
			last += int16(head >> 4)
		}
		if !field(last, kind) {
			r.skip(kind, depth)
		}
	}
}

// skip passes over a value.
func (r *thriftReader) skip(kind byte, depth int) {
	if depth > maxDepth {
		r.fail()
		return
	}
	switch kind {
	case thriftTrue, thriftFalse:
	case thriftI8:
		r.byte()
	case thriftI16, thriftI32, thriftI64:
		r.uvarint()
	case thriftDouble:
		if r.at+8 > len(r.buf) {
			r.fail()
			return
		}
		r.at += 8
	case thriftBinary:
		r.bytes()
	case thriftList, thriftSet:
		kind, n := r.list()
		for range n {
			if r.err != nil {
				return
			}
			if kind == thriftTrue || kind == thriftFalse {
				r.byte()
				continue
			}
			r.skip(kind, depth+1)
		}
	case thriftStruct:
		r.fields(depth+1, func(int16, byte) bool { return false })
	default: // no metadata have maps
		r.fail()
	}
}
