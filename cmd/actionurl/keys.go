package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"actionurl/cmd/actionurl/internal/run"
	"actionurl/decode/tls"
)

// keys are the files that decrypt TLS.
type keys struct {
	private []string
	log     string
	live    bool // the log is read on for as long as the program runs
}

// flags adds the flags that name them.
func (k *keys) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&k.private, "tls-key", nil, "decrypt TLS up to 1.2 with the server's RSA key in `FILE` (PEM); repeatable")
	f.StringVar(&k.log, "keylog", "", "read TLS secrets from `FILE` (SSLKEYLOGFILE), also while it grows")
}

// load reads the private keys, and opens the key log; nil for none.
func (k *keys) load() (*tls.Secrets, *os.File, error) {
	secrets, log, err := run.OpenKeys(k.private, k.log, k.live)
	if err != nil {
		return nil, nil, &statusError{statusFailed, err}
	}
	return secrets, log, nil
}

// read is load that reads the key log, too, up to its end.
func (k *keys) read() (*tls.Secrets, error) {
	secrets, log, err := k.load()
	if log == nil {
		return secrets, err
	}
	defer log.Close()
	if _, err := secrets.AddLog(log); err != nil {
		return nil, &statusError{statusFailed, fmt.Errorf("%s: %w", k.log, err)}
	}
	return secrets, nil
}
