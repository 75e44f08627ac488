package output

import (
	"io"
	"os"

	"golang.org/x/term"
)

// TerminalSize returns the columns and lines of the terminal that w is, zeros if
// it is none.
func TerminalSize(w io.Writer) (width, height int) {
	if f, ok := w.(*os.File); ok {
		if width, height, err := term.GetSize(int(f.Fd())); err == nil {
			return width, height
		}
	}
	return 0, 0
}

// IsTerminal reports whether w, or the reader w, is a terminal.
func IsTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
