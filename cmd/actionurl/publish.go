package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"actionurl/cmd/actionurl/internal/sandbox"
	"actionurl/report"
	"actionurl/report/formats"
	"actionurl/report/hep"
	"actionurl/report/output"
	"actionurl/report/publish"
)

// A publication is what the flags say that publish what is captured.
type publication struct {
	to, creds, nkey string
	sensor, dir     string
	hep             string
	spool           int64

	servers *publish.Servers // nil for none
}

// publishFlags adds the flags of publishing.
func (a *analysis) publishFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	p := &a.publication
	p.spool = publish.DefaultSpool
	f.StringVar(&p.to, "publish", "", "publish what is shown to NATS `SERVERS`: nats://HOST[,HOST], or tls:// (see help sensors)")
	p.secretFlags(cmd)
	f.StringVar(&p.sensor, "sensor", "", "name this sensor `NAME` (with --publish, default the host's name)")
	f.StringVar(&p.dir, "spool-dir", "", "keep unpublished lines in `FOLDER`")
	f.Var(&parsed{parse: func(s string) (err error) { p.spool, err = output.ParseSize(s); return err }}, "spool", "limit the spool to `SIZE` (default 1GiB)")
	f.StringVar(&p.hep, "hep", "", "send events to Homer at `HOST:PORT` (HEPv3 over UDP), next to the SIP of their calls")
	cmd.MarkFlagDirname("spool-dir")
}

// secretFlags adds the flags that name files with secrets.
func (p *publication) secretFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.creds, "nats-creds", "", "read the credentials for NATS from `FILE`")
	cmd.Flags().StringVar(&p.nkey, "nats-nkey", "", "read the NKey seed for NATS from `FILE`")
}

// finishPublication checks the flags of publishing.
func (a *analysis) finishPublication() error {
	p := &a.publication
	if p.to != "" {
		host, _ := os.Hostname()
		if p.sensor = cmp.Or(p.sensor, publish.SensorOf(host)); p.sensor == "" {
			return usage("this host has no name; expected --sensor NAME")
		}
	}
	if a.Options.Sensor = p.sensor; p.sensor == "" {
		return nil
	}
	if err := publish.CheckSensor(p.sensor); err != nil {
		return usage("invalid argument %q for \"--sensor\" flag: %w", p.sensor, err)
	}
	p.dir = cmp.Or(p.dir, publish.DefaultDir(p.sensor))
	return nil
}

// publisher begins to publish, and to send events to Homer, if that is asked for.
func (a *analysis) publisher(ctx context.Context, live bool) (stop func() error, err error) {
	p := &a.publication
	if p.hep != "" {
		if a.HEP, err = hep.New(p.hep, p.sensor, formats.All().Named("ndjson")); err != nil {
			return nil, &statusError{statusFailed, fmt.Errorf("--hep: %w", err)}
		}
	}
	if p.to == "" {
		return func() error { return nil }, nil
	}
	if p.servers, err = publish.NewServers(p.to, p.creds, p.nkey); err != nil {
		return nil, usage("--publish: %w", err)
	}
	c := publish.Config{Servers: p.servers, Sensor: p.sensor, Dir: p.dir, Spool: p.spool, Wait: !live,
		Say: func(s string) { report.Logf(a.messages(), "%s", s) }}
	if live {
		c.Run = time.Now().UnixNano()
	}
	if a.Publisher, err = publish.New(ctx, c); err != nil {
		return nil, &statusError{statusFailed, err}
	}
	return a.Publisher.Close, nil
}

// keep adds to the rights those that publishing needs.
func (p *publication) keep(r sandbox.Rights) sandbox.Rights {
	if p.servers != nil {
		r.Connect = p.servers.Ports()
		r.Write = append(r.Write, p.dir)
	}
	return r
}
