package tls_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"actionurl/capture/capturetest"
	"actionurl/decode/tls"
)

// lookOpenSSL returns where openssl is. Without it the test is skipped, but not in CI.
func lookOpenSSL(t *testing.T) string {
	t.Helper()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return openssl
}

// serverFile makes a file with an RSA key and its certificate, and returns its name and
// what is in it.
func serverFile(t *testing.T, dir string) (name string, file []byte) {
	t.Helper()
	cert, file := rsaCertificate(t)
	file = append(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})...)
	name = filepath.Join(dir, "server.pem")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return name, file
}

// TestOpenSSL opens what openssl's client and server said to each other: the
// suites that Go's crypto/tls lacks, encrypt-then-MAC, extended master secrets,
// and resumed sessions.
func TestOpenSSL(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	openssl, dir := lookOpenSSL(t), t.TempDir()
	pemFile, file := serverFile(t, dir)
	together, logs := capturetest.New(), new(bytes.Buffer) // for tshark
	var readable []string                                  // ports
	for i, c := range []struct {
		version, suite string
		resume         bool
		more           []string // of the client
		want           string   // suite; empty for the same as TLS 1.3's
		private        bool     // the server's key opens it
		unread         tls.Reason
	}{
		{version: "-tls1", suite: "AES128-SHA", want: "RSA_WITH_AES_128_CBC_SHA", private: true},
		{version: "-tls1", suite: "DHE-RSA-AES256-SHA", want: "DHE_RSA_WITH_AES_256_CBC_SHA"},
		{version: "-tls1_1", suite: "AES256-SHA", want: "RSA_WITH_AES_256_CBC_SHA", private: true},
		{version: "-tls1_2", suite: "AES128-SHA256", want: "RSA_WITH_AES_128_CBC_SHA256", private: true},
		{version: "-tls1_2", suite: "AES128-SHA", more: []string{"-no_etm"}, want: "RSA_WITH_AES_128_CBC_SHA", private: true},
		{version: "-tls1_2", suite: "AES256-GCM-SHA384", want: "RSA_WITH_AES_256_GCM_SHA384", private: true},
		{version: "-tls1_2", suite: "AES128-CCM", want: "RSA_WITH_AES_128_CCM", private: true},
		{version: "-tls1_2", suite: "AES256-CCM8", want: "RSA_WITH_AES_256_CCM_8", private: true},
		{version: "-tls1_2", suite: "ECDHE-RSA-AES256-SHA384", want: "ECDHE_RSA_WITH_AES_256_CBC_SHA384"},
		{version: "-tls1_2", suite: "DHE-RSA-CHACHA20-POLY1305", want: "DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
		{version: "-tls1_2", suite: "CAMELLIA128-SHA", want: "RSA_WITH_CAMELLIA_128_CBC_SHA", private: true, unread: tls.UnknownSuite},
		{version: "-tls1_2", suite: "AES128-SHA", resume: true, want: "RSA_WITH_AES_128_CBC_SHA", private: true},
		{version: "-tls1_2", suite: "AES128-SHA", resume: true, more: []string{"-no_ticket"}, want: "RSA_WITH_AES_128_CBC_SHA", private: true},
		{version: "-tls1_3", suite: "TLS_AES_128_CCM_SHA256", want: "AES_128_CCM_SHA256"},
		{version: "-tls1_3", suite: "TLS_AES_128_CCM_8_SHA256", want: "AES_128_CCM_8_SHA256"},
		{version: "-tls1_3", suite: "TLS_CHACHA20_POLY1305_SHA256", resume: true, want: "CHACHA20_POLY1305_SHA256"},
	} {
		name := strings.Join(append([]string{c.version, c.suite}, c.more...), " ")
		if c.resume {
			name += " resumed"
		}
		t.Run(name, func(t *testing.T) {
			ciphers := []string{c.version, "-cipher", c.suite + ":@SECLEVEL=0"}
			if c.version == "-tls1_3" {
				ciphers = []string{c.version, "-ciphersuites", c.suite}
			}
			log := filepath.Join(dir, fmt.Sprintf("keys-%d", i))
			capt := capturetest.New()
			runs := 1
			if c.resume {
				runs = 2
			}
			server := listen(t, openssl, append([]string{"-www", "-cert", pemFile, "-key", pemFile, "-keylogfile", log}, append(ciphers, c.more...)...)...)
			session := filepath.Join(dir, fmt.Sprintf("session-%d", i))
			for run := range runs {
				args := append([]string{"-ign_eof"}, append(ciphers, c.more...)...)
				switch {
				case c.resume && run == 0:
					args = append(args, "-sess_out", session)
				case c.resume:
					args = append(args, "-sess_in", session)
				}
				tape := ask(t, openssl, server, args...)
				capt.Play(tape, fmt.Sprintf("192.168.40.50:%d", 40000+run), "192.168.40.207:443", 1400)
				port := fmt.Sprint(40000 + 10*i + run)
				together.Play(tape, "192.168.40.50:"+port, "192.168.40.207:443", 1400)
				if c.unread == tls.Decrypted {
					readable = append(readable, port)
				}
			}
			lines, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			logs.Write(lines)
			ways := map[string]*tls.Secrets{"key log": tls.NewSecrets()}
			if _, err := ways["key log"].AddLog(bytes.NewReader(lines)); err != nil {
				t.Fatal(err)
			}
			if c.private {
				ways["private key"] = tls.NewSecrets()
				if err := ways["private key"].AddPrivateKey(file); err != nil {
					t.Fatal(err)
				}
			}
			for way, secrets := range ways {
				all, inside := decrypt(capt, secrets)
				if len(all) != runs {
					t.Fatalf("%s: %d handshakes, want %d", way, len(all), runs)
				}
				for _, h := range all {
					if h.Outcome != tls.Opened || h.Unread != c.unread || tls.SuiteName(h.Suite) != c.want {
						t.Errorf("%s: %s, %v, %v", way, words(&h), tls.SuiteName(h.Suite), h.Unread)
					}
				}
				if got := strings.Count(inside[0]+inside[1], "GET / HTTP/1.0\r\n\r\n"); c.unread == tls.Decrypted && got != runs {
					t.Errorf("%s: %d requests of %d inside %q", way, got, runs, inside)
				}
			}
		})
	}
	theirs := tshark(t, together, logs.Bytes())
	for _, port := range readable {
		if theirs != nil && !slices.Contains(theirs, port) {
			t.Errorf("tshark finds no request of port %s", port)
		}
	}
}

// listen runs openssl s_server until the test's end, and returns its address.
func listen(t *testing.T, openssl string, args ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	cmd := exec.CommandContext(ctx, openssl, append([]string{"s_server", "-accept", address}, args...)...)
	var errors bytes.Buffer
	cmd.Stderr = &errors
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); cmd.Wait() })
	for range 100 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return address
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("s_server does not listen: %s", errors.String())
	return ""
}

// ask lets openssl s_client send a request through a proxy that records it.
func ask(t *testing.T, openssl, server string, args ...string) *capturetest.Tape {
	t.Helper()
	proxy, tape, done := record(t, server)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, openssl, append([]string{"s_client", "-connect", proxy, "-servername", "crm.example.com"}, args...)...)
	cmd.Stdin = strings.NewReader("GET / HTTP/1.0\r\n\r\n")
	out, err := cmd.CombinedOutput()
	if !bytes.Contains(out, []byte("HTTP/1.0 200 ok")) {
		t.Fatalf("s_client: %v\n%s", err, out)
	}
	<-done
	return tape
}

// record runs a proxy that records a connection to a server. It returns its address, and
// a channel that is closed when the connection is over.
func record(t *testing.T, server string) (address string, tape *capturetest.Tape, done chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	tape, done = new(capturetest.Tape), make(chan struct{})
	go func() {
		defer close(done)
		client, err := l.Accept()
		if err != nil {
			return
		}
		defer client.Close()
		upstream, err := net.Dial("tcp", server)
		if err != nil {
			return
		}
		defer upstream.Close()
		deadline := time.Now().Add(30 * time.Second)
		client.SetDeadline(deadline)
		upstream.SetDeadline(deadline)
		back := make(chan struct{})
		go func() {
			io.Copy(tape.Conn(client, false), upstream)
			client.(*net.TCPConn).CloseWrite()
			close(back)
		}()
		io.Copy(tape.Conn(upstream, true), client)
		upstream.(*net.TCPConn).CloseWrite()
		<-back
	}()
	return l.Addr().String(), tape, done
}

// TestRenewedKeys reads what openssl's client and server say behind two renegotiations, or
// two key updates of TLS 1.3, by key log and by the server's key.
func TestRenewedKeys(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	openssl, dir := lookOpenSSL(t), t.TempDir()
	pemFile, file := serverFile(t, dir)
	for i, args := range [][]string{
		{"-tls1_2", "-cipher", "AES128-GCM-SHA256"}, {"-tls1_2", "-cipher", "AES256-SHA"},
		{"-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305"}, {"-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"},
		{"-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"}, {"-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel() // s_client takes a second to begin a renegotiation
			log := filepath.Join(dir, fmt.Sprint("keys-", i))
			server := listen(t, openssl, append([]string{"-rev", "-client_renegotiation", "-cert", pemFile, "-key", pemFile, "-keylogfile", log}, args...)...)
			proxy, tape, done := record(t, server)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, openssl, append([]string{"s_client", "-connect", proxy}, args...)...)
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			cmd.Stderr = cmd.Stdout
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			command, shown := "R", "RENEGOTIATING"
			if args[0] == "-tls1_3" {
				command, shown = "K", "KEYUPDATE"
			}
			said := new(bytes.Buffer)
			for _, turn := range [][2]string{{"GET /1", "1/ TEG"}, {command, shown}, {"GET /2", "2/ TEG"}, {command, shown}, {"GET /3", "3/ TEG"}, {"Q", ""}} {
				said.Reset()
				io.WriteString(in, turn[0]+"\n")
				for part := make([]byte, 1<<10); !strings.Contains(said.String(), turn[1]); {
					n, err := out.Read(part)
					if said.Write(part[:n]); err != nil {
						t.Fatalf("s_client said %q of %q: %v", said, turn[0], err)
					}
				}
			}
			in.Close()
			io.Copy(said, out)
			cmd.Wait()
			<-done
			lines, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			ways := map[string]*tls.Secrets{"key log": tls.NewSecrets(), "growing key log": tls.NewSecrets()}
			ways["key log"].AddLog(bytes.NewReader(lines))
			ways["growing key log"].Grow()
			if command == "R" && !strings.Contains(args[2], "ECDHE") {
				ways["private key"] = tls.NewSecrets()
				if err := ways["private key"].AddPrivateKey(file); err != nil {
					t.Fatal(err)
				}
			}
			for _, size := range []int{7, 1400} {
				capt := capturetest.New()
				capt.Play(tape, "192.168.40.50:40000", "192.168.40.207:443", size)
				for way, secrets := range ways {
					all, inside := decryptWhile(capt, secrets, func(frame int) {
						if frame == len(capt.Frames) && strings.HasPrefix(way, "growing") {
							secrets.AddLog(bytes.NewReader(lines))
						}
					})
					want := text{"GET /1\nGET /2\nGET /3\n<end>", "1/ TEG\n2/ TEG\n3/ TEG\n<end>"}
					if len(all) != 1 || all[0].Unread != tls.Decrypted || inside != want && inside != (text{want[1], want[0]}) {
						t.Errorf("%s, segments of %d: %+v %q", way, size, all, inside)
					}
				}
			}
			capt := capturetest.New()
			capt.Play(tape, "192.168.40.50:40000", "192.168.40.207:443", 100)
			const first = 40 // the hellos are needed
			read := 0        // to the end, without one of the frames
			for at := first; at < len(capt.Frames); at++ {
				_, inside := decrypt(&capturetest.Capture{Frames: slices.Delete(slices.Clone(capt.Frames), at, at+1)}, ways["key log"])
				if strings.Contains(inside[0]+inside[1], "3/ TEG") {
					read++
				}
			}
			if all := len(capt.Frames) - first; read < all*3/4 {
				t.Errorf("with a hole at each of %d frames, the end is read %d times", all, read)
			}
		})
	}
}
