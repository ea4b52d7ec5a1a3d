package terminal

import (
	"testing"
	"time"
)

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 400 * time.Microsecond: "400µs", 412*time.Millisecond + 300*time.Microsecond: "412ms", 1234 * time.Millisecond: "1.2s",
		10 * time.Second: "10s", 125 * time.Second: "2m5s", 130 * time.Second: "2m10s", 10 * time.Minute: "10m", time.Hour: "1h", 90 * time.Minute: "1h30m",
	} {
		if got := Short(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
