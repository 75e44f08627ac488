package tls

import (
	"crypto"
	_ "crypto/md5" // of the PRF of TLS 1.0 and 1.1
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"fmt"
)

// A cipherKind is how records are encrypted.
type cipherKind uint8

const (
	unread cipherKind = iota // known by name only
	rc4Stream
	cbc3DES
	cbcAES
	gcmAES
	ccmAES
	ccm8AES // with a tag of 8 bytes
	chacha
)

// A suite is a cipher suite.
type suite struct {
	name   string // as IANA registers it, without TLS_
	rsa    bool   // the client encrypts the premaster secret with the server's key
	cipher cipherKind
	key    int         // bytes
	mac    crypto.Hash // of the records; 0 for authenticated encryption
	prf    crypto.Hash // of TLS 1.2 and 1.3; before, it is MD5 and SHA-1
}

// suiteOf returns a cipher suite by its number (IANA, TLS Cipher Suites).
func suiteOf(number uint16) *suite {
	if s := suites[number]; s != nil {
		return s
	}
	return &suite{name: fmt.Sprintf("0x%04x", number), prf: crypto.SHA256}
}

// suites are the suites that are read, and those that are only named.
var suites = map[uint16]*suite{
	0x0004: {"RSA_WITH_RC4_128_MD5", true, rc4Stream, 16, crypto.MD5, crypto.SHA256},
	0x0005: {"RSA_WITH_RC4_128_SHA", true, rc4Stream, 16, crypto.SHA1, crypto.SHA256},
	0x000a: {"RSA_WITH_3DES_EDE_CBC_SHA", true, cbc3DES, 24, crypto.SHA1, crypto.SHA256},
	0x0016: {"DHE_RSA_WITH_3DES_EDE_CBC_SHA", false, cbc3DES, 24, crypto.SHA1, crypto.SHA256},
	0x002f: {"RSA_WITH_AES_128_CBC_SHA", true, cbcAES, 16, crypto.SHA1, crypto.SHA256},
	0x0032: {"DHE_DSS_WITH_AES_128_CBC_SHA", false, cbcAES, 16, crypto.SHA1, crypto.SHA256},
	0x0033: {"DHE_RSA_WITH_AES_128_CBC_SHA", false, cbcAES, 16, crypto.SHA1, crypto.SHA256},
	0x0035: {"RSA_WITH_AES_256_CBC_SHA", true, cbcAES, 32, crypto.SHA1, crypto.SHA256},
	0x0038: {"DHE_DSS_WITH_AES_256_CBC_SHA", false, cbcAES, 32, crypto.SHA1, crypto.SHA256},
	0x0039: {"DHE_RSA_WITH_AES_256_CBC_SHA", false, cbcAES, 32, crypto.SHA1, crypto.SHA256},
	0x003c: {"RSA_WITH_AES_128_CBC_SHA256", true, cbcAES, 16, crypto.SHA256, crypto.SHA256},
	0x003d: {"RSA_WITH_AES_256_CBC_SHA256", true, cbcAES, 32, crypto.SHA256, crypto.SHA256},
	0x0040: {"DHE_DSS_WITH_AES_128_CBC_SHA256", false, cbcAES, 16, crypto.SHA256, crypto.SHA256},
	0x0041: {name: "RSA_WITH_CAMELLIA_128_CBC_SHA", rsa: true, prf: crypto.SHA256},
	0x0045: {name: "DHE_RSA_WITH_CAMELLIA_128_CBC_SHA", prf: crypto.SHA256},
	0x0067: {"DHE_RSA_WITH_AES_128_CBC_SHA256", false, cbcAES, 16, crypto.SHA256, crypto.SHA256},
	0x006a: {"DHE_DSS_WITH_AES_256_CBC_SHA256", false, cbcAES, 32, crypto.SHA256, crypto.SHA256},
	0x006b: {"DHE_RSA_WITH_AES_256_CBC_SHA256", false, cbcAES, 32, crypto.SHA256, crypto.SHA256},
	0x0084: {name: "RSA_WITH_CAMELLIA_256_CBC_SHA", rsa: true, prf: crypto.SHA256},
	0x0088: {name: "DHE_RSA_WITH_CAMELLIA_256_CBC_SHA", prf: crypto.SHA256},
	0x009c: {"RSA_WITH_AES_128_GCM_SHA256", true, gcmAES, 16, 0, crypto.SHA256},
	0x009d: {"RSA_WITH_AES_256_GCM_SHA384", true, gcmAES, 32, 0, crypto.SHA384},
	0x009e: {"DHE_RSA_WITH_AES_128_GCM_SHA256", false, gcmAES, 16, 0, crypto.SHA256},
	0x009f: {"DHE_RSA_WITH_AES_256_GCM_SHA384", false, gcmAES, 32, 0, crypto.SHA384},
	0x00a2: {"DHE_DSS_WITH_AES_128_GCM_SHA256", false, gcmAES, 16, 0, crypto.SHA256},
	0x00a3: {"DHE_DSS_WITH_AES_256_GCM_SHA384", false, gcmAES, 32, 0, crypto.SHA384},
	0x00ba: {name: "RSA_WITH_CAMELLIA_128_CBC_SHA256", rsa: true, prf: crypto.SHA256},
	0x00be: {name: "DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256", prf: crypto.SHA256},
	0x00c0: {name: "RSA_WITH_CAMELLIA_256_CBC_SHA256", rsa: true, prf: crypto.SHA256},
	0x00c4: {name: "DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256", prf: crypto.SHA256},
	0x1301: {"AES_128_GCM_SHA256", false, gcmAES, 16, 0, crypto.SHA256},
	0x1302: {"AES_256_GCM_SHA384", false, gcmAES, 32, 0, crypto.SHA384},
	0x1303: {"CHACHA20_POLY1305_SHA256", false, chacha, 32, 0, crypto.SHA256},
	0x1304: {"AES_128_CCM_SHA256", false, ccmAES, 16, 0, crypto.SHA256},
	0x1305: {"AES_128_CCM_8_SHA256", false, ccm8AES, 16, 0, crypto.SHA256},
	0xc007: {"ECDHE_ECDSA_WITH_RC4_128_SHA", false, rc4Stream, 16, crypto.SHA1, crypto.SHA256},
	0xc008: {"ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA", false, cbc3DES, 24, crypto.SHA1, crypto.SHA256},
	0xc009: {"ECDHE_ECDSA_WITH_AES_128_CBC_SHA", false, cbcAES, 16, crypto.SHA1, crypto.SHA256},
	0xc00a: {"ECDHE_ECDSA_WITH_AES_256_CBC_SHA", false, cbcAES, 32, crypto.SHA1, crypto.SHA256},
	0xc011: {"ECDHE_RSA_WITH_RC4_128_SHA", false, rc4Stream, 16, crypto.SHA1, crypto.SHA256},
	0xc012: {"ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", false, cbc3DES, 24, crypto.SHA1, crypto.SHA256},
	0xc013: {"ECDHE_RSA_WITH_AES_128_CBC_SHA", false, cbcAES, 16, crypto.SHA1, crypto.SHA256},
	0xc014: {"ECDHE_RSA_WITH_AES_256_CBC_SHA", false, cbcAES, 32, crypto.SHA1, crypto.SHA256},
	0xc023: {"ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", false, cbcAES, 16, crypto.SHA256, crypto.SHA256},
	0xc024: {"ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", false, cbcAES, 32, crypto.SHA384, crypto.SHA384},
	0xc027: {"ECDHE_RSA_WITH_AES_128_CBC_SHA256", false, cbcAES, 16, crypto.SHA256, crypto.SHA256},
	0xc028: {"ECDHE_RSA_WITH_AES_256_CBC_SHA384", false, cbcAES, 32, crypto.SHA384, crypto.SHA384},
	0xc02b: {"ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", false, gcmAES, 16, 0, crypto.SHA256},
	0xc02c: {"ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", false, gcmAES, 32, 0, crypto.SHA384},
	0xc02f: {"ECDHE_RSA_WITH_AES_128_GCM_SHA256", false, gcmAES, 16, 0, crypto.SHA256},
	0xc030: {"ECDHE_RSA_WITH_AES_256_GCM_SHA384", false, gcmAES, 32, 0, crypto.SHA384},
	0xc072: {name: "ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256", prf: crypto.SHA256},
	0xc073: {name: "ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384", prf: crypto.SHA256},
	0xc076: {name: "ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256", prf: crypto.SHA256},
	0xc077: {name: "ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384", prf: crypto.SHA256},
	0xc09c: {"RSA_WITH_AES_128_CCM", true, ccmAES, 16, 0, crypto.SHA256},
	0xc09d: {"RSA_WITH_AES_256_CCM", true, ccmAES, 32, 0, crypto.SHA256},
	0xc09e: {"DHE_RSA_WITH_AES_128_CCM", false, ccmAES, 16, 0, crypto.SHA256},
	0xc09f: {"DHE_RSA_WITH_AES_256_CCM", false, ccmAES, 32, 0, crypto.SHA256},
	0xc0a0: {"RSA_WITH_AES_128_CCM_8", true, ccm8AES, 16, 0, crypto.SHA256},
	0xc0a1: {"RSA_WITH_AES_256_CCM_8", true, ccm8AES, 32, 0, crypto.SHA256},
	0xc0a2: {"DHE_RSA_WITH_AES_128_CCM_8", false, ccm8AES, 16, 0, crypto.SHA256},
	0xc0a3: {"DHE_RSA_WITH_AES_256_CCM_8", false, ccm8AES, 32, 0, crypto.SHA256},
	0xc0ac: {"ECDHE_ECDSA_WITH_AES_128_CCM", false, ccmAES, 16, 0, crypto.SHA256},
	0xc0ad: {"ECDHE_ECDSA_WITH_AES_256_CCM", false, ccmAES, 32, 0, crypto.SHA256},
	0xc0ae: {"ECDHE_ECDSA_WITH_AES_128_CCM_8", false, ccm8AES, 16, 0, crypto.SHA256},
	0xc0af: {"ECDHE_ECDSA_WITH_AES_256_CCM_8", false, ccm8AES, 32, 0, crypto.SHA256},
	0xcca8: {"ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", false, chacha, 32, 0, crypto.SHA256},
	0xcca9: {"ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", false, chacha, 32, 0, crypto.SHA256},
	0xccaa: {"DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", false, chacha, 32, 0, crypto.SHA256},
}

// SuiteName returns the registered name of a cipher suite, without TLS_, or its
// number.
func SuiteName(number uint16) string { return suiteOf(number).name }
