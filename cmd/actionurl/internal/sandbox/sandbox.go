// Package sandbox takes from the process, for good, what it does not need any
// more once its sockets are open: whoever finds a way in through a hostile
// frame finds nothing to do there.
//
//  1. All capabilities are dropped, on all threads.
//  2. No program that is run could get new ones.
//  3. No file can be opened but the outputs (Landlock).
//  4. No program can be run, no process looked into, no socket opened and no
//     connection made (seccomp).
//
// On systems other than Linux it does nothing.
package sandbox

// A Step is one of the things that were taken away, or could not be.
type Step struct {
	What string // what the process may do no longer
	Err  error  // why it may still; nil if it may not
}
