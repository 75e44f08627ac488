//go:build unix

package browse

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// stop stops the program, and whatever is in its pipeline, until the shell continues
// it. Without a shell that could, nothing stops it, and it returns soon.
func stop() {
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	defer signal.Stop(continued)
	syscall.Kill(0, syscall.SIGTSTP) // which another thread may take, a little later
	select {
	case <-continued:
	case <-time.After(time.Second):
	}
}
