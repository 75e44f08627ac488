package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"actionurl/capture/files"
	"actionurl/capture/filter"
	"actionurl/cmd/actionurl/internal/run"
	"actionurl/cmd/actionurl/internal/sandbox"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/packet"
	"actionurl/decode/profile"
	"actionurl/decode/timeline"
	"actionurl/report"
	"actionurl/report/formats"
	"actionurl/report/output"
)

// An analysis is what the flags say that analyze, sniff and report share.
type analysis struct {
	run.Config

	expr    string       // of -f
	capture *filter.Expr // the same, read; nil for none

	view, group, time string
	terms             []term // of the filter, as they were given
	enter             shutter

	failOn string // severity of findings that fail the run; empty for none
	color  string

	profiles []string // files and folders
	skipBad  bool     // go on without the files that cannot be used
}

// A term is a flag of the filter, and its value.
type term struct{ flag, text string }

func newAnalyze(enter shutter) *cobra.Command {
	a := &analysis{enter: enter}
	cmd := &cobra.Command{
		Use:   "analyze [flags] CAPTURE...",
		Short: "Read captures and print what phones announced",
		Long: `analyze reads packet captures (pcap or pcapng, compressed or not, folders of
them, or "-" for standard input) and prints a row for each Action URL request of
a phone; or, with --view, for each call, each phone, or what is wrong.

Which event a request stands for is told by the URL that was typed into the
phone; -t takes it as it is, with its variables, and -p reads it from profiles
and the phones' provisioning files. Without it, the event is known
only where the URL itself names it; else it is "?".`,
		Example: `  actionurl analyze trace.pcap
  actionurl analyze -t 'incoming_call=192.168.40.207/mac=$mac&local=$local' trace.pcap
  actionurl analyze -p site.yaml -p /srv/tftp trace.pcap
  actionurl analyze --view calls trace.pcap                    # what happened to each call
  actionurl analyze --view findings trace.pcap                 # what is wrong, and what to do
  actionurl analyze --view requests trace.pcap                 # every HTTP request
  actionurl analyze --phone 00:0b:82:12:34:56 --format ndjson trace.pcap
  actionurl analyze -o events.csv monday.pcap tuesday.pcapng
  ssh sensor tcpdump -U -w - port 80 | actionurl analyze -`,
		Args: captureArgs,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"pcap", "pcapng", "cap"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.finish(cmd); err != nil {
				return err
			}
			return a.analyze(cmd.Context(), args, cmd.InOrStdin())
		},
	}
	a.flags(cmd)
	return cmd
}

// captureArgs wants a capture.
func captureArgs(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return errors.New("no capture is named; expected the name of a pcap or pcapng file, or - for standard input")
	}
	return nil
}

// flags adds the flags that analyze and sniff share.
func (a *analysis) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	a.templateFlags(cmd)
	a.rowFlags(cmd)
	f.BoolVar(&a.Complete, "complete", false, "with --format ndjson, write objects beside the rows with what else report needs to show the same as now: findings of no request, what SIP tells of calls, the end of the capture")
	f.StringVarP(&a.expr, "filter", "f", "", "look only at frames that match `EXPR`, in tcpdump's syntax")
	f.StringVarP(&a.Frames, "write", "w", "", "`FILE` for the frames of the connections that had events, as pcapng; - is standard output")
	f.Var(&parsed{parse: a.rotation}, "rotate", "begin another file at a `SIZE` such as 100MB, or with each span of time such as 1h; the names of -o and -w then have a time in them: %Y %m %d %H %M %S")
	a.decodeFlags(cmd)
	cmd.MarkFlagFilename("write", "pcapng", "gz")
	complete(cmd, "rotate", []string{"100MB", "1GB", "1h", "24h"})
}

// templateFlags adds the flags that say what was typed into the phones.
func (a *analysis) templateFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.VarP(&parsed{parse: a.template}, "template", "t", "`EVENT=URL`, as typed into the phone; EVENT is a slug, a label, a P-value or an alias; repeatable")
	f.StringArrayVarP(&a.profiles, "profile", "p", nil, "`FILE` that says what was typed into the phones: a profile, a phone's provisioning file, or a folder of them; repeatable")
	f.BoolVar(&a.skipBad, "skip-bad-profiles", false, "go on without the files of -p that cannot be used")
}

// decodeFlags adds the flags that say how to decode.
func (a *analysis) decodeFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.DurationVar(&a.Decode.ResponseTimeout, "response-timeout", 10*time.Second, "how long, in capture time, a request waits for its response")
	f.DurationVar(&a.Decode.SlowResponse, "slow-response", time.Second, "how late a response is a finding")
	f.Uint16Var(&a.Decode.VXLANPort, "vxlan-port", 0, "a further UDP `PORT` of VXLAN, beside 4789 and 8472")
}

// rowFlags adds the flags that say which rows are shown, and how.
func (a *analysis) rowFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(newChoice(&a.view, string(report.Events), report.Views()), "view", "`VIEW`: a row for each of the events, calls (of each phone), phones, servers, findings (what is wrong), or requests (every HTTP request)")
	f.Var(newChoice(&a.group, "", timeline.Groupings()), "group", "with --view calls, number what is one call on several phones, as told `BY`: call-id, or number (that of the caller)")
	f.StringVarP(&a.Output, "output", "o", "-", "`FILE` to write to; - is standard output")
	addFormat(cmd, &a.Options.Format, formats.All(), "", "; without it, by the extension of -o")
	f.StringVar(&a.Options.Columns, "columns", "", "`LIST` of columns, with commas between; of events and requests: "+strings.Join(report.ColumnNames(report.Events), ", ")+
		"; of calls: "+strings.Join(report.ColumnNames(report.Calls), ", ")+"; of phones: "+strings.Join(report.ColumnNames(report.Phones), ", ")+
		"; of servers: "+strings.Join(report.ColumnNames(report.Servers), ", ")+
		"; of findings: "+strings.Join(report.ColumnNames(report.Findings), ", "))
	f.StringVar(&a.time, "time", "utc", "`FORM` of times: utc, local, a zone name, epoch, relative (to the first row) or delta (to the row before)")
	for _, t := range []struct{ flag, usage string }{
		{"phone", "show only this `PHONE`: a MAC address or its tail, an IP address or network, an extension, or a name in a profile"},
		{"event", "show only this `EVENT`, or several with commas between"},
		{"server", "show only what went to `HOST`, HOST:PORT or :PORT"},
		{"status", "show only what was answered by this `STATUS`: 404, 4xx, >=400, or none"},
		{"finding", "show only what has this `FINDING`"},
		{"match", "show only targets that contain this `TEXT`; case does not matter"},
		{"since", "show only what happened at `TIME` or later: 08:30 (on the first day), 2026-03-02T08:30, or -10m (before the end)"},
		{"until", "show only what happened before `TIME`"},
	} {
		f.Var(&parsed{parse: func(text string) error {
			a.terms = append(a.terms, term{t.flag, text})
			return nil
		}}, t.flag, t.usage)
	}
	f.BoolFunc("failed", "show only what failed: a status of 400 or above, a redirect, no response", func(string) error {
		a.terms = append(a.terms, term{flag: "failed"})
		return nil
	})
	f.BoolVarP(&a.Verbose, "verbose", "v", false, "report each thing that could not be decoded, with its place, and which rights were given up")
	a.verdictFlags(cmd, "")
	f.IntVarP(&a.Count, "count", "c", 0, "stop after `N` events (of --view requests: requests; of --view calls: calls)")
	complete(cmd, "view", report.Views())
	complete(cmd, "group", timeline.Groupings())
	cmd.MarkFlagFilename("output")
	complete(cmd, "time", []string{"utc", "local", "epoch", "relative", "delta"})
	complete(cmd, "columns", slices.Compact(slices.Sorted(slices.Values(slices.Concat(
		report.ColumnNames(report.Events), report.ColumnNames(report.Calls), report.ColumnNames(report.Phones), report.ColumnNames(report.Servers), report.ColumnNames(report.Findings))))))
	var slugs []string
	for _, k := range actionurl.Kinds() {
		slugs = append(slugs, k.Slug)
	}
	complete(cmd, "event", slugs)
}

// verdictFlags adds the flags of the verdict. By default findings of a severity
// fail the run, empty for none.
func (a *analysis) verdictFlags(cmd *cobra.Command, failOn string) {
	f := cmd.Flags()
	f.BoolVar(&a.Verdict.Notes, "notes", false, "list each note of the closing verdict")
	f.Var(newChoice(&a.failOn, failOn, []string{"error", "warning"}), "fail-on", "end with status 4 where a finding of this `SEVERITY` was made: error or warning")
	f.Var(newChoice(&a.color, "auto", []string{"auto", "always", "never"}), "color", "`WHEN` failures have a color: auto (on a terminal, unless NO_COLOR is set), always or never")
	complete(cmd, "fail-on", []string{"error", "warning"})
	complete(cmd, "color", []string{"auto", "always", "never"})
}

// finishVerdict says where the verdict goes, and how it looks there.
func (a *analysis) finishVerdict(to io.Writer, names []string) {
	a.Verdict.Name = names[0]
	if len(names) > 1 {
		a.Verdict.Name = fmt.Sprintf("%s and %s", names[0], report.Plural(len(names)-1, "other"))
	}
	if a.Verdict.Width, _ = output.TerminalSize(to); a.Verdict.Width == 0 {
		a.Verdict.Width, _ = strconv.Atoi(os.Getenv("COLUMNS"))
	}
	terminal, _ := output.TerminalSize(to)
	a.Verdict.Color = a.color == "always" || a.color == "auto" && terminal > 0 && os.Getenv("NO_COLOR") == ""
	a.Verdict.Fail, a.Verdict.Fails = finding.SeverityOf(a.failOn)
}

// template reads a value of -t.
func (a *analysis) template(s string) error {
	name, url, ok := strings.Cut(s, "=")
	kind := actionurl.Lookup(name)
	if !ok || kind == nil {
		return fmt.Errorf("expected EVENT=URL with an event such as incoming_call, \"Incoming Call\" or P8310 (actionurl catalog lists them)")
	}
	t, err := actionurl.ParseTemplate(kind, url)
	if err != nil {
		return err
	}
	a.Decode.Templates = append(a.Decode.Templates, t)
	return nil
}

// profileVariable names profiles for when there is no -p, as a list like that of
// PATH. A profile is never used only because it is there.
const profileVariable = "ACTIONURL_PROFILE"

// loadProfiles reads the files of -p. The templates keep the phones that they
// are bound to.
func (a *analysis) loadProfiles() error {
	if len(a.profiles) == 0 {
		a.profiles = filepath.SplitList(os.Getenv(profileVariable))
	}
	if len(a.profiles) == 0 {
		return nil
	}
	p := loadProfiles(a.profiles)
	complain(p, a.Stderr)
	a.Decode.Templates = append(a.Decode.Templates, p.Templates()...)
	a.Decode.Keys, a.Decode.PhoneNames, a.Decode.ServerNames = map[string]string{}, map[packet.MAC]string{}, map[string]string{}
	for _, k := range p.Keys {
		a.Decode.Keys[k.Key] = k.Variable
	}
	for _, n := range p.Phones {
		if mac, ok := packet.ParseMAC(n.Of); ok {
			a.Decode.PhoneNames[mac] = n.Name
		}
	}
	for _, n := range p.Servers {
		a.Decode.ServerNames[n.Of] = n.Name
	}
	if a.Filter.View == report.Findings {
		a.Ambiguous, _ = profile.Ambiguities(p.Bindings)
	}
	if len(p.Errors) == 0 {
		a.Decode.Profiled = true
		return nil
	}
	if !a.skipBad {
		fmt.Fprintln(a.Stderr, "actionurl: nothing was analyzed; --skip-bad-profiles goes on without the files that cannot be used")
		return &statusError{status: statusUsage}
	}
	return nil
}

// checkPhones returns an error if a --phone can only be a name, and no profile
// has it.
func (a *analysis) checkPhones() error {
	names := slices.Sorted(maps.Values(a.Decode.PhoneNames))
	for _, t := range a.terms {
		if t.flag == "phone" && !report.IsPhone(t.text) && !slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, t.text) }) {
			return usage("invalid argument %q for \"--phone\" flag: no profile (-p) names a phone so%s; expected %s", t.text, report.DidYouMean(t.text, names), report.PhoneForms)
		}
	}
	return nil
}

func (a *analysis) rotation(s string) error {
	var err error
	a.Rotate, err = output.ParseRotation(s)
	return err
}

// checkWhole checks the flags of a format that shows a whole run.
func (a *analysis) checkWhole() error {
	name := a.Options.Format.Name
	switch {
	case a.Options.Format.Run == nil:
		return nil
	case a.Filter.View != report.Events:
		return usage("--format %s shows a whole run, and cannot show --view %s", name, a.Filter.View)
	case a.Options.Columns != "":
		return usage("--format %s has no columns; --columns needs another format", name)
	case a.Rotate.Bytes > 0:
		return usage("--format %s is written at its end; expected a time for --rotate, such as 1h", name)
	}
	return nil
}

// finishOutputs checks the names of outputs.
func (a *analysis) finishOutputs() error {
	if a.Frames != "" && filepath.Clean(a.Frames) == filepath.Clean(a.Output) {
		return usage("%q is the name of both outputs, -o and -w", a.Frames)
	}
	if (a.Rotate != output.Rotation{}) && !output.Timed(a.Output) && !output.Timed(a.Frames) {
		return usage("--rotate makes several files; expected a time in the name of -o or -w, such as -o events-%%Y%%m%%d-%%H%%M%%S.ndjson")
	}
	if (a.Rotate == output.Rotation{}) {
		return nil
	}
	for _, name := range []string{a.Output, a.Frames} {
		if err := output.CheckName(name); err != nil {
			return usage("%w", err)
		}
	}
	return nil
}

// parseFilter reads the value of -f.
func (a *analysis) parseFilter() error {
	if a.expr == "" {
		return nil
	}
	var err error
	a.capture, err = filter.Parse(a.expr)
	if wrong, ok := errors.AsType[*filter.SyntaxError](err); ok {
		return usage("\"-f, --filter\" flag: %w\n%s", err, wrong.Excerpt())
	}
	return err
}

// finish reads the flags that depend on others.
func (a *analysis) finish(cmd *cobra.Command) error {
	a.Stdout, a.Stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
	a.Filter.View = report.View(a.view)
	if a.Decode.Group = timeline.Grouping(a.group); a.group != "" && a.Filter.View != report.Calls {
		return usage("--group joins calls; it needs --view calls")
	}
	a.Options.Grouped = a.group != ""
	if a.Options.Format.Name == "" {
		var err error
		if a.Options.Format, err = formats.All().Of(strings.TrimSuffix(a.Output, ".gz")); err != nil {
			return usage("\"-o, --output\" flag: %w", err)
		}
	}
	if a.Complete && (a.Options.Format.Name != "ndjson" || a.Filter.View != report.Events && a.Filter.View != report.Requests) {
		return usage("--complete saves events for report; it needs --format ndjson, and --view events or requests")
	}
	if err := a.checkWhole(); err != nil {
		return err
	}
	if err := a.finishOutputs(); err != nil {
		return err
	}
	if err := a.parseFilter(); err != nil {
		return err
	}
	if a.Count < 0 {
		return usage("invalid argument %q for \"-c, --count\" flag: expected a number above 0", strconv.Itoa(a.Count))
	}
	if a.Decode.ResponseTimeout <= 0 {
		return usage("invalid argument %q for \"--response-timeout\" flag: expected a time above 0, such as 10s", a.Decode.ResponseTimeout)
	}
	if a.Decode.SlowResponse <= 0 {
		return usage("invalid argument %q for \"--slow-response\" flag: expected a time above 0, such as 1s", a.Decode.SlowResponse)
	}
	var err error
	if a.Options.Clock, err = report.NewClock(a.time); err != nil {
		return usage("invalid argument %q for \"--time\" flag: %w", a.time, err)
	}
	for _, t := range a.terms {
		if err := a.Filter.Add(t.flag, t.text, a.Options.Clock.Zone()); err != nil {
			return usage("invalid argument %q for \"--%s\" flag: %w", t.text, t.flag, err)
		}
	}
	if err := run.CheckColumns(a.Options, a.Filter.View); err != nil {
		return usage("invalid argument %q for \"--columns\" flag: %w", a.Options.Columns, err)
	}
	return nil
}

// prepare reads the files that the flags name.
func (a *analysis) prepare() error {
	if err := a.loadProfiles(); err != nil {
		return err
	}
	return a.checkPhones()
}

// analyze analyzes the captures of these names.
func (a *analysis) analyze(ctx context.Context, names []string, stdin io.Reader) error {
	if err := a.prepare(); err != nil {
		return err
	}
	a.finishVerdict(cmp.Or(a.Verdict.Alone, a.Stderr), names)
	awaits(names, stdin, "a capture", a.Stderr)
	in, err := files.Open(ctx, names, stdin)
	if err != nil {
		return &statusError{statusFailed, err}
	}
	if a.capture != nil {
		a.Capture = filter.New(a.capture)
	}
	a.Ready = func(outputs []string) {
		a.enter.shut(sandbox.Rights{Read: names, Write: outputs}, a.Verbose, a.Stderr)
	}
	return ended(run.Captures(a.Config, in))
}
