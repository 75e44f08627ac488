package tls

import (
	"bytes"
	"crypto"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rc4"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
)

var errTag = errors.New("wrong tag")

const (
	// maxSecrets bounds the secrets of key logs: 262,144 of about 200 bytes, 50
	// MiB. Beyond it the older half is dropped.
	maxSecrets = 256 << 10

	// maxSessions bounds the sessions that may be resumed: 65,536 of about 200
	// bytes, 13 MiB. Beyond it all are dropped, and learned anew.
	maxSessions = 64 << 10
)

// Secrets are the keys that a capture can be decrypted with. It is not safe for
// concurrent use.
type Secrets struct {
	logged   [2]map[logKey]secret // the later ones, and those before; each of maxSecrets/2 at most
	added    int                  // to logged
	dropped  int                  // of these
	grows    bool
	private  []*rsa.PrivateKey
	line     []byte               // of a key log that has not come whole
	long     bool                 // it is beyond maxLine: up to its end it is passed over
	sessions map[sessionID][]byte // master secrets
}

// A sessionID is a hash of the id or the ticket of a session; zero for none.
type sessionID [sha256.Size]byte

func idOf(session []byte) sessionID {
	if len(session) == 0 {
		return sessionID{}
	}
	return sha256.Sum256(session)
}

// A logKey names a secret of a key log.
type logKey struct {
	kind   secretKind
	random [32]byte // of the client; of premasterSecret, the beginning of the encrypted one
}

// A secretKind is what a secret of a key log is.
type secretKind uint8

const (
	masterSecret secretKind = iota
	premasterSecret
	clientTraffic // in TLS 1.3
	serverTraffic
)

// kinds are the labels of a key log that are used (SSLKEYLOGFILE format,
// draft-ietf-tls-keylogfile).
var kinds = map[string]secretKind{
	"CLIENT_RANDOM": masterSecret, "RSA": premasterSecret,
	"CLIENT_TRAFFIC_SECRET_0": clientTraffic, "SERVER_TRAFFIC_SECRET_0": serverTraffic,
}

// A secret is one of a key log: 32 bytes, or 48.
type secret struct {
	size  uint8
	bytes [48]byte
}

// NewSecrets returns Secrets without any.
func NewSecrets() *Secrets {
	return &Secrets{logged: [2]map[logKey]secret{{}, {}}, sessions: map[sessionID][]byte{}}
}

// Grow says that a key log is still written: the secrets of a connection may
// come later than its frames.
func (s *Secrets) Grow() { s.grows = true }

// Any reports whether there is a secret, or may be one later.
func (s *Secrets) Any() bool { return s != nil && (s.added > 0 || s.grows || len(s.private) > 0) }

// Logged returns how many secrets of key logs came, and how many of these were dropped.
func (s *Secrets) Logged() (taken, dropped int) { return s.added, s.dropped }

// log returns a secret of a key log, nil if it is not there.
func (s *Secrets) log(key logKey) []byte {
	for _, some := range s.logged {
		if secret, known := some[key]; known {
			return secret.bytes[:secret.size]
		}
	}
	return nil
}

// AddPrivateKey adds the RSA keys of a PEM file. Keys of other kinds cannot
// decrypt: they only sign. It is an error if there is no other.
func (s *Secrets) AddPrivateKey(file []byte) error {
	found := false
	none := errors.New("no private key in PEM form; 'openssl pkcs12 -in FILE -nodes' converts .pfx and .p12, 'openssl pkey -in FILE' DER")
	for {
		block, rest := pem.Decode(file)
		if block == nil {
			break
		}
		file = rest
		if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
			return errors.New("the private key is encrypted; decrypt it with 'openssl pkey -in KEY -out PLAIN'")
		}
		var key any
		var err error
		switch block.Type {
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			none = errors.New("an EC key cannot decrypt: it only signs; use a key log (SSLKEYLOGFILE)")
			continue
		default: // a certificate beside the key
			continue
		}
		if err != nil {
			return fmt.Errorf("private key: %w", err)
		}
		private, ok := key.(*rsa.PrivateKey)
		if !ok {
			none = errors.New("a key that is not RSA cannot decrypt: it only signs; use a key log (SSLKEYLOGFILE)")
			continue
		}
		s.private = append(s.private, private)
		found = true
	}
	if !found {
		return none
	}
	return nil
}

// maxLine bounds a line of a key log, in bytes.
const maxLine = 1 << 10

// AddLog adds the secrets of a key log, up to its present end. Called again, it
// goes on from there: a line that is not whole yet is kept. Lines that are of no
// use are passed over. It returns how many secrets it took.
func (s *Secrets) AddLog(log io.Reader) (int, error) {
	taken := 0
	var part [4 << 10]byte
	for {
		n, err := log.Read(part[:])
		s.line = append(s.line, part[:n]...)
		for {
			line, rest, whole := bytes.Cut(s.line, []byte("\n"))
			if !whole {
				break
			}
			if !s.long {
				taken += s.addLine(string(line))
			}
			s.long = false
			s.line = s.line[:copy(s.line, rest)]
		}
		if s.long = s.long || len(s.line) > maxLine; s.long {
			s.line = s.line[:0]
		}
		switch {
		case err == io.EOF && s.grows:
			return taken, nil
		case err == io.EOF:
			taken += s.addLine(string(s.line)) // the last one may have no end
			s.line, s.long = s.line[:0], false
			return taken, nil
		}
		if err != nil && err != io.EOF {
			return taken, err
		}
	}
}

// addLine adds the secret of a line, and returns how many there are in it.
func (s *Secrets) addLine(line string) int {
	if len(line) > maxLine {
		return 0
	}
	fields := strings.Fields(strings.TrimPrefix(line, "\ufeff")) // of an editor
	if len(fields) != 3 {
		return 0
	}
	kind, known := kinds[fields[0]]
	name, err := hex.DecodeString(fields[1])
	value, err2 := hex.DecodeString(fields[2])
	if !known || err != nil || err2 != nil || len(name) > 32 || len(value) != 32 && len(value) != 48 {
		return 0
	}
	key := logKey{kind: kind}
	copy(key.random[:], name)
	of := secret{size: uint8(len(value))}
	copy(of.bytes[:], value)
	if len(s.logged[0]) >= maxSecrets/2 {
		s.dropped += len(s.logged[1])
		s.logged[0], s.logged[1] = map[logKey]secret{}, s.logged[0]
	}
	s.logged[0][key] = of
	s.added++
	return 1
}

// KeyLogBlock is the kind of a Decryption Secrets Block that holds a key log
// (draft-ietf-opsawg-pcapng, section 4.7).
const KeyLogBlock = 0x544c534b

// AddSecrets adds a Decryption Secrets Block of the kind TLS Key Log
// (draft-ietf-opsawg-pcapng, section 4.7).
func (s *Secrets) AddSecrets(block []byte) {
	for line := range strings.Lines(string(block)) {
		s.addLine(line)
	}
}

// premaster returns the premaster secret that a client sent encrypted with a
// server's key, nil without the key (RFC 5246, section 7.4.7.1).
func (s *Secrets) premaster(encrypted []byte, offered Version) []byte {
	if len(encrypted) >= 8 {
		key := logKey{kind: premasterSecret}
		copy(key.random[:], encrypted[:8])
		if secret := s.log(key); secret != nil {
			return secret
		}
	}
	for _, private := range s.private {
		if private.Size() != len(encrypted) {
			continue
		}
		secret := make([]byte, 48)
		// TLS up to 1.2 uses this padding; who has the key decides nothing here.
		//lint:ignore SA1019 nothing is served, so no oracle is offered
		if err := rsa.DecryptPKCS1v15SessionKey(nil, private, encrypted, secret); err != nil {
			continue
		}
		if secret[0] == 3 { // else the padding was wrong, and secret is as it was
			return secret
		}
	}
	return nil
}

// remember keeps the master secret of a session.
func (s *Secrets) remember(id, master []byte) {
	if len(id) == 0 || master == nil {
		return
	}
	if len(s.sessions) >= maxSessions {
		clear(s.sessions)
	}
	s.sessions[idOf(id)] = master
}

// prf is the pseudorandom function (RFC 5246, section 5; RFC 2246, section 5).
func prf(version Version, hash crypto.Hash, size int, secret []byte, label string, seed ...[]byte) []byte {
	text := append([]byte(label), bytes.Join(seed, nil)...)
	out := make([]byte, size)
	if version >= TLS12 {
		expand(out, hash, secret, text)
		return out
	}
	half := (len(secret) + 1) / 2
	expand(out, crypto.MD5, secret[:half], text)
	other := make([]byte, size)
	expand(other, crypto.SHA1, secret[len(secret)-half:], text)
	subtle.XORBytes(out, out, other)
	return out
}

// expand is P_hash.
func expand(out []byte, hash crypto.Hash, secret, seed []byte) {
	h := hmac.New(hash.New, secret)
	h.Write(seed)
	a := h.Sum(nil)
	for len(out) > 0 {
		h.Reset()
		h.Write(a)
		h.Write(seed)
		out = out[copy(out, h.Sum(nil)):]
		h.Reset()
		h.Write(a)
		a = h.Sum(nil)
	}
}

// sessionKeys returns the keys of both sides up to TLS 1.2 (RFC 5246, section
// 6.3).
func sessionKeys(version Version, s *suite, master, client, server []byte, etm bool) (fromClient, fromServer *keys) {
	mac, iv := 0, 0
	switch s.cipher {
	case cbcAES:
		iv = 16
	case cbc3DES:
		iv = 8
	case gcmAES, ccmAES, ccm8AES:
		iv = 4
	case chacha:
		iv = 12
	}
	if s.mac != 0 {
		mac = s.mac.Size()
		if version >= TLS11 {
			iv = 0 // it is in each record
		}
	}
	block := reader(prf(version, s.prf, 2*(mac+s.key+iv), master, "key expansion", server, client))
	a := &keys{suite: s, version: version, etm: etm}
	b := &keys{suite: s, version: version, etm: etm}
	a.mac, b.mac = block.skip(mac), block.skip(mac)
	a.key, b.key = block.skip(s.key), block.skip(s.key)
	a.iv, b.iv = block.skip(iv), block.skip(iv)
	if s.cipher == rc4Stream {
		a.stream, _ = rc4.NewCipher(a.key) // its key has a size that is allowed
		b.stream, _ = rc4.NewCipher(b.key)
	}
	return a, b
}

// trafficKeys returns the keys of a traffic secret of TLS 1.3 (RFC 8446,
// section 7.3), nil if it is of another hash.
func trafficKeys(s *suite, secret []byte) *keys {
	if len(secret) != s.prf.Size() {
		return nil
	}
	return &keys{suite: s, version: TLS13, secret: secret, key: expandLabel(s.prf, secret, "key", s.key), iv: expandLabel(s.prf, secret, "iv", 12)}
}

// next returns the keys behind a KeyUpdate (RFC 8446, section 7.2).
func (k *keys) next() *keys {
	return trafficKeys(k.suite, expandLabel(k.suite.prf, k.secret, "traffic upd", k.suite.prf.Size()))
}

// expandLabel is HKDF-Expand-Label without a context (RFC 8446, section 7.1).
func expandLabel(hash crypto.Hash, secret []byte, label string, size int) []byte {
	label = "tls13 " + label
	info := binary.BigEndian.AppendUint16(nil, uint16(size))
	info = append(info, byte(len(label)))
	info = append(append(info, label...), 0)
	out, err := hkdf.Expand(hash.New, secret, string(info), size)
	if err != nil {
		return make([]byte, size) // only a size that no suite has
	}
	return out
}
