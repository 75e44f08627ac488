package output

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Rotation says when the next file begins: when one has so many bytes, or
// with each span of time; never if both are 0.
type Rotation struct {
	Bytes int64
	Every time.Duration
}

// ParseRotation reads a rotation such as 100MB or 1h.
func ParseRotation(s string) (Rotation, error) {
	if every, err := time.ParseDuration(s); err == nil && every >= time.Second {
		return Rotation{Every: every}, nil
	}
	if n, err := ParseSize(s); err == nil {
		return Rotation{Bytes: n}, nil
	}
	return Rotation{}, errors.New("expected a size such as 100MB (kB, MB, GB, KiB, MiB, GiB), or a time of a second or more such as 1h")
}

// ParseSize reads a number of bytes such as 100MB.
func ParseSize(s string) (int64, error) {
	number := strings.TrimRight(s, "kKMGiB")
	unit, known := map[string]int64{
		"kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
	}[s[len(number):]]
	n, err := strconv.ParseInt(number, 10, 64)
	if !known || err != nil || n <= 0 || n > 1<<62/unit {
		return 0, errors.New("expected a size such as 100MB (kB, MB, GB, KiB, MiB, GiB)")
	}
	return n * unit, nil
}

// CheckName returns an error if a name for rotated files has a % that means
// nothing.
func CheckName(name string) error {
	if strings.Contains(stamped(strings.ReplaceAll(name, "%%", ""), time.Time{}), "%") {
		return fmt.Errorf("%q has an unknown %% sequence; expected %%Y, %%m, %%d, %%H, %%M, %%S, %%s (seconds since 1970) or %%%%", name)
	}
	return nil
}

// Timed reports whether a name has a time in it.
func Timed(name string) bool {
	return stamped(name, time.Unix(0, 0)) != stamped(name, time.Unix(1e9+1, 0))
}

// stamped puts a time into a name: %Y, %m, %d, %H, %M and %S as in strftime, %s
// for the seconds since 1970, and %% for itself.
func stamped(name string, t time.Time) string {
	return strings.NewReplacer(
		"%Y", t.Format("2006"), "%m", t.Format("01"), "%d", t.Format("02"),
		"%H", t.Format("15"), "%M", t.Format("04"), "%S", t.Format("05"),
		"%s", strconv.FormatInt(t.Unix(), 10), "%%", "%",
	).Replace(name)
}
