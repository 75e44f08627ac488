//go:build !linux

package main

import (
	"context"
	"errors"
)

func (b *benchmark) live(context.Context) error { return errors.New("-live: needs Linux") }
