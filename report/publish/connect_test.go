package publish

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

// start starts a server, and returns its port.
func startServer(t *testing.T, o server.Options) int {
	t.Helper()
	o.Host, o.Port, o.JetStream, o.StoreDir, o.NoSigs, o.NoLog = "127.0.0.1", -1, true, t.TempDir(), true, true
	s, err := server.NewServer(&o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	return s.Addr().(*net.TCPAddr).Port
}

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// key returns a key of a kind, its public half and its seed.
func key(t *testing.T, prefix nkeys.PrefixByte) (pair nkeys.KeyPair, public string, seed []byte) {
	t.Helper()
	pair, err := nkeys.CreatePair(prefix)
	if err != nil {
		t.Fatal(err)
	}
	public, _ = pair.PublicKey()
	seed, _ = pair.Seed()
	return pair, public, seed
}

// tryPublish publishes a line and reads it back with these files of secrets, and
// returns the error of either.
func tryPublish(t *testing.T, url, creds, nkey string) error {
	t.Helper()
	servers, err := NewServers(url, creds, nkey)
	if err != nil {
		return err
	}
	began := time.Now()
	p, err := New(t.Context(), Config{Servers: servers, Sensor: "hq", Dir: t.TempDir(), Spool: 1 << 20, Wait: true, Say: func(string) {}})
	if err != nil {
		if time.Since(began) > 3*time.Second {
			t.Errorf("%v comes after %v", err, time.Since(began))
		}
		return err
	}
	publish(t, p, 1, 3)
	closed(t, p)
	k, err := Collect(t.Context(), CollectConfig{Servers: servers, Lateness: time.Millisecond, Say: func(string) {}})
	if err != nil {
		return err
	}
	defer k.Close()
	for deadline := time.Now().Add(10 * time.Second); k.Counts().Lines < 3; {
		k.Next()
		if time.Now().After(deadline) {
			t.Fatal("what was published does not come")
		}
	}
	return nil
}

// wants checks an error.
func wants(t *testing.T, what string, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("%s: %v", what, err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("%s: got the error %v, want %q", what, err, want)
	}
	if err != nil && (strings.Contains(err.Error(), "SU") && strings.Contains(err.Error(), "seed:")) {
		t.Errorf("%s: the error shows a seed: %v", what, err)
	}
}

// A server with keys accepts clients that have one, and refuses others at once.
func TestNKey(t *testing.T) {
	_, public, seed := key(t, nkeys.PrefixByteUser)
	_, _, other := key(t, nkeys.PrefixByteUser)
	url := fmt.Sprintf("nats://127.0.0.1:%d", startServer(t, server.Options{Nkeys: []*server.NkeyUser{{Nkey: public}}}))
	wants(t, "its key", tryPublish(t, url, "", write(t, "hq.nk", seed)), "")
	wants(t, "another key", tryPublish(t, url, "", write(t, "other.nk", other)), "the server refuses")
	wants(t, "no key", tryPublish(t, url, "", ""), "expected --nats-creds FILE or --nats-nkey FILE")
	wants(t, "no file", tryPublish(t, url, "", filepath.Join(t.TempDir(), "none.nk")), "no such file")
	wants(t, "damaged", tryPublish(t, url, "", write(t, "damaged.nk", seed[:20])), "damaged.nk: ")
}

// A server that trusts an operator takes users of its accounts.
func TestCredentials(t *testing.T) {
	operator, operatorID, _ := key(t, nkeys.PrefixByteOperator)
	account, accountID, _ := key(t, nkeys.PrefixByteAccount)
	_, systemID, _ := key(t, nkeys.PrefixByteAccount)
	resolver := &server.MemAccResolver{}
	for id, disk := range map[string]int64{accountID: -1, systemID: 0} {
		claims := jwt.NewAccountClaims(id)
		claims.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: disk, DiskStorage: disk, Streams: disk, Consumer: disk}
		text, err := claims.Encode(operator)
		if err != nil {
			t.Fatal(err)
		}
		if err := resolver.Store(id, text); err != nil {
			t.Fatal(err)
		}
	}
	user := func(change func(*jwt.UserClaims)) string {
		_, id, seed := key(t, nkeys.PrefixByteUser)
		claims := jwt.NewUserClaims(id)
		change(claims)
		text, err := claims.Encode(account)
		if err != nil {
			t.Fatal(err)
		}
		creds, err := jwt.FormatUserConfig(text, seed)
		if err != nil {
			t.Fatal(err)
		}
		return write(t, "hq.creds", creds)
	}
	url := fmt.Sprintf("nats://127.0.0.1:%d", startServer(t, server.Options{TrustedKeys: []string{operatorID}, AccountResolver: resolver, SystemAccount: systemID}))
	wants(t, "a user", tryPublish(t, url, user(func(*jwt.UserClaims) {}), ""), "")
	wants(t, "a user whose time is over", tryPublish(t, url, user(func(c *jwt.UserClaims) { c.Expires = time.Now().Add(-time.Hour).Unix() }), ""), "the server refuses")
	wants(t, "nobody", tryPublish(t, url, "", ""), "expected --nats-creds FILE or --nats-nkey FILE")
	wants(t, "no credentials", tryPublish(t, url, write(t, "empty.creds", nil), ""), "empty.creds: ")
	wants(t, "both", tryPublish(t, url, "a", "b"), "not both")
}

// certificate returns a certificate for 127.0.0.1 that signs itself.
func certificate(t *testing.T) (tls.Certificate, []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "nats"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// TLS is used with tls://, and where a server asks for it; a certificate that nobody
// vouches for is an error at once.
func TestTLS(t *testing.T) {
	const alone = "ACTIONURL_TEST_TLS" // the authorities of the system are read once a process
	if os.Getenv(alone) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestTLS$")
		cmd.Env = append(os.Environ(), alone+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	own, authority := certificate(t)
	port := startServer(t, server.Options{TLSConfig: &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12}, TLSTimeout: 5})
	plain := startServer(t, server.Options{})
	t.Setenv("SSL_CERT_FILE", write(t, "authority.pem", authority))
	t.Setenv("SSL_CERT_DIR", t.TempDir())
	for _, scheme := range []string{"tls", "nats"} {
		wants(t, scheme, tryPublish(t, fmt.Sprintf("%s://127.0.0.1:%d", scheme, port), "", ""), "")
	}
	other, _ := certificate(t)
	strange := startServer(t, server.Options{TLSConfig: &tls.Config{Certificates: []tls.Certificate{other}, MinVersion: tls.VersionTLS12}, TLSTimeout: 5})
	wants(t, "unknown authority", tryPublish(t, fmt.Sprintf("tls://127.0.0.1:%d", strange), "", ""), "SSL_CERT_FILE")
	wants(t, "no TLS", tryPublish(t, fmt.Sprintf("tls://127.0.0.1:%d", plain), "", ""), "the server has no TLS")
}

// Who waits for a server that does not answer is told so at once.
func TestNoServer(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	url := "nats://" + closed.Addr().String()
	servers, err := NewServers(url, "", "")
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	c, err := servers.connect(func(text string) { said = append(said, text) })
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if got := strings.Join(said, "\n"); got != "waiting for "+url+" to answer" {
		t.Errorf("said %q", got)
	}
}
