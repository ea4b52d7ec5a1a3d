package loop

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/watcher-dev/watcher/builder"
	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/runner"
)

// Kinds of proxy.Problem.
const (
	problemRule  = "rule" // its command failed
	problemBuild = "build"
	problemStart = "start"
	problemCrash = "crash"
	problemExit  = "exit" // by itself, with code 0
	problemLoop  = "loop" // that feeds itself, and is paused

	problemSettings = proxy.KindSettings // they could not be read again
)

func (t *turn) print(e terminal.Event) { t.do(say{e}) }

func (t *turn) warn(text, hint string) {
	t.print(terminal.Event{Kind: terminal.KindWarn, Text: text, Hint: hint})
}

func (t *turn) sayChange(files []string) {
	t.print(terminal.Event{Kind: terminal.KindChange, Files: files})
}

func (t *turn) sayRefresh(files []string) {
	t.print(terminal.Event{Kind: terminal.KindRefresh, Files: files})
}

func (t *turn) saySignal(p *process, s signal) {
	t.print(terminal.Event{Kind: terminal.KindSignal, Generation: p.gen, Text: s.name, Files: s.files})
}

func (t *turn) sayBuilt(b *build, r builder.Result) {
	t.print(terminal.Event{Kind: terminal.KindBuild, Generation: b.gen, Took: r.Took})
}

func (t *turn) sayEqual(b *build, r builder.Result, p *process) {
	what := "goes on"
	if t.due.restart {
		what = "is started again"
	}
	t.print(terminal.Event{
		Kind: terminal.KindEqual, Generation: b.gen, Took: r.Took,
		Text: fmt.Sprintf("the same binary as #%d, which %s", p.gen, what),
	})
}

func (t *turn) sayBroken(b *build, r builder.Result) {
	t.print(terminal.Event{
		Kind: terminal.KindFailed, Generation: b.gen, Took: r.Took,
		Text: "build: " + t.problem.Title, Problems: lines(r.Diagnostics), Output: rest(r), Hint: t.whoServes(),
	})
}

func (t *turn) sayGenerated(c *command) {
	t.print(terminal.Event{Kind: terminal.KindRun, Text: c.name, Took: c.result.Took})
}

func (t *turn) sayCommandFailed(c *command) {
	r := c.result
	t.print(terminal.Event{
		Kind: terminal.KindFailed, Took: r.Took, Text: r.Err.Error(),
		Problems: lines(r.Diagnostics), Output: rest(r), Hint: t.whoServes(),
	})
}

// sayFedBack names the file, who writes it, and what to do. It returns that for pages and
// programs.
func (t *turn) sayFedBack(path string, w writer) *proxy.Problem {
	text, hint := "what the app writes at its start starts it again", "leave the file out by [watch] ignore or a [[rule]]"
	if w.command != 0 {
		text, hint = "what "+w.name+" writes runs it again", "name the file, with an action, in a [[rule]] before that of the command"
	}
	text = "a loop that feeds itself is paused: " + text
	hint += "; any other save, or watcher resume, goes on"
	t.print(terminal.Event{Kind: terminal.KindWarn, Text: text, Files: []string{path}, Hint: hint})
	return &proxy.Problem{Kind: problemLoop, Title: text, Text: path + "\n" + hint}
}

// whoServes tells who answers after a failure.
func (t *turn) whoServes() string {
	if p := t.in(current); p != nil {
		return fmt.Sprintf("#%d goes on", p.gen)
	}
	return ""
}

func (t *turn) saySwap(p *process, ev runner.Ready) {
	kind := terminal.KindSwap
	if !t.served {
		kind, t.served = terminal.KindReady, true
	}
	t.print(terminal.Event{Kind: kind, Generation: p.gen, PID: ev.PID, Took: ev.Took})
}

func (t *turn) sayDrained(p process) {
	t.print(terminal.Event{
		Kind: terminal.KindDrain, Generation: p.gen, PID: p.pid,
		Finished: p.finished, Cut: p.cut, Took: t.now.Sub(p.began),
	})
}

func (t *turn) sayOwnPort(ev runner.Ready) {
	t.warn("the app listens on "+cmp.Or(ev.Unix(), "its own "+ev.Upstream)+", not on PORT: "+stopsFirst, "let it read PORT, and the two will overlap")
}

func (t *turn) sayFixed(ev runner.Fixed) {
	t.warn("the app also listens on "+strings.Join(ev.Addrs, ", ")+", which no second process can bind: "+stopsFirst, "")
}

// stopsFirst says what that means for swaps.
const stopsFirst = "each swap stops the old one first, and requests wait"

func (t *turn) sayMoved() {
	t.warn("the app's own ports are moved out of the way and led to it: from now on the new one starts beside the old one", "")
}

func (t *turn) sayWaiting(p *process) {
	t.print(terminal.Event{Kind: terminal.KindWait, Generation: p.gen, Text: "starts when " + p.waitsFor + " is there"})
}

// sayStartFailed prints no output: it has been seen as it came.
func (t *turn) sayStartFailed(p process, ev runner.Failed) {
	hint := ev.Hint
	if hint == "" {
		hint = t.whoServes()
	}
	t.print(terminal.Event{
		Kind: terminal.KindFailed, Generation: p.gen, PID: ev.PID,
		Text: "start: " + ev.Reason, Hint: hint,
	})
}

func (t *turn) sayBack(p *process) {
	t.print(terminal.Event{Kind: terminal.KindSwap, Generation: p.gen, PID: p.pid, Text: "back to the one before"})
}

// sayRetry tells of a back-off, which begins now.
func (t *turn) sayRetry(delay time.Duration) {
	t.print(terminal.Event{
		Kind: terminal.KindRetry, Generation: t.fallen.Generation, Attempt: t.failures, NextTry: t.retryAt,
		Text: fmt.Sprintf("start again in %s (attempt %d)", delay, t.failures),
	})
}

// sayExit prints no output either.
func (t *turn) sayExit(p process, ev runner.Exited, crash bool) {
	if crash {
		t.print(terminal.Event{Kind: terminal.KindFailed, Generation: p.gen, PID: ev.PID, Code: &ev.Code, Signal: ev.Signal, Text: "crash: " + howItEnded(ev)})
		return
	}
	t.print(terminal.Event{
		Kind: terminal.KindExit, Generation: p.gen, PID: ev.PID, Code: &ev.Code, Signal: ev.Signal,
		Text: howItEnded(ev), Hint: "the next save starts it again",
	})
}

func (t *turn) sayGivenUp() {
	t.warn(fmt.Sprintf("given up after %d failures in %s", crashLimit, crashInterval), "the next save starts it again")
}

func (t *turn) saySettings(r Reloaded) {
	text := "read again: nothing differs"
	switch {
	case len(r.Keys) > 0:
		text = "changed: " + strings.Join(r.Keys, ", ")
	case len(r.Notes) > 0:
		text = "read again: nothing else differs"
	}
	t.print(terminal.Event{Kind: terminal.KindSettings, Text: text})
}

func (t *turn) saySettingsFailed(err error) {
	t.print(terminal.Event{Kind: terminal.KindFailed, Text: err.Error(), Hint: "the old settings stay"})
}

func (t *turn) sayStop() {
	t.print(terminal.Event{Kind: terminal.KindStop, Text: "requests in flight may finish; interrupt again to end at once"})
}

// howItEnded puts an exit into words: "exited with code 2 after 3.1s".
func howItEnded(ev runner.Exited) string {
	how := fmt.Sprintf("exited with code %d", ev.Code)
	if ev.Signal != "" {
		how = "ended by signal " + ev.Signal
	}
	if ev.Reason != "" {
		how = ev.Reason
	}
	unit := time.Millisecond
	if ev.Alive > time.Second {
		unit = 100 * time.Millisecond
	}
	return how + " after " + ev.Alive.Round(unit).String()
}

func buildProblem(r builder.Result) *proxy.Problem {
	p := &proxy.Problem{Kind: problemBuild, Title: title(r), Text: r.Output}
	if p.Text == "" {
		p.Text = r.Err.Error()
	}
	for _, d := range r.Diagnostics {
		p.Diagnostics = append(p.Diagnostics, proxy.Diagnostic(d))
	}
	return p
}

func commandProblem(r builder.Result) *proxy.Problem {
	p := buildProblem(r)
	p.Kind, p.Title = problemRule, r.Err.Error()
	return p
}

// title says in one line what is wrong with a build.
func title(r builder.Result) string {
	var failure *builder.Failure
	switch n := len(r.Diagnostics); {
	case n == 1:
		return "1 problem"
	case n > 1:
		return fmt.Sprintf("%d problems", n)
	case errors.As(r.Err, &failure) && r.Output != "":
		return "go build failed"
	}
	return r.Err.Error()
}

func settingsProblem(r Reloaded) *proxy.Problem {
	p := &proxy.Problem{Kind: problemSettings, Title: "the settings cannot be taken, and the old ones hold", Text: r.Err.Error()}
	if r.Where.Line > 0 {
		p.Diagnostics = []proxy.Diagnostic{proxy.Diagnostic(r.Where)}
	}
	return p
}

func processProblem(kind string, p process, how string, tail []string) *proxy.Problem {
	return &proxy.Problem{Kind: kind, Title: fmt.Sprintf("#%d %s", p.gen, how), Text: strings.Join(tail, "\n")}
}

func lines(ds []builder.Diagnostic) []terminal.Problem {
	var ps []terminal.Problem
	for _, d := range ds {
		ps = append(ps, terminal.Problem(d))
	}
	return ps
}

// rest returns the lines of a build's output that its diagnostics do not tell.
func rest(r builder.Result) []string {
	var told strings.Builder
	for _, d := range r.Diagnostics {
		told.WriteString(d.Message + "\n")
	}
	var out []string
	for line := range strings.Lines(r.Output) {
		line = strings.TrimRight(line, "\r\n")
		_, message, _ := strings.Cut(line, ": ")
		if line == "" || strings.HasPrefix(line, "# ") || strings.Contains(told.String(), strings.TrimSpace(line)) ||
			message != "" && strings.Contains(told.String(), message) {
			continue
		}
		out = append(out, line)
	}
	return out
}
