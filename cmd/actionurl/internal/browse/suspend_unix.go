//go:build unix

package browse

import "syscall"

// stop stops the program, and whatever is in its pipeline, until the shell continues
// it. Without a shell that could, it returns at once.
func stop() { syscall.Kill(0, syscall.SIGTSTP) }
