// Package outputtest makes what outputs go to, for tests: a terminal, and a disk
// that is soon full. Both are there on Linux only.
package outputtest
