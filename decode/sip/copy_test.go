package sip

import (
	"bytes"
	"reflect"
	"testing"
)

// A copy has all of a message, and nothing of its memory.
func TestAppendTo(t *testing.T) {
	// message returns one whose slices have 1, 2, 3 … bytes.
	message := func() (m Message, texts []*[]byte) {
		m = Message{Status: 200, CSeq: 7, Length: -1}
		for _, field := range reflect.ValueOf(&m).Elem().Fields() {
			if text, ok := field.Addr().Interface().(*[]byte); ok {
				*text = bytes.Repeat([]byte{byte('a' + len(texts))}, 1+len(texts))
				texts = append(texts, text)
			}
		}
		return m, texts
	}
	want, _ := message()
	m, texts := message()
	got, b := m.AppendTo(nil)
	for _, text := range texts {
		clear(*text)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if n := len(texts); len(b) != n*(n+1)/2 || cap(got.Reason) > len(got.Reason) {
		t.Errorf("%d bytes, of %d slices; one has room for %d more", len(b), n, cap(got.Reason)-len(got.Reason))
	}
}
