package html

import (
	"bytes"
	"context"
	"fmt"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A browser shows a page, and notes what it should not do.
type browser struct {
	context.Context
	t testing.TB

	mu       sync.Mutex
	requests []string
	errors   []string
}

// chromium returns the name of a browser. Without one the test is skipped, except
// in the gate, where it fails.
func chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no chromium is installed")
	}
	t.Skip("no chromium is installed")
	return ""
}

// running is the browser of all tests, which each have a tab of it.
var running struct {
	sync.Once
	context.Context // nil where no test needed one
}

func TestMain(m *testing.M) {
	status := m.Run()
	if running.Context != nil {
		if err := chromedp.Cancel(running.Context); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	os.Exit(status)
}

// start starts the browser.
func start(t testing.TB) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-dev-shm-usage", true),
	)
	allocator, _ := chromedp.NewExecAllocator(context.Background(), options...)
	running.Context, _ = chromedp.NewContext(allocator)
	if err := chromedp.Do(running.Context); err != nil {
		t.Fatal(err)
	}
}

// open shows a page in a window of this size, with a state behind the #.
func open(t testing.TB, html []byte, width, height int64, state string) *browser {
	t.Helper()
	chromium(t)
	running.Do(func() { start(t) })
	if running.Err() != nil {
		t.Fatal("the browser does not run")
	}
	b := &browser{t: t}
	var cancel context.CancelFunc
	b.Context, cancel = chromedp.NewContext(running.Context, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	b.do(chromedp.EmulateViewport(width, height))
	if err := chromedp.Listen(b.Context, b.note); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(b.Context, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(b.Context, log.Enable, struct{}{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(b.Context, performance.Enable, performance.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	b.show(html, state)
	return b
}

// show shows a page, and waits until it is whole.
func (b *browser) show(html []byte, state string) {
	b.t.Helper()
	file := filepath.Join(b.t.TempDir(), "page.html")
	if err := os.WriteFile(file, html, 0o666); err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.Navigate("file://" + file + "#" + state))
	b.wait(`document.documentElement.dataset.state === "ready"`)
	b.settle()
	b.t.Cleanup(b.inert)
}

// note notes requests and errors.
func (b *browser) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, "data:") {
			b.requests = append(b.requests, e.Request.URL)
		}
	case *runtime.EventExceptionThrown:
		b.errors = append(b.errors, fmt.Sprint(e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		b.errors = append(b.errors, fmt.Sprintf("console.%s", e.Type))
	case *log.EventEntryAdded:
		b.errors = append(b.errors, e.Entry.Text)
	case *page.EventJavascriptDialogOpening:
		b.errors = append(b.errors, "a dialog: "+e.Message)
	}
}

// inert reports what the page did beyond showing itself.
func (b *browser) inert() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.requests) != 1 {
		b.t.Errorf("the page made %d requests: %v", len(b.requests), b.requests)
	}
	for _, e := range b.errors {
		b.t.Errorf("in the page: %s", e)
	}
}

// do runs actions.
func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.Context, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// eval returns the value of an expression, which may be a promise.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.Context, time.Minute)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// want compares the value of an expression.
func want[T comparable](b *browser, expression string, want T) {
	b.t.Helper()
	if got := eval[T](b, expression); got != want {
		b.t.Errorf("%s is %v, want %v", expression, got, want)
	}
}

// wait waits until an expression is true.
func (b *browser) wait(expression string) {
	b.t.Helper()
	for begin := time.Now(); !eval[bool](b, expression); time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > time.Minute {
			b.t.Fatalf("%s is not true; %v; the page says\n%.1000s", expression, b.errors, eval[string](b, "document.body.innerText"))
		}
	}
}

// settle waits for the page to be drawn, and for what follows after a pause.
func (b *browser) settle() {
	b.t.Helper()
	eval[bool](b, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(true), 400))))`)
}

// press presses keys.
func (b *browser) press(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

// shortcut presses a key that the page takes for itself, and so types nothing.
func (b *browser) shortcut(key string) {
	b.t.Helper()
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeRawKeyDown, input.DispatchKeyEventTypeKeyUp} {
		if _, err := chromedp.Call(b.Context, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: kind, Key: key}); err != nil {
			b.t.Fatal(err)
		}
	}
}

// move moves the pointer.
func (b *browser) move(p point) {
	b.t.Helper()
	b.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, p.X, p.Y))
	b.settle()
}

// shot returns the page as it is seen, and keeps it where -keep says.
func (b *browser) shot(name string) func(p point) color.RGBA {
	b.t.Helper()
	picture, err := chromedp.Run(b.Context, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if *keep != "" {
		if err := os.WriteFile(filepath.Join(*keep, name+".png"), picture, 0o666); err != nil {
			b.t.Fatal(err)
		}
	}
	image, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		b.t.Fatal(err)
	}
	return func(p point) color.RGBA { return color.RGBAModel.Convert(image.At(int(p.X), int(p.Y))).(color.RGBA) }
}

// emulate makes the window so wide.
func emulate(width int64) chromedp.Action[chromedp.Void] { return chromedp.EmulateViewport(width, 900) }

// dragged drags the pointer.
func dragged(from, to point) []chromedp.Action[chromedp.Void] {
	return []chromedp.Action[chromedp.Void]{chromedp.DragAndDropXY(from.X, from.Y, to.X, to.Y)}
}

// printed prints the page.
func (b *browser) printed() []byte {
	b.t.Helper()
	pdf, err := chromedp.Run(b.Context, chromedp.PrintToPDF())
	if err != nil {
		b.t.Fatal(err)
	}
	if *keep != "" {
		if err := os.WriteFile(filepath.Join(*keep, "printed.pdf"), pdf, 0o666); err != nil {
			b.t.Fatal(err)
		}
	}
	return pdf
}

// dark chooses the color scheme of the system.
func (b *browser) dark(dark bool) {
	b.t.Helper()
	value := "light"
	if dark {
		value = "dark"
	}
	feature := &emulation.MediaFeature{Name: "prefers-color-scheme", Value: value}
	if _, err := chromedp.Call(b.Context, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{feature}}); err != nil {
		b.t.Fatal(err)
	}
	b.settle()
}

// A point is a place in the window.
type point struct{ X, Y float64 }

// placeOf returns where an event is drawn.
func (b *browser) placeOf(event int) point {
	b.t.Helper()
	return eval[point](b, fmt.Sprintf(`(() => {
		const box = $("canvas").getBoundingClientRect();
		return { X: box.left + xOf(events.time[%d]), Y: box.top + yOf(lanes.find((l) => l.phone === events.phone[%[1]d]).row) + laneHeight / 2 };
	})()`, event))
}

func red(c color.RGBA) bool  { return int(c.R) > int(c.G)+80 && int(c.R) > int(c.B)+80 }
func blue(c color.RGBA) bool { return int(c.B) > int(c.R)+60 }
