package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"actionurl/report/publish"
)

// wholeSystems has the tests of whole systems take 100,000 events a sensor, and outages of
// half a minute; it takes ten minutes.
var wholeSystems = flag.Bool("systems", false, "test whole systems with many events and long outages")

// A system is servers, sensors and a collector, each a process.
type system struct {
	t        *testing.T
	bin, dir string
	n        int      // events a sensor
	captures []string // of two sites
	want     string   // what one machine makes of them
	lateness time.Duration

	servers []*exec.Cmd
	configs []string
	hosts   []string
	out     string
	from    string // namespace of the sensors; empty for none
}

// newSystem returns a system of so many servers at an address, which are started.
func newSystem(t *testing.T, servers int, address string) *system {
	t.Helper()
	y := &system{t: t, bin: t.TempDir(), dir: t.TempDir(), n: 4000, lateness: 5 * time.Second}
	if *wholeSystems {
		y.n, y.lateness = 100_000, 60*time.Second
	} else {
		t.Parallel() // they wait, most of the time
	}
	for _, name := range []string{"actionurl", "nats-server"} {
		if err := os.Symlink(os.Args[0], filepath.Join(y.bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	y.captures = []string{siteCapture(t, 1, y.n), siteCapture(t, 2, y.n)}
	y.want = outputOf(t, nil, "analyze", "--format", "ndjson", y.captures[0], y.captures[1])
	y.out = filepath.Join(y.dir, "all.ndjson")
	var ports, routes []string
	for range 2 * servers {
		l, err := net.Listen("tcp", address+":0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().String())
	}
	y.hosts = ports[:servers]
	for _, r := range ports[servers:] {
		routes = append(routes, fmt.Sprintf("%q", "nats://"+r))
	}
	for i := range servers {
		text := fmt.Sprintf("server_name: n%d\nlisten: %q\njetstream { store_dir: %q }\n", i, y.hosts[i], filepath.Join(y.dir, fmt.Sprintf("js%d", i)))
		if servers > 1 {
			text += fmt.Sprintf("cluster { name: c, listen: %q, routes: [%s] }\n", ports[servers+i], strings.Join(routes, ", "))
		}
		config := filepath.Join(y.dir, fmt.Sprintf("n%d.conf", i))
		if err := os.WriteFile(config, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		y.configs, y.servers = append(y.configs, config), append(y.servers, nil)
	}
	return y
}

// url names the servers.
func (y *system) url() string { return "nats://" + strings.Join(y.hosts, ",") }

// start starts a process.
func (y *system) start(name string, args ...string) *exec.Cmd {
	y.t.Helper()
	cmd := exec.Command(filepath.Join(y.bin, name), args...)
	if y.from != "" && name == "actionurl" && args[0] == "analyze" {
		cmd = exec.Command("ip", append([]string{"netns", "exec", y.from, filepath.Join(y.bin, name)}, args...)...)
	}
	cmd.Stderr = new(bytes.Buffer)
	if err := cmd.Start(); err != nil {
		y.t.Fatal(err)
	}
	y.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if y.t.Failed() {
			y.t.Logf("%s %s: %s", name, args[0], head(cmd.Stderr.(*bytes.Buffer).String()))
		}
	})
	return cmd
}

func kill(cmd *exec.Cmd) {
	cmd.Process.Kill()
	cmd.Wait()
}

// serve starts a server.
func (y *system) serve(i int) { y.servers[i] = y.start("nats-server", y.configs[i]) }

// sensor starts the sensor of a site on its file.
func (y *system) sensor(site int) *exec.Cmd {
	return y.start("actionurl", "analyze", "--publish", y.url(), "--sensor", fmt.Sprintf("site-%d", site), "--spool-dir", filepath.Join(y.dir, fmt.Sprintf("spool%d", site)),
		"-o", os.DevNull, "--format", "ndjson", y.captures[site-1])
}

func (y *system) collector() *exec.Cmd {
	return y.start("actionurl", "report", y.url(), "--durable", "test", "--lateness", y.lateness.String(), "-o", y.out)
}

// await waits for something.
func (y *system) await(what string, done func() bool) {
	y.t.Helper()
	limit := 2 * time.Minute
	if *wholeSystems {
		limit = 5 * time.Minute
	}
	for deadline := time.Now().Add(limit); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			y.t.Fatalf("no %s after %v", what, limit)
		}
	}
}

// published waits until the stream has so many messages, and returns what is known of
// it.
func (y *system) published(least int) *jetstream.StreamInfo {
	y.t.Helper()
	c, err := nats.Connect(y.url(), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
	if err != nil {
		y.t.Fatal(err)
	}
	defer c.Close()
	js, err := jetstream.New(c)
	if err != nil {
		y.t.Fatal(err)
	}
	var info *jetstream.StreamInfo
	y.await(fmt.Sprintf("%d messages", least), func() bool {
		ctx, cancel := context.WithTimeout(y.t.Context(), 2*time.Second)
		defer cancel()
		st, err := js.Stream(ctx, publish.StreamName)
		if err != nil {
			return false
		}
		info = st.CachedInfo()
		return int(info.State.Msgs) >= least
	})
	return info
}

// rows returns how many rows are written.
func (y *system) rows() int {
	data, _ := os.ReadFile(y.out)
	return bytes.Count(data, []byte{'\n'})
}

// check waits for the sensors and all rows, ends the collector, and compares.
func (y *system) check(collector *exec.Cmd, sensors ...*exec.Cmd) {
	y.t.Helper()
	for _, s := range sensors {
		if err := s.Wait(); err != nil {
			y.t.Errorf("a sensor: %v", err)
		}
	}
	y.await("end", func() bool { return y.rows() >= 2*y.n })
	collector.Process.Signal(os.Interrupt)
	if err := collector.Wait(); err != nil {
		y.t.Errorf("the collector: %v", err)
	}
	data, err := os.ReadFile(y.out)
	if err != nil {
		y.t.Fatal(err)
	}
	got := regexp.MustCompile(`"sensor":"[^"]*",`).ReplaceAllString(string(data), "")
	if got == y.want {
		return
	}
	// On a busy machine a sensor may be later than the lateness. Such rows come behind
	// their turn, and all others in theirs.
	late := map[string]bool{}
	const mark = `"late":true,`
	g, w := strings.Split(got, "\n"), strings.Split(y.want, "\n")
	g = slices.DeleteFunc(g, func(row string) bool {
		plain := strings.Replace(row, mark, "", 1)
		if plain == row {
			return false
		}
		if late[plain] {
			y.t.Errorf("twice: %s", row)
		}
		late[plain] = true
		return true
	})
	all := len(w)
	w = slices.DeleteFunc(w, func(row string) bool { return late[row] })
	y.t.Logf("%d rows are late", len(late))
	if slices.Equal(g, w) && len(w)+len(late) == all {
		return
	}
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			y.t.Fatalf("row %d of %d, want %d:\n%s\nwant\n%s", i+1, len(g), len(w), g[i], w[i])
		}
	}
	y.t.Errorf("%d rows, want %d", len(g), len(w))
}

// A server that is killed and started again on what it has stored has lost nothing.
func TestSystemServerKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	y := newSystem(t, 1, "127.0.0.1")
	y.serve(0)
	collector, a, b := y.collector(), y.sensor(1), y.sensor(2)
	for _, least := range []int{y.n / 4, y.n} {
		y.published(least)
		kill(y.servers[0])
		y.serve(0)
	}
	y.check(collector, a, b)
}

// Sensors that are killed and started again on their files publish nothing twice.
func TestSystemSensorsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	y := newSystem(t, 1, "127.0.0.1")
	y.serve(0)
	collector, a, b := y.collector(), y.sensor(1), y.sensor(2)
	y.published(y.n / 4)
	kill(a)
	a = y.sensor(1)
	y.published(y.n / 2)
	kill(b)
	b = y.sensor(2)
	y.check(collector, a, b)
}

// A collector that is killed goes on.
func TestSystemCollectorKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	y := newSystem(t, 1, "127.0.0.1")
	y.serve(0)
	collector, a, b := y.collector(), y.sensor(1), y.sensor(2)
	for _, least := range []int{1, y.n} {
		y.await("rows", func() bool { return y.rows() >= least })
		kill(collector)
		collector = y.collector()
	}
	y.check(collector, a, b)
}

// Of three servers one can go.
func TestSystemCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	y := newSystem(t, 3, "127.0.0.1")
	y.lateness = max(y.lateness, 40*time.Second) // a busy machine takes so long to choose a leader, and sensors to find it
	for i := range y.servers {
		y.serve(i)
	}
	collector, a, b := y.collector(), y.sensor(1), y.sensor(2)
	info := y.published(y.n / 4)
	if info.Config.Replicas != 3 {
		t.Errorf("the stream has %d replicas, want 3", info.Config.Replicas)
	}
	if info.Cluster == nil || !strings.HasPrefix(info.Cluster.Leader, "n") {
		t.Fatalf("no leader in %+v", info.Cluster)
	}
	kill(y.servers[info.Cluster.Leader[1]-'0'])
	y.check(collector, a, b)
}

// withLast returns an IPv4 address, of which the last number is greater by one below
// 4.
func withLast(address string, by byte) string {
	ip := net.ParseIP(address).To4()
	ip[3] += by
	return ip.String()
}

// Sensors whose network is cut wait, and the collector waits for them.
func TestSystemNetworkCut(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	if os.Getuid() != 0 {
		t.Skip("makes a network namespace")
	}
	pid := os.Getpid()
	name, network := fmt.Sprintf("aurl%d", pid), fmt.Sprintf("10.213.%d.%d", pid/64%256, pid%64*4)
	outside, inside := withLast(network, 1), withLast(network, 2)
	ip := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			t.Fatalf("ip %v: %v: %s", args, err, out)
		}
	}
	if _, err := exec.LookPath("ip"); err != nil && os.Getenv("CI") == "" {
		t.Skip("ip is not installed")
	}
	ip("netns", "add", name)
	t.Cleanup(func() { exec.Command("ip", "netns", "del", name).Run() })
	ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
	ip("addr", "add", outside+"/30", "dev", name)
	ip("link", "set", name, "up")
	ip("-n", name, "addr", "add", inside+"/30", "dev", "eth0")
	ip("-n", name, "link", "set", "eth0", "up")
	ip("-n", name, "link", "set", "lo", "up")

	y := newSystem(t, 1, outside)
	y.from, y.lateness = name, max(y.lateness, 12*time.Second) // TCP tries again later and later
	y.serve(0)
	collector, a, b := y.collector(), y.sensor(1), y.sensor(2)
	y.published(y.n / 4)
	ip("link", "set", name, "down")
	if *wholeSystems {
		time.Sleep(30 * time.Second)
	} else {
		time.Sleep(3 * time.Second)
	}
	ip("link", "set", name, "up")
	y.check(collector, a, b)
}
