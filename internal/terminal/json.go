package terminal

import (
	"bytes"
	"encoding/json"
	"math"
	"time"
)

// timeFormat is RFC 3339 with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

func eventJSON(e Event) []byte {
	return encode(struct {
		Time string `json:"time"` // goes before the one of Event
		Event
		Took    float64 `json:"took_ms,omitempty"`
		HeldFor float64 `json:"held_ms,omitempty"`
		NextTry string  `json:"next_try,omitempty"`
	}{stamp(e.Time), e, milliseconds(e.Took), milliseconds(e.HeldFor), stamp(e.NextTry)})
}

// stamp writes a time; "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(timeFormat)
}

func outputJSON(at time.Time, stream, text string) []byte {
	return encode(struct {
		Time   string `json:"time"`
		Kind   Kind   `json:"event"`
		Stream string `json:"stream"`
		Text   string `json:"text"`
	}{stamp(at), "output", stream, text})
}

// encode returns one line. What stands in v can always be encoded.
func encode(v any) []byte {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false) // chan<- T stays readable
	encoder.Encode(v)
	return line.Bytes()
}

func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Millisecond)*10) / 10
}
