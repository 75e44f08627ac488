package capture

import (
	"fmt"
	"testing"
)

func TestSensorsBound(t *testing.T) {
	var s Sensors
	for i := range maxSensors + 5 {
		s.Add(fmt.Sprint(i))
	}
	if len(s) != maxSensors {
		t.Errorf("%d sensors", len(s))
	}
}

// What is lost beyond the bound is counted in the latest gap.
func TestGapsBound(t *testing.T) {
	var b Batch
	for i := range int64(maxGaps + 5) {
		b.Miss(Gap{From: 10 * i, To: 10*i + 1, Frames: 1})
	}
	if want := (Gap{From: 10 * (maxGaps - 1), To: 10*(maxGaps+4) + 1, Frames: 6}); len(b.Gaps) != maxGaps || b.Gaps[maxGaps-1] != want {
		t.Errorf("%d gaps, the last %+v", len(b.Gaps), b.Gaps[len(b.Gaps)-1])
	}
}
