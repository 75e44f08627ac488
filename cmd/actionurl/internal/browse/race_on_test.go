//go:build race

package browse

const raced = true // by the race detector
