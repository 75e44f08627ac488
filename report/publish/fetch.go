package publish

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// errAnother is the error of a stream in the place of the one that was read: the
// numbers of its messages are others.
var errAnother = errors.New("the stream was deleted and made anew; the next run reads it from its beginning")

// fetch fetches messages from the sequence next on, until ctx ends, or the stream is
// another one. The consumer is an ordered one, which the server forgets: how far the
// collector has come is what it has written.
func (k *Collector) fetch(ctx context.Context, st jetstream.Stream, next uint64) {
	defer close(k.done)
	var beginning int64 // not known yet
	if all := st.CachedInfo().State; all.Msgs > 0 {
		beginning = all.FirstTime.UnixNano()
	}
	created := st.CachedInfo().Created
	for ctx.Err() == nil {
		connections := k.conn.Stats().Reconnects
		consumer, err := st.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
			DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: next,
			MaxResetAttempts: 1, // each under the same name, which a cluster may have given to a server that is gone
		})
		if err != nil {
			pause(ctx, idleTime)
			continue
		}
		all, err := consumer.Messages(jetstream.PullMaxMessages(ahead))
		if err != nil {
			pause(ctx, idleTime)
			continue
		}
		stop := context.AfterFunc(ctx, all.Stop)
		now := look(ctx, st)
		if now != nil && !now.Created.Equal(created) {
			k.failed = errAnother
		}
		for now != nil && k.failed == nil {
			m, err := all.Next(jetstream.NextMaxWait(stallTime))
			if k.conn.Stats().Reconnects != connections {
				break // the servers may have lost the stream
			}
			if errors.Is(err, nats.ErrTimeout) {
				if now := look(ctx, st); now == nil || now.State.LastSeq < next {
					continue
				}
			}
			if err != nil {
				break
			}
			got := readMessage(m)
			if got.sequence < next {
				continue
			}
			got.beginning = beginning
			next = got.sequence + 1
			select {
			case k.messages <- got:
			case <-ctx.Done():
			}
		}
		stop()
		all.Stop()
		if k.failed != nil {
			return
		}
		pause(ctx, idleTime)
	}
}

// stallTime is how long nothing comes before the server is asked whether there is
// more: a consumer is lost with the server of a cluster that keeps it.
const stallTime = 5 * time.Second

// look returns what is known of the stream, nil if no server answers.
func look(ctx context.Context, st jetstream.Stream) *jetstream.StreamInfo {
	try, cancel := context.WithTimeout(ctx, stallTime)
	defer cancel()
	info, _ := st.Info(try)
	return info
}

// readMessage reads a message.
func readMessage(m jetstream.Msg) message {
	meta, err := m.Metadata()
	if err != nil {
		return message{}
	}
	sensor, ok := strings.CutPrefix(m.Subject(), subjectsPrefix)
	got := message{sequence: meta.Sequence.Stream, stored: meta.Timestamp.UnixNano(), pending: meta.NumPending, id: m.Headers().Get(jetstream.MsgIDHeader)}
	if at := strings.TrimSuffix(sensor, linesSuffix); at != sensor {
		sensor, got.line = at, string(m.Data())
	} else {
		sensor = strings.TrimSuffix(sensor, beatsSuffix)
	}
	if !ok || CheckSensor(sensor) != nil {
		got.line = ""
		return got
	}
	got.sensor = sensor
	for name, to := range map[string]*int64{headerRun: &got.run, headerLine: &got.n, headerTime: &got.reached} {
		*to, _ = strconv.ParseInt(m.Headers().Get(name), 10, 64)
	}
	return got
}
