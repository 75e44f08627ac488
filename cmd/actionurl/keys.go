package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"actionurl/capture/files"
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
	secrets := tls.NewSecrets()
	for _, name := range k.private {
		file, err := os.ReadFile(name)
		if err != nil {
			return nil, nil, &statusError{statusFailed, files.Named(name, err)}
		}
		if err := secrets.AddPrivateKey(file); err != nil {
			return nil, nil, &statusError{statusFailed, fmt.Errorf("%s: %w", name, err)}
		}
	}
	if k.log == "" {
		return secrets, nil, nil
	}
	log, err := k.openLog()
	if err != nil {
		return nil, nil, &statusError{statusFailed, files.Named(k.log, err)}
	}
	return secrets, log, nil
}

// openLog opens the key log. Of a named pipe that is read on, the program is a writer
// itself: it need not wait for another, nor does the log end with one.
func (k *keys) openLog() (*os.File, error) {
	if info, err := os.Stat(k.log); k.live && err == nil && info.Mode()&os.ModeNamedPipe != 0 {
		if log, err := os.OpenFile(k.log, os.O_RDWR, 0); err == nil {
			return log, nil
		}
	}
	return os.Open(k.log)
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
