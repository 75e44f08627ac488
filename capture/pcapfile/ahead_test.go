package pcapfile

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"go.uber.org/goleak"
)

// What is read ahead is what was there, and the error comes after it.
func TestReadAhead(t *testing.T) {
	defer goleak.VerifyNone(t)
	data := make([]byte, 5*aheadSize+100)
	for i := range data {
		data[i] = byte(i * i >> 7)
	}
	failure := errors.New("the disk is gone")
	for _, from := range []io.Reader{
		bytes.NewReader(data), iotest.HalfReader(bytes.NewReader(data)), iotest.DataErrReader(bytes.NewReader(data)),
	} {
		for _, end := range []error{io.EOF, failure} {
			var r io.Reader = from
			if end == failure {
				r = io.MultiReader(bytes.NewReader(data), iotest.ErrReader(failure))
			}
			a := readAhead(r)
			var got bytes.Buffer
			_, err := got.ReadFrom(iotest.OneByteReader(io.LimitReader(a, 10)))
			if err == nil {
				_, err = got.ReadFrom(a)
			}
			if end == io.EOF && err != nil || end != io.EOF && !errors.Is(err, end) {
				t.Errorf("ended with %v, want %v", err, end)
			}
			if !bytes.Equal(got.Bytes(), data) {
				t.Errorf("read %d bytes that are not the %d", got.Len(), len(data))
			}
			if n, again := a.Read(make([]byte, 1)); n != 0 || again != end {
				t.Errorf("after the end: %d, %v", n, again)
			}
		}
	}
}

// A capture that is not read to its end leaves no goroutine behind.
func TestCloseCompressed(t *testing.T) {
	defer goleak.VerifyNone(t)
	a := readAhead(neverEnding{})
	if _, err := io.ReadFull(a, make([]byte, 3*aheadSize)); err != nil {
		t.Fatal(err)
	}
	a.Close()
}

type neverEnding struct{}

func (neverEnding) Read(b []byte) (int, error) { return len(b), nil }
