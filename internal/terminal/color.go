package terminal

import (
	"os"

	"github.com/fatih/color"
	"golang.org/x/term"
)

// UseColor says whether to print colours to f: it is a terminal, and neither the flag
// --no-color nor NO_COLOR nor TERM=dumb, which env looks up, says no.
func UseColor(f *os.File, noColorFlag bool, env func(string) string) bool {
	return !noColorFlag && env("NO_COLOR") == "" && env("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

// paint holds the few colours.
type paint struct{ dim, good, bad, odd *color.Color }

func newPaint(on bool) paint {
	// The library decides for itself by the process's environment unless it is told.
	set := func(c *color.Color) *color.Color {
		if on {
			c.EnableColor()
		} else {
			c.DisableColor()
		}
		return c
	}
	return paint{
		dim: set(color.New(color.Faint)), good: set(color.New(color.FgGreen)),
		bad: set(color.New(color.FgRed)), odd: set(color.New(color.FgYellow)),
	}
}

// kind paints the word of a kind.
func (p paint) kind(k Kind, word string) string {
	switch k {
	case KindReady, KindBuild, KindSwap:
		return p.good.Sprint(word)
	case KindFailed, KindPanic:
		return p.bad.Sprint(word)
	case KindWarn, KindExit, KindRetry, KindMissing:
		return p.odd.Sprint(word)
	default:
		return p.dim.Sprint(word)
	}
}
