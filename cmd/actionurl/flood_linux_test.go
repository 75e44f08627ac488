package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"maps"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"actionurl/capture/capturetest"
	"actionurl/report"
)

// maxResident bounds the memory of the process, whatever it reads, in KiB. That of
// tests is 8 MiB larger than the program.
const maxResident = 256<<10 + 8<<10

// writeFloods writes a capture of all floods, a microsecond a frame.
func writeFloods(to io.Writer) error {
	w := bufio.NewWriterSize(to, 256<<10)
	var head [24]byte
	binary.LittleEndian.PutUint32(head[0:], 0xa1b2c3d4)
	binary.LittleEndian.PutUint16(head[4:], 2)
	binary.LittleEndian.PutUint16(head[6:], 4)
	binary.LittleEndian.PutUint32(head[16:], 256<<10)
	binary.LittleEndian.PutUint32(head[20:], 1)
	w.Write(head[:])
	n := uint32(0)
	capturetest.AllFloods(1, func(frame []byte) {
		var record [16]byte
		binary.LittleEndian.PutUint32(record[0:], 1_767_225_600+n/1_000_000)
		binary.LittleEndian.PutUint32(record[4:], n%1_000_000)
		binary.LittleEndian.PutUint32(record[8:], uint32(len(frame)))
		binary.LittleEndian.PutUint32(record[12:], uint32(len(frame)))
		w.Write(record[:])
		w.Write(frame)
		n++
	})
	return w.Flush()
}

// However much is sent, of whatever kind, the process keeps to its bound, in every
// view. With -every all of them are tried.
func TestFloodedProcess(t *testing.T) {
	if raced {
		t.Skip("the race detector takes memory of its own")
	}
	if runtime.GOOS != "linux" {
		t.Skip("the unit of Maxrss is that of Linux")
	}
	if testing.Short() {
		t.Skip("takes long")
	}
	runs := [][]string{{"analyze", "--format", "ndjson"}}
	if *every {
		for _, view := range report.Views() {
			runs = append(runs, []string{"analyze", "--view", view, "--format", "ndjson"})
		}
		runs = append(runs, []string{"analyze", "--view", "calls", "--format", "ndjson", "--group", "number"})
		runs = append(runs, []string{"analyze", "--format", "ndjson", "--complete"}, []string{"analyze", "--format", "ndjson", "-w", "frames.pcap"}, []string{"analyze", "--format", "html", "-o", "page.html"}, []string{"analyze", "--format", "table"}, []string{"learn"}, []string{"check"})
	}
	for _, args := range runs {
		args := append(args, "-")
		if args[0] == "analyze" {
			for _, slug := range slices.Sorted(maps.Keys(capturetest.FloodTemplates)) {
				args = slices.Insert(args, 1, "-t", slug+"="+capturetest.FloodTemplates[slug])
			}
		}
		cmd := exec.Command("actionurl", args...)
		cmd.Dir = t.TempDir()
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if err := writeFloods(in); err != nil {
			t.Fatal(err)
		}
		in.Close()
		if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() != statusFound {
			t.Errorf("%v: %v", args, err)
		}
		used := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		t.Logf("%v: %d MiB, %v", args, used.Maxrss>>10, cmd.ProcessState.UserTime())
		if used.Maxrss > maxResident {
			t.Errorf("%v takes %d MiB", args, used.Maxrss>>10)
		}
	}
}
