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

// TestOpenSSL opens what openssl's client and server said to each other: the
// suites that Go's crypto/tls lacks, encrypt-then-MAC, extended master secrets,
// and resumed sessions.
func TestOpenSSL(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir := t.TempDir()
	cert, file := rsaCertificate(t)
	file = append(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})...)
	pemFile := filepath.Join(dir, "server.pem")
	if err := os.WriteFile(pemFile, file, 0o600); err != nil {
		t.Fatal(err)
	}
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
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	tape := new(capturetest.Tape)
	done := make(chan struct{})
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
		deadline := time.Now().Add(10 * time.Second)
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
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, openssl, append([]string{"s_client", "-connect", l.Addr().String(), "-servername", "crm.example.com"}, args...)...)
	cmd.Stdin = strings.NewReader("GET / HTTP/1.0\r\n\r\n")
	out, err := cmd.CombinedOutput()
	if !bytes.Contains(out, []byte("HTTP/1.0 200 ok")) {
		t.Fatalf("s_client: %v\n%s", err, out)
	}
	<-done
	return tape
}
