//go:build !linux

package main

import "time"

// threadTime returns the time: that of a thread is not known here.
func threadTime() time.Duration { return time.Duration(time.Now().UnixNano()) }
