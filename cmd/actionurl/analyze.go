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
	"actionurl/cmd/actionurl/internal/profiles"
	"actionurl/cmd/actionurl/internal/run"
	"actionurl/cmd/actionurl/internal/sandbox"
	"actionurl/decode/actionurl"
	"actionurl/decode/finding"
	"actionurl/decode/profile"
	"actionurl/decode/timeline"
	"actionurl/report"
	"actionurl/report/formats"
	"actionurl/report/output"
	"actionurl/report/publish"
)

// An analysis is what the flags say that analyze, sniff and report share.
type analysis struct {
	run.Config

	expr    string       // of -f
	capture *filter.Expr // the same, read; nil for none

	publication publication
	redaction   redaction
	collection  collection // of report

	view, group, time string
	terms             []term // of the filter, as they were given
	enter             shutter

	keys keys

	failOn string // severity of findings that fail the run; empty for none
	color  string

	eaten    []string // events of templates that the shell seems to have taken variables out of
	profiles []string // files and folders
	skipBad  bool     // go on without the files that cannot be used
}

// A term is a flag of the filter, and its value.
type term struct{ flag, text string }

func newAnalyze(enter shutter) *cobra.Command {
	a := &analysis{enter: enter}
	cmd := &cobra.Command{
		Use:               "analyze [flags] CAPTURE...",
		Args:              captureArgs,
		ValidArgsFunction: completeFiles(captures),
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
		return errors.New("no capture given; expected a pcap or pcapng file, or - for standard input")
	}
	return nil
}

// eitherArgs wants a capture or saved events.
func eitherArgs(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return errors.New("nothing to read; expected captures (pcap, pcapng) or saved events (NDJSON, Parquet), or - for standard input")
	}
	return nil
}

// flags adds the flags that analyze and sniff share.
func (a *analysis) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	a.templateFlags(cmd)
	a.rowFlags(cmd)
	f.BoolVar(&a.Complete, "complete", false, "save all that report needs to show the same: also findings without a request, calls known from SIP, the end of the capture (NDJSON, Parquet)")
	f.StringVarP(&a.expr, "filter", "f", "", "read only frames that match `EXPR` (tcpdump's syntax)")
	f.StringVarP(&a.Frames, "write", "w", "", "write the frames of shown requests and their connections to `FILE` (pcapng)")
	f.BoolVar(&a.KeepSecrets, "keep-secrets", false, "also write the TLS secrets of a capture to -w")
	a.publishFlags(cmd)
	a.decodeFlags(cmd)
	cmd.MarkFlagFilename("write", "pcapng", "gz")
}

// templateFlags adds the flags that say which URLs the phones are configured with.
func (a *analysis) templateFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.VarP(&parsed{parse: a.template}, "template", "t", "URL that is configured for an event, as `EVENT=URL`: incoming_call=…, \"Hold Call=…\", P8310=…; repeatable")
	f.StringArrayVarP(&a.profiles, "profile", "p", nil, "`FILE` with configured URLs: a profile, a provisioning file, or a folder of them; repeatable")
	f.BoolVar(&a.skipBad, "skip-bad-profiles", false, "skip files of -p that cannot be used")
}

// decodeFlags adds the flags that say how to decode.
func (a *analysis) decodeFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	a.keys.flags(cmd)
	f.DurationVar(&a.Decode.ResponseTimeout, "response-timeout", 10*time.Second, "wait at most `TIME` for a response, in capture time")
	f.DurationVar(&a.Decode.SlowResponse, "slow-response", time.Second, "report responses that take longer than `TIME`")
	f.Uint16Var(&a.Decode.VXLANPort, "vxlan-port", 0, "UDP `PORT` of VXLAN, besides 4789 and 8472")
}

// rowFlags adds the flags that say which rows are shown, and how.
func (a *analysis) rowFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(newChoice(&a.view, string(report.Events), report.Views()), "view", "show rows of a `VIEW`: "+strings.Join(report.Views(), ", "))
	f.Var(newChoice(&a.group, "", timeline.Groupings()), "group", "with --view calls, group one call on several phones `BY` call-id or number")
	f.StringVarP(&a.Output, "output", "o", "-", "write rows to `FILE`; - is standard output")
	addFormat(cmd, &a.Options.Format, formats.All(), "", "else by the extension of -o")
	f.Var(&parsed{parse: a.rotation}, "rotate", "start a new file at a `SIZE` (100MB) or time (1h); the name of -o, and of -w, needs %Y %m %d %H %M %S")
	f.StringVar(&a.Options.Columns, "columns", "", "show the columns of `LIST`, separated by commas (see help columns)")
	f.StringVar(&a.time, "time", "utc", "show times in a `FORM`: utc, local, a time zone, epoch, relative or delta (see help times)")
	for _, t := range []struct{ flag, usage string }{
		{"phone", "show a `PHONE`: MAC address or its tail, IP address, network, extension or name"},
		{"event", "show an `EVENT`, or several: hold,resume"},
		{"server", "show what went to a `SERVER`: HOST, HOST:PORT or :PORT"},
		{"status", "show a response `STATUS`: 404, 4xx, >=400 or none"},
		{"finding", "show what has a `FINDING`"},
		{"match", "show targets that contain `TEXT`"},
		{"since", "show from `TIME` on: 08:30, 2026-03-02T08:30, -10m (see help times)"},
		{"until", "show until `TIME`"},
	} {
		f.Var(&parsed{parse: func(text string) error {
			a.terms = append(a.terms, term{t.flag, text})
			return nil
		}}, t.flag, t.usage)
	}
	f.BoolFunc("failed", "show failures: status 400 or above, redirect, no response", func(text string) error {
		on, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("expected true or false")
		}
		if on {
			a.terms = append(a.terms, term{flag: "failed"})
		}
		return nil
	})
	a.redaction.redactFlags(cmd)
	f.BoolVarP(&a.Verbose, "verbose", "v", false, "report each frame that cannot be decoded, and which privileges are dropped")
	a.verdictFlags(cmd, "")
	f.IntVarP(&a.Count, "count", "c", 0, "stop after `N` rows of events, requests or calls")
	complete(cmd, "view", report.Views())
	complete(cmd, "group", timeline.Groupings())
	complete(cmd, "rotate", []string{"100MB", "1GB", "1h", "24h"})
	complete(cmd, "time", []string{"utc", "local", "epoch", "relative", "delta"})
	complete(cmd, "columns", slices.Compact(slices.Sorted(slices.Values(slices.Concat(
		report.ColumnNames(report.Events), report.ColumnNames(report.Calls), report.ColumnNames(report.Phones), report.ColumnNames(report.Servers), report.ColumnNames(report.Findings))))))
	complete(cmd, "event", report.EventNames())
	complete(cmd, "finding", report.FindingNames())
	complete(cmd, "status", []string{"2xx", "3xx", "4xx", "5xx", "none"})
}

// verdictFlags adds the flags of the verdict. By default findings of a severity
// fail the run, empty for none.
func (a *analysis) verdictFlags(cmd *cobra.Command, failOn string) {
	f := cmd.Flags()
	f.BoolVar(&a.Verdict.Notes, "notes", false, "list the notes of the verdict")
	f.Var(newChoice(&a.failOn, failOn, []string{"error", "warning"}), "fail-on", "exit with status 4 on findings of a `SEVERITY` or worse: error or warning")
	f.Var(newChoice(&a.color, "auto", []string{"auto", "always", "never"}), "color", "color failures `WHEN`: auto, always or never")
	complete(cmd, "fail-on", []string{"error", "warning"})
	complete(cmd, "color", []string{"auto", "always", "never"})
}

// inputName returns what stands for all inputs, as it may be shown.
func (a *analysis) inputName(names []string) string {
	name := names[0]
	if a.Redact != nil {
		name = a.Redact.Capture(name)
	}
	if len(names) > 1 {
		name = fmt.Sprintf("%s and %s", name, report.Plural(len(names)-1, "other"))
	}
	return name
}

// finishVerdict says where the verdict goes, and how it looks there.
func (a *analysis) finishVerdict(to io.Writer, names []string) {
	a.Verdict.Name = a.inputName(names)
	columns, _ := strconv.Atoi(os.Getenv("COLUMNS"))
	a.Columns = max(0, columns)
	if a.Verdict.Width, _ = output.TerminalSize(to); a.Verdict.Width == 0 {
		a.Verdict.Width = a.Columns
	}
	a.Verdict.Color = a.colored(to)
	a.Options.Color = a.colored(a.Stdout) && a.Output == "-"
	a.Verdict.Fail, a.Verdict.Fails = finding.SeverityOf(a.failOn)
}

// colored reports whether failures have a color on an output.
func (a *analysis) colored(w io.Writer) bool {
	terminal, _ := output.TerminalSize(w)
	return a.color == "always" || a.color == "auto" && terminal > 0 && os.Getenv("NO_COLOR") == ""
}

// template reads a value of -t.
func (a *analysis) template(s string) error {
	name, url, ok := strings.Cut(s, "=")
	kind := actionurl.Lookup(name)
	if !ok || kind == nil {
		return fmt.Errorf("expected EVENT=URL with an event such as incoming_call, \"Incoming Call\" or P8310 (actionurl catalog lists them)%s", report.DidYouMean(name, report.EventNames()))
	}
	t, err := actionurl.ParseTemplate(kind, url)
	if err != nil {
		return err
	}
	if empty := strings.HasSuffix(url, "=") || strings.Contains(url, "=&"); empty && !strings.Contains(url, "$") {
		a.eaten = append(a.eaten, name)
	}
	a.Decode.Templates = append(a.Decode.Templates, t)
	return nil
}

// profileVariable names profiles for when there is no -p, as a list like that of
// PATH. A profile is never used only because it is there.
const profileVariable = "ACTIONURL_PROFILE"

// messages returns where messages go that may name what must not be shown.
func (a *analysis) messages() io.Writer {
	if a.Redact == nil {
		return a.Stderr
	}
	return a.Redact.Writer(a.Stderr)
}

// loadProfiles reads the files of -p. The templates keep the phones that they
// are bound to.
func (a *analysis) loadProfiles() error {
	if len(a.profiles) == 0 {
		a.profiles = filepath.SplitList(os.Getenv(profileVariable))
	}
	if len(a.profiles) == 0 {
		return nil
	}
	p := profiles.Load(a.profiles)
	profiles.Complain(p, a.messages())
	profiles.Configure(&a.Decode.Analysis, p)
	if a.Filter.View == report.Findings {
		a.Ambiguous, _ = profile.Ambiguities(p.Bindings)
	}
	if len(p.Errors) == 0 {
		a.Decode.Profiled = true
		return nil
	}
	if !a.skipBad {
		report.Logf(a.Stderr, "nothing was analyzed; --skip-bad-profiles continues without unusable files")
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
			return usage("invalid argument %q for \"--phone\" flag: no phone in a profile (-p) has this name%s; expected %s", t.text, report.DidYouMean(t.text, names), report.PhoneForms)
		}
	}
	return nil
}

func (a *analysis) rotation(s string) error {
	var err error
	a.Rotate, err = output.ParseRotation(s)
	return err
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
		if a.Options.Format, err = formats.All().Of(output.Plain(a.Output)); err != nil {
			return usage("\"-o, --output\" flag: %w", err)
		}
	}
	if a.Complete && (!a.Options.Format.Saves || a.Filter.View != report.Events && a.Filter.View != report.Requests) {
		return usage("--complete saves events for report; it needs --format ndjson or parquet, and --view events or requests")
	}
	var err error
	if a.Redact, err = a.redaction.redactor(cmd, cmd.Flags().Changed("interface")); err != nil {
		return err
	}
	if err := a.CheckOutputs(); err != nil {
		return usage("%w", err)
	}
	if err := cmp.Or(a.parseFilter(), a.finishPublication()); err != nil {
		return err
	}
	if a.Count < 0 || a.Count == 0 && cmd.Flags().Changed("count") {
		return usage("invalid argument %q for \"-c, --count\" flag: expected a number above 0", strconv.Itoa(a.Count))
	}
	if a.Decode.ResponseTimeout <= 0 {
		return usage("invalid argument %q for \"--response-timeout\" flag: expected a time above 0, such as 10s", a.Decode.ResponseTimeout)
	}
	if a.Decode.SlowResponse <= 0 {
		return usage("invalid argument %q for \"--slow-response\" flag: expected a time above 0, such as 1s", a.Decode.SlowResponse)
	}
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
	for _, event := range a.eaten {
		report.Logf(a.Stderr, "warning: the template for %s has empty values and no variable; put it in single quotes, or the shell replaces $mac", event)
	}
	if err := a.loadProfiles(); err != nil {
		return err
	}
	secrets, log, err := a.keys.load()
	if err != nil {
		return err
	}
	a.Decode.Secrets = secrets
	if log != nil {
		a.KeyLog = log // open until the process ends
	}
	for _, t := range a.Decode.Templates {
		for name := range t.Variables() {
			if !slices.Contains(a.Options.Variables, name) {
				a.Options.Variables = append(a.Options.Variables, name)
			}
		}
	}
	return a.checkPhones()
}

// analyze analyzes the captures of these names.
func (a *analysis) analyze(ctx context.Context, names []string, stdin io.Reader) error {
	if err := a.prepare(); err != nil {
		return err
	}
	for _, name := range names {
		if publish.Named(name) {
			return &statusError{statusFailed, fmt.Errorf("%s: is not a capture; actionurl report %[1]s reads what sensors publish", name)}
		}
	}
	a.finishVerdict(cmp.Or(a.Verdict.Alone, a.Stderr), names)
	awaits(names, stdin, "a capture", a.Stderr)
	in, err := files.Open(ctx, names, stdin)
	if err != nil {
		return &statusError{statusFailed, err}
	}
	stop, err := a.publisher(ctx, false)
	if err != nil {
		return err
	}
	defer stop()
	if a.capture != nil {
		a.Capture = filter.New(a.capture)
	}
	a.Ready = func(outputs []string) {
		a.enter.shut(a.publication.keep(sandbox.Rights{Read: names, Write: outputs}), a.Verbose, a.Stderr)
	}
	return ended(run.Captures(a.Config, in))
}
