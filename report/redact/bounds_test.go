package redact

import (
	"encoding/base64"
	"strings"
	"testing"
)

// Beyond what is decoded of a record, base64 is replaced unread.
func TestEffort(t *testing.T) {
	r := newRedactor(t, Addresses, "")
	secret := base64.StdEncoding.EncodeToString([]byte("at 10.0.0.5"))
	harmless := strings.Repeat("QUJD", mostBase64/4) + " "
	got := r.scan(strings.Repeat(harmless, 3*maxEffort/mostBase64)+secret, freely)
	if strings.Contains(got, secret) {
		t.Error("an address passes behind much base64")
	}
	if r.effort > -maxEffort {
		t.Errorf("an effort of %d is left: correct the test", r.effort)
	}
}
