//go:build !race

package browse

const raced = false // by the race detector
