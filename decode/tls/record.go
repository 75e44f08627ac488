package tls

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/rc4"
	"crypto/subtle"
	"encoding/binary"

	"golang.org/x/crypto/chacha20poly1305"
)

// keys are what the records of one side are encrypted with. Ciphers are made of
// them for each record: made once they would take a kilobyte a side, of a
// hundred thousand connections.
type keys struct {
	suite   *suite
	version Version
	etm     bool // encrypt, then MAC (RFC 7366)

	key, iv, mac []byte
	secret       []byte      // traffic secret of TLS 1.3, from which the next one comes
	stream       *rc4.Cipher // of RC4, which goes on from record to record
	number       uint64      // of the next record
}

// maxMissed is how many records may have been lost in a hole, at most: each is
// tried.
const maxMissed = 64

// open decrypts a record of a content type, and returns what is in it and its
// true type. It is not ok where the record is not of these keys, or damaged. The
// record stays as it is.
func (k *keys) open(kind byte, record []byte) (plain []byte, inner byte, ok bool) {
	switch k.suite.cipher {
	case rc4Stream:
		plain, ok = k.openStream(kind, record)
	case cbcAES, cbc3DES:
		plain, ok = k.openBlocks(kind, record)
	default:
		plain, ok = k.openAEAD(kind, record)
	}
	if !ok {
		return nil, 0, false
	}
	k.number++
	if k.version < TLS13 {
		return plain, kind, true
	}
	plain = bytes.TrimRight(plain, "\x00") // padding (RFC 8446, section 5.4)
	if len(plain) == 0 {
		return nil, 0, false
	}
	return plain[:len(plain)-1], plain[len(plain)-1], true
}

// resume is open for the first record behind a hole of so many bytes, in which
// up to maxMissed records were lost: heads, and what the keys are for.
func (k *keys) resume(kind byte, record []byte, hole int) (plain []byte, inner byte, ok bool) {
	before, stream := k.number, k.stream
	if hole > maxMissed*(recordHead+maxRecord) {
		return nil, 0, false
	}
	for missed := range maxMissed {
		if k.suite.cipher == rc4Stream { // it goes on behind the bytes between the heads
			lost := hole - missed*recordHead
			if lost < 0 {
				break
			}
			next := *stream
			skipped := make([]byte, lost)
			next.XORKeyStream(skipped, skipped)
			k.stream = &next
		}
		k.number = before + uint64(missed)
		if plain, inner, ok = k.open(kind, record); ok {
			return plain, inner, true
		}
	}
	k.number, k.stream = before, stream
	return nil, 0, false
}

// openStream decrypts a record of RC4 (RFC 5246, section 6.2.3.1).
func (k *keys) openStream(kind byte, record []byte) ([]byte, bool) {
	plain := make([]byte, len(record))
	k.stream.XORKeyStream(plain, record)
	return k.checked(kind, plain)
}

// openBlocks decrypts a record of a block cipher in CBC mode (RFC 5246, section
// 6.2.3.2; RFC 7366).
func (k *keys) openBlocks(kind byte, record []byte) ([]byte, bool) {
	var block cipher.Block
	var err error
	if k.suite.cipher == cbc3DES {
		block, err = des.NewTripleDESCipher(k.key)
	} else {
		block, err = aes.NewCipher(k.key)
	}
	if err != nil {
		return nil, false
	}
	size := block.BlockSize()
	if k.etm {
		n := len(record) - k.suite.mac.Size()
		if n < 0 || !k.verify(kind, record[:n], record[n:]) {
			return nil, false
		}
		record = record[:n]
	}
	iv := k.iv
	if k.version >= TLS11 {
		if len(record) < size {
			return nil, false
		}
		iv, record = record[:size], record[size:]
	}
	if len(record) == 0 || len(record)%size != 0 {
		return nil, false
	}
	last := bytes.Clone(record[len(record)-size:])
	plain := make([]byte, len(record))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, record)
	padding := int(plain[len(plain)-1]) + 1
	if padding > len(plain) {
		return nil, false
	}
	plain = plain[:len(plain)-padding]
	ok := true
	if !k.etm {
		plain, ok = k.checked(kind, plain)
	}
	if ok && k.version < TLS11 {
		k.iv = last
	}
	return plain, ok
}

// checked cuts the MAC off the end of a record, and reports whether it is right.
func (k *keys) checked(kind byte, plain []byte) ([]byte, bool) {
	n := len(plain) - k.suite.mac.Size()
	if n < 0 {
		return nil, false
	}
	return plain[:n], k.verify(kind, plain[:n], plain[n:])
}

// verify reports whether a MAC is that of the next record (RFC 5246, section
// 6.2.3.1).
func (k *keys) verify(kind byte, data, mac []byte) bool {
	h := hmac.New(k.suite.mac.New, k.mac)
	h.Write(k.header(kind, len(data)))
	h.Write(data)
	return subtle.ConstantTimeCompare(h.Sum(nil), mac) == 1
}

// header returns what of a record is authenticated with its content, up to TLS
// 1.2.
func (k *keys) header(kind byte, size int) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 13), k.number)
	b = append(b, kind, byte(k.version>>8), byte(k.version))
	return binary.BigEndian.AppendUint16(b, uint16(size))
}

// openAEAD decrypts a record of authenticated encryption (RFC 5246, section
// 6.2.3.3; RFC 8446, section 5.2).
func (k *keys) openAEAD(kind byte, record []byte) ([]byte, bool) {
	aead, err := k.aead()
	if err != nil {
		return nil, false
	}
	nonce := make([]byte, 12)
	if k.version < TLS13 && k.suite.cipher != chacha { // RFC 5288, section 3
		if len(record) < 8 {
			return nil, false
		}
		copy(nonce, k.iv)
		copy(nonce[4:], record[:8])
		record = record[8:]
	} else { // RFC 7905, section 2
		binary.BigEndian.PutUint64(nonce[4:], k.number)
		for i := range nonce {
			nonce[i] ^= k.iv[i]
		}
	}
	size := len(record) - aead.Overhead()
	if size < 0 {
		return nil, false
	}
	header := k.header(kind, size)
	if k.version == TLS13 {
		header = []byte{kind, 3, 3, byte(len(record) >> 8), byte(len(record))}
	}
	plain, err := aead.Open(nil, nonce, record, header)
	return plain, err == nil
}

func (k *keys) aead() (cipher.AEAD, error) {
	if k.suite.cipher == chacha {
		return chacha20poly1305.New(k.key)
	}
	block, err := aes.NewCipher(k.key)
	if err != nil {
		return nil, err
	}
	switch k.suite.cipher {
	case ccmAES:
		return ccm{block, 16}, nil
	case ccm8AES:
		return ccm{block, 8}, nil
	}
	return cipher.NewGCM(block)
}

// ccm is AES in counter mode with CBC-MAC (RFC 3610), with nonces of 12 bytes,
// as TLS uses it (RFC 6655). It only opens.
type ccm struct {
	block cipher.Block
	tag   int // bytes
}

func (c ccm) NonceSize() int { return 12 }
func (c ccm) Overhead() int  { return c.tag }

// Seal is not needed to read.
func (c ccm) Seal(dst, nonce, plaintext, additional []byte) []byte {
	panic("ccm: records are only read")
}

// Open implements [cipher.AEAD].
func (c ccm) Open(dst, nonce, text, additional []byte) ([]byte, error) {
	const counter = 15 - 12 // bytes of the length, and of the block's number
	n := len(text) - c.tag
	if n < 0 {
		return nil, errTag
	}
	var start [aes.BlockSize]byte
	start[0] = counter - 1
	copy(start[1:], nonce)
	stream := cipher.NewCTR(c.block, start[:])
	var mask [aes.BlockSize]byte
	stream.XORKeyStream(mask[:], mask[:])
	plain := make([]byte, n)
	stream.XORKeyStream(plain, text[:n])

	var mac [aes.BlockSize]byte
	mac[0] = 1<<6 | byte((c.tag-2)/2)<<3 | counter - 1
	copy(mac[1:], nonce)
	mac[13], mac[14], mac[15] = byte(n>>16), byte(n>>8), byte(n)
	c.block.Encrypt(mac[:], mac[:])
	c.add(&mac, append(binary.BigEndian.AppendUint16(nil, uint16(len(additional))), additional...))
	c.add(&mac, plain)
	for i := range mac {
		mac[i] ^= mask[i]
	}
	if subtle.ConstantTimeCompare(mac[:c.tag], text[n:]) != 1 {
		return nil, errTag
	}
	return append(dst, plain...), nil
}

// add adds data, filled up with zeros to whole blocks, to a MAC.
func (c ccm) add(mac *[aes.BlockSize]byte, data []byte) {
	for len(data) > 0 {
		n := subtle.XORBytes(mac[:], mac[:], data)
		data = data[n:]
		c.block.Encrypt(mac[:], mac[:])
	}
}
