package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/rogpeppe/go-internal/testscript"

	"actionurl/capture/capturetest"
	"actionurl/capture/files"
	"actionurl/cmd/actionurl/internal/run"
	"actionurl/decode"
	"actionurl/report"
)

var (
	update = flag.Bool("update", false, "rewrite the expectations in testdata, in the README and in the manual")
	every  = flag.Bool("every", false, "damage captures at every byte, and not only at one in eleven")
)

func TestMain(m *testing.M) {
	command := main
	if testing.CoverMode() != "" { // the counts are written at the end, to a folder that the sandbox closes
		command = func() { os.Exit(execute(context.Background(), nil, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
	}
	testscript.Main(m, map[string]func(){"actionurl": command, "nats-server": runNATS})
}

// runNATS is a server of its own process, with the configuration in a file, until
// it is killed.
func runNATS() {
	o, err := server.ProcessConfigFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	o.NoSigs, o.NoLog = true, true
	s, err := server.NewServer(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s.Start()
	s.WaitForShutdown()
}

// TestScripts runs the scripts in testdata. Each begins with the captures of
// the project's testdata in its folder.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			captures, err := filepath.Glob("../../testdata/*.pcap*")
			if err != nil {
				return err
			}
			real, err := filepath.Glob("../../testdata/real/*.[pk]*") // captures and keys
			if err != nil {
				return err
			}
			for _, file := range append(captures, real...) {
				name := filepath.Base(file)
				if filepath.Dir(file) == filepath.Join("..", "..", "testdata", "real") {
					name = "real-" + name
				}
				data, err := os.ReadFile(file)
				if err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(env.WorkDir, name), data, 0o666); err != nil {
					return err
				}
			}
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name != "devfull" {
				return false, errors.New("not a condition: " + name)
			}
			_, err := os.Stat("/dev/full") // a disk that is always full
			return err == nil, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "chop": chop},
	})
}

// exits runs a command and checks its exit status: exits STATUS COMMAND ARG...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// chop writes the first bytes of a file to another: chop FILE BYTES TO
func chop(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: chop FILE BYTES TO")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(ts.ReadFile(args[0]))[:n], 0o666))
}

// TestReadme runs the commands in the console blocks of the README and of the
// manual, and holds what they print against what stands there.
func TestReadme(t *testing.T) {
	files, err := filepath.Glob("help/*.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, file := range append(files, "../../README.md") {
		width := consoleWidth
		if filepath.Base(file) == "README.md" {
			width = 100
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(data), "\r\n", "\n")
		got, n := transcript(t, text, width)
		commands += n
		switch {
		case got == text:
		case *update:
			if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("%s shows other output than its commands print; go test ./cmd/actionurl -run Readme -update rewrites it:\n%s", file, cmp.Diff(text, got))
		}
	}
	if commands < 20 {
		t.Errorf("the README and the manual have %d commands to run", commands)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil || !strings.Contains(string(readme), "\n$ "+testCommand+"\n") {
		t.Errorf("the README does not show %q: %v", testCommand, err)
	}
	if n := bytes.Count(readme, []byte("\n")); n > 160 {
		t.Errorf("the README has %d lines", n)
	}
}

// transcript returns a text with what the commands in its console blocks print
// in width columns, and the number of the commands. A block of "```console stdout" shows standard
// output alone. A command goes on where a line ends in a backslash.
func transcript(t *testing.T, text string, width int) (string, int) {
	t.Helper()
	var out, command strings.Builder
	commands := 0
	in, quiet := false, false // a console block
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "```"):
			info := strings.Fields(line[3:])
			in, quiet = slices.Contains(info, "console"), slices.Contains(info, "stdout")
			out.WriteString(line)
		case !in:
			out.WriteString(line)
		case strings.HasPrefix(line, "$ "), command.Len() > 0:
			out.WriteString(line)
			part, more := strings.CutSuffix(strings.TrimPrefix(strings.TrimSpace(line), "$ "), "\\")
			command.WriteString(part)
			if more {
				continue
			}
			if c := command.String(); c != testCommand && !strings.HasPrefix(c, "git clone ") {
				commands++
				out.WriteString(console(t, c, width, quiet))
			}
			command.Reset()
		}
	}
	return out.String(), commands
}

// testCommand is the README's command that runs the tests: this test is part of it.
const testCommand = "go test ./..."

// consoleWidth is the width of the manual's console blocks: that of a terminal,
// as help indents them by two columns.
const consoleWidth = 78

// console returns what a command prints that is run at the top of the project;
// its standard output alone, if quiet.
func console(t *testing.T, command string, width int, quiet bool) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "COLUMNS="+strconv.Itoa(width), "TZ=UTC")
	var out bytes.Buffer
	cmd.Stdout = &out
	if !quiet {
		cmd.Stderr = &out
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() == 127) {
		t.Fatalf("%s: %v\n%s", command, err, &out)
	}
	return strings.ReplaceAll(out.String(), "\r\n", "\n") // CSV has both
}

// TestDamage cuts every capture in testdata at bytes all over it, and changes
// bytes, and wants the run to end as one that was damaged or as one that was
// not, without a panic.
func TestDamage(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	captures, err := filepath.Glob("../../testdata/*.pcap*")
	if err != nil || len(captures) == 0 {
		t.Fatal("no captures in testdata:", err)
	}
	step := 11
	if *every {
		step = 1
	}
	for _, file := range captures {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(data); i += step {
				analyzeBytes(t, data[:i])
				changed := append([]byte(nil), data...)
				changed[i] ^= byte(1 + i%255)
				analyzeBytes(t, changed)
			}
		})
	}
}

// TestCorpusDamage cuts the captures of other projects at random places, and
// changes random bytes of them: no panic, and no run that takes long.
func TestCorpusDamage(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	times := 5
	if *every {
		times = 1000
	}
	for path := range capturetest.Corpus(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(1, uint64(len(data))))
		for range times {
			began := time.Now()
			analyzeBytes(t, data[:random.IntN(len(data)+1)])
			changed := bytes.Clone(data)
			for range 1 + random.IntN(8) {
				if len(changed) > 0 {
					changed[random.IntN(len(changed))] = byte(random.Uint32())
				}
			}
			analyzeBytes(t, changed)
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("%s: %v", path, took)
			}
		}
	}
}

// analyzeBytes analyzes a capture, without the command around it: cobra keeps
// each command's completions for the life of the process. It may fail, and must
// report damage.
func analyzeBytes(t *testing.T, capture []byte) {
	t.Helper()
	var out, messages strings.Builder
	clock, err := report.NewClock("utc")
	if err != nil {
		t.Fatal(err)
	}
	in, err := files.Open(t.Context(), []string{"-"}, bytes.NewReader(capture))
	if err == nil {
		err = run.Captures(run.Config{
			Decode: decode.Config{Wire: decode.Wire{ResponseTimeout: 10 * time.Second}, Analysis: decode.Analysis{SlowResponse: time.Second}},
			Filter: report.Filter{View: report.Requests}, Options: report.Options{Format: report.Plain().Named("ndjson"), Clock: clock},
			Output: "-", Stdout: &out, Stderr: &messages,
		}, in)
	}
	if errors.Is(err, run.ErrDamaged) && messages.Len() == 0 {
		t.Fatal("damage is not reported")
	}
}
