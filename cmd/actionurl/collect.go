package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"actionurl/capture/live"
	"actionurl/cmd/actionurl/internal/run"
	"actionurl/cmd/actionurl/internal/sandbox"
	"actionurl/report"
	"actionurl/report/publish"
)

// A collection is what the flags say that collect what sensors publish.
type collection struct {
	durable  string
	lateness time.Duration
	metrics  string
}

// collectFlags adds the flags of collecting.
func (a *analysis) collectFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	a.publication.secretFlags(cmd)
	f.StringVar(&a.collection.durable, "durable", "", "with nats://, continue where the run of this `NAME` ended (see help sensors)")
	a.latenessFlag(cmd)
	f.StringVar(&a.collection.metrics, "metrics", "", "with nats://, serve Prometheus metrics at `ADDRESS`; :9100 means loopback only")
}

func (a *analysis) latenessFlag(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&a.collection.lateness, "lateness", publish.DefaultLateness, "with nats://, wait at most `TIME` for slower sensors")
}

// collect shows what sensors publish.
func (a *analysis) collect(ctx context.Context, servers string) error {
	if a.collection.lateness < 0 {
		return usage("invalid argument %q for \"--lateness\" flag: expected a time such as 10s", a.collection.lateness)
	}
	c := publish.CollectConfig{
		Durable: a.collection.durable, Lateness: a.collection.lateness,
		Say: func(s string) { report.Logf(a.messages(), "%s", s) },
	}
	if c.Durable != "" {
		if err := publish.CheckSensor(c.Durable); err != nil {
			return usage("invalid argument %q for \"--durable\" flag: %w", c.Durable, err)
		}
		a.Durable(&c)
	}
	var err error
	if c.Servers, err = publish.NewServers(servers, a.publication.creds, a.publication.nkey); err != nil {
		return usage("%w", err)
	}
	from, err := publish.Collect(ctx, c)
	if err != nil {
		return &statusError{statusFailed, err}
	}
	defer from.Close()
	if a.collection.metrics != "" {
		m, err := openMetrics(a.collection.metrics)
		if err != nil {
			return err
		}
		m.Collected(from.Counts)
		m.Serve(func() []live.Stats { return nil })
		defer m.Close()
	}
	a.Options.Sensors = true
	a.Ready = func(outputs []string) {
		a.enter.shut(sandbox.Rights{Write: outputs, Connect: c.Servers.Ports()}, a.Verbose, a.Stderr)
	}
	return ended(run.Collected(a.Config, from, c))
}
