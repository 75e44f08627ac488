package publish

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
)

// Servers are those of one NATS system. All that names and files say of them is
// read when they are made: to connect, and to connect again, takes TCP sockets
// and nothing else.
type Servers struct {
	text      string
	urls      []string
	addresses map[string][]string // by host:port as it was given
	ports     []uint16
	secret    string // the file with that; empty for none
	options   []nats.Option
}

// Scheme begins the names of servers, TLSScheme of those that are reached by TLS
// alone.
const (
	Scheme    = "nats://"
	TLSScheme = "tls://"
)

// defaultPort is the port of a server that is given without one.
const defaultPort = "4222"

// Named reports whether a text names servers.
func Named(text string) bool {
	return strings.HasPrefix(text, Scheme) || strings.HasPrefix(text, TLSScheme)
}

// NewServers reads nats://HOST[:PORT][,HOST…], and the files of credentials, if
// they are named.
func NewServers(text, creds, nkey string) (*Servers, error) {
	scheme, hosts, ok := strings.Cut(text, "://")
	if !ok || !Named(text) {
		return nil, errors.New("expected nats://HOST or tls://HOST, more hosts separated by commas")
	}
	s := &Servers{text: text, addresses: map[string][]string{}}
	var roots *x509.CertPool
	for host := range strings.SplitSeq(hosts, ",") {
		u, err := url.Parse(scheme + "://" + strings.TrimPrefix(host, scheme+"://"))
		if err != nil || u.Hostname() == "" || u.Path != "" {
			return nil, fmt.Errorf("%q is not a host; expected nats://HOST or tls://HOST, more hosts separated by commas", host)
		}
		if u.User != nil {
			return nil, errors.New("other users of this machine can see a password in a URL; use --nats-creds FILE or --nats-nkey FILE")
		}
		port := u.Port()
		if port == "" {
			port = defaultPort
		}
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("%q is not a port", port)
		}
		if !slices.Contains(s.ports, uint16(number)) {
			s.ports = append(s.ports, uint16(number))
		}
		at := net.JoinHostPort(u.Hostname(), port)
		ips, err := net.LookupHost(u.Hostname())
		if err != nil {
			return nil, err
		}
		for _, ip := range ips {
			s.addresses[at] = append(s.addresses[at], net.JoinHostPort(ip, port))
		}
		s.urls = append(s.urls, scheme+"://"+at)
	}
	roots, _ = x509.SystemCertPool() // nil are those of the system
	s.options = []nats.Option{
		nats.Name("actionurl"), nats.SetCustomDialer(s), nats.SkipHostLookup(), nats.IgnoreDiscoveredServers(),
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond), nats.ReconnectJitter(100*time.Millisecond, 100*time.Millisecond),
		nats.IgnoreAuthErrorAbort(), // somebody may allow it again
		nats.ReconnectBufSize(-1),   // the spool keeps what cannot be sent
		nats.PingInterval(5 * time.Second), nats.MaxPingsOutstanding(2), nats.Timeout(5 * time.Second),
		// Not nats.Secure: a server that asks for TLS gets it, too.
		func(o *nats.Options) error {
			o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
			o.Secure = scheme == "tls"
			return nil
		},
	}
	return s, s.credentials(creds, nkey)
}

// credentials reads files with secrets.
func (s *Servers) credentials(creds, nkey string) error {
	switch {
	case creds != "" && nkey != "":
		return errors.New("expected credentials or a key, not both")
	case creds != "":
		s.secret = creds
		text, err := os.ReadFile(creds)
		if err != nil {
			return err
		}
		jwt, err := nkeys.ParseDecoratedJWT(text)
		if err != nil {
			return fmt.Errorf("%s: %w", creds, err)
		}
		pair, err := nkeys.ParseDecoratedUserNKey(text)
		if err != nil {
			return fmt.Errorf("%s: %w", creds, err)
		}
		s.options = append(s.options, nats.UserJWT(func() (string, error) { return jwt, nil }, pair.Sign))
	case nkey != "":
		s.secret = nkey
		text, err := os.ReadFile(nkey)
		if err != nil {
			return err
		}
		pair, err := nkeys.ParseDecoratedNKey(text)
		if err != nil {
			return fmt.Errorf("%s: %w", nkey, err)
		}
		public, err := pair.PublicKey()
		if err != nil {
			return fmt.Errorf("%s: %w", nkey, err)
		}
		s.options = append(s.options, nats.Nkey(public, pair.Sign))
	}
	return nil
}

// String returns the servers as they were given.
func (s *Servers) String() string { return s.text }

// Ports returns the TCP ports that are connected to.
func (s *Servers) Ports() []uint16 { return s.ports }

// Dial implements nats.CustomDialer: names were resolved before.
func (s *Servers) Dial(network, at string) (net.Conn, error) {
	err := fmt.Errorf("%s is not one of the given servers", at)
	for _, address := range s.addresses[at] {
		var c net.Conn
		if c, err = net.DialTimeout(network, address, 2*time.Second); err == nil {
			return c, nil
		}
	}
	return nil, err
}

// sayEvery is how often the same of a connection is reported.
const sayEvery = time.Minute

// connect connects, now or as soon as a server is there. A server that is there and
// refuses who connects is an error. What becomes of the connection is reported by
// report.
func (s *Servers) connect(report func(string)) (*nats.Conn, error) {
	var mu sync.Mutex
	last, when := "", time.Time{}
	say := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		if text != last || time.Since(when) >= sayEvery {
			last, when = text, time.Now()
			report(text)
		}
	}
	options := append(slices.Clip(s.options),
		nats.ConnectHandler(func(*nats.Conn) { say("connected to " + s.text) }),
		nats.ReconnectHandler(func(*nats.Conn) { say("connected to " + s.text + " again") }),
		nats.DisconnectErrHandler(func(c *nats.Conn, err error) {
			if !c.IsClosed() && err != nil {
				say(fmt.Sprintf("lost the connection to %s: %v", s.text, err))
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { say(fmt.Sprintf("%s: %v", s.text, err)) }))
	servers := strings.Join(s.urls, ",")
	c, err := nats.Connect(servers, append(options, nats.RetryOnFailedConnect(false))...)
	if err == nil || s.refused(err) != nil {
		return c, s.refused(err)
	}
	say("waiting for " + s.text + " to answer")
	return nats.Connect(servers, options...)
}

// refused returns the error of a server that refuses who connects, which no wait
// helps, and nil for other errors.
func (s *Servers) refused(err error) error {
	certificate, bad := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case bad:
		return fmt.Errorf("%s: %w; SSL_CERT_FILE names the certificates of authorities", s.text, certificate)
	case errors.Is(err, nats.ErrSecureConnWanted):
		return fmt.Errorf("%s: the server has no TLS", s.text)
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked), errors.Is(err, nats.ErrAccountAuthExpired),
		err != nil && strings.Contains(strings.ToLower(err.Error()), "authorization"):
		if s.secret == "" {
			return fmt.Errorf("%s: the server wants to know who connects; expected --nats-creds FILE or --nats-nkey FILE", s.text)
		}
		return fmt.Errorf("%s: the server refuses %s (%w)", s.text, s.secret, err)
	}
	return nil
}

// The stream, and its subjects: those of a sensor's lines and of its heartbeats.
const (
	StreamName     = "ACTIONURL"
	subjectsPrefix = "actionurl."
	linesSuffix    = ".events"
	beatsSuffix    = ".heartbeat"
)

// duplicates is how long the server knows a line that comes again: longer than
// outages are that a sensor bridges. It keeps 100 bytes of each in memory.
const duplicates = 2 * time.Hour

// replicas is how many of three or more servers keep the stream: one of them can go.
const replicas = 3

// noReplicas is the error of servers without a cluster, JSStreamReplicasNotSupportedErr.
const noReplicas = 10074

// replicas returns how many of the servers keep what is stored.
func (s *Servers) replicas() int {
	if len(s.urls) >= replicas {
		return replicas
	}
	return 1
}

// stream returns the stream; the first program to ask for it creates it. It tries again
// until ctx ends.
func (s *Servers) stream(ctx context.Context, js jetstream.JetStream, say func(string)) (jetstream.Stream, error) {
	reported, copies := false, s.replicas()
	for {
		try, cancel := context.WithTimeout(ctx, 5*time.Second)
		st, err := js.Stream(try, StreamName)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			st, err = js.CreateStream(try, jetstream.StreamConfig{
				Name: StreamName, Subjects: []string{subjectsPrefix + "*" + linesSuffix, subjectsPrefix + "*" + beatsSuffix},
				Storage: jetstream.FileStorage, Duplicates: duplicates, AllowMsgTTL: true, Replicas: copies,
			})
		}
		cancel()
		if failed, ok := errors.AsType[*jetstream.APIError](err); ok && failed.ErrorCode == noReplicas {
			copies = 1
		}
		switch {
		case err == nil:
			return st, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case (errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount)) && !reported:
			say(fmt.Sprintf("%v; start it with jetstream enabled (nats-server -js)", err))
			reported = true
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
}
