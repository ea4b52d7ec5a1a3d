// Package session is the main job from its beginning to its end: it reads settings and code,
// makes the parts of what they say, wires them to the loop, and tells people what the parts
// tell it.
//
// It knows every part, and it is the only one that does. It decides nothing that happens
// after the start.
package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/watcher-dev/watcher/builder"
	"github.com/watcher-dev/watcher/builder/graph"
	"github.com/watcher-dev/watcher/internal/loop"
	"github.com/watcher-dev/watcher/internal/plan"
	"github.com/watcher-dev/watcher/internal/project"
	"github.com/watcher-dev/watcher/internal/running"
	"github.com/watcher-dev/watcher/internal/settings"
	"github.com/watcher-dev/watcher/internal/terminal"
	"github.com/watcher-dev/watcher/proxy"
	"github.com/watcher-dev/watcher/relay"
	"github.com/watcher-dev/watcher/runner"
	"github.com/watcher-dev/watcher/watcher"
)

// Call is what the program was given by its caller.
type Call struct {
	Env    []string  // whole environment
	Dir    string    // absolute folder that it was started in
	Stdin  io.Reader // asked only if it is a terminal
	Stdout io.Writer
	Stderr io.Writer
	// Notify is signal.Notify, by which [Watch] catches signals when it has something to take down;
	// until then, and in other calls, they end the program as they end any. nil catches none.
	Notify func(c chan<- os.Signal, sig ...os.Signal)
}

// UsageError is a mistake in what was asked for.
type UsageError struct{ Err error }

func (e UsageError) Error() string { return e.Err.Error() }
func (e UsageError) Unwrap() error { return e.Err }

// session is one run of the main job, from the checks to the last reaped process.
type session struct {
	Call
	options  Options
	terminal *terminal.Terminal
	site     plan.Site
	settings settings.Settings      // that hold
	prefix   atomic.Pointer[string] // of the app's lines; asked for in the loop's goroutine
	read     settings.Settings      // as they were read last
	pkg      project.Package
	code     project.Address
	learned  *learned

	at      plan.Address // of the front
	front   *proxy.Front
	runner  *runner.Runner // nil until the front is open; before that no app runs
	watcher *watcher.Watcher
	builder *builder.Builder
	graph   *graph.Reader
	running *loop.Loop
	signals chan os.Signal  // that are caught
	patient context.Context // until a second order to stop, which calls hurry
	hurry   context.CancelFunc
	over    chan struct{}  // closed when nobody is listened to any more
	stops   atomic.Int32   // orders to stop
	left    chan struct{}  // closed when what does not end is left to itself
	paused  atomic.Bool    // as it was told last
	rough   *watcher.Graph // before the first answer of go list; nil if nothing is known
	told    string         // what was said of settings that are not our own
	panics  sync.Map       // generation → terminal.Problem, of processes whose end is not told yet

	dlv      string   // path
	debugger debugger // nil if it is not asked for
	debugAt  plan.Address
}

// Watch is the main job. Everything that ends the program at the start (rule 11) happens
// before the front opens; after that only the user ends it. An error is one line; a
// [UsageError] is the caller's mistake.
//
// Some time after a second order to stop it returns whatever hangs, as nothing ends who waits for a
// file that does not come. Whoever called it ends the program then: with that go the processes
// that are left (R3).
func Watch(c Call, o Options) error {
	s := &session{Call: c, options: o, signals: make(chan os.Signal, 4), left: make(chan struct{})}
	ended := make(chan error, 1) // room for it, as nobody may take it
	go func() { ended <- s.watch() }()
	select {
	case err := <-ended:
		return err
	case <-s.left:
		s.warn("something that hangs was left, such as a file on a mount that does not answer")
		ctx, cancel := context.WithTimeout(context.Background(), lastWords)
		defer cancel()
		s.terminal.Finish(ctx)
		return nil
	}
}

func (s *session) watch() error {
	s.catch(restartSignal) // which would end us, and may come at any time
	s.terminal = terminal.New(s.Stdout, s.Stderr, s.Style(s.options))
	if err := s.find(); err != nil {
		return err
	}
	if err := s.findDelve(); err != nil {
		return err
	}
	s.patient, s.hurry = context.WithCancel(context.Background())
	s.over = make(chan struct{})
	s.terminal.Start()
	defer s.finish()
	self := running.Instance{
		PID: os.Getpid(), Start: s.site.Start, Dir: Absolute(s.Dir, s.options.Dir),
		Module: s.site.Module.Dir, Work: s.site.Module.Work, Package: s.pkg.Pattern,
	}
	if s.options.Config != "" {
		self.Config = Absolute(s.Dir, s.options.Config)
	}
	lock, err := running.Acquire(s.site.Cache, self)
	if err != nil {
		return err
	}
	defer lock.Release()
	listeners, err := s.listen()
	if err != nil {
		return err
	}
	if err := s.openDebug(); err != nil {
		return err
	}
	if s.debugger != nil {
		defer s.debugger.Close()
	}
	s.front = proxy.New(s.proxyConfig(s.settings))
	self.URL, self.Token = s.site.URL, s.front.Token()
	lock.Tell(self)
	return s.loop(listeners)
}

// Style is how to print what o asks for to the caller.
func (c Call) Style(o Options) terminal.Style {
	return terminal.Style{JSON: o.JSON, Quiet: o.Quiet, Color: c.Color(c.Stdout, o.NoColor)}
}

// Color reports whether w is a terminal that wants colour.
func (c Call) Color(w io.Writer, refused bool) bool {
	f, ok := w.(*os.File)
	return ok && terminal.UseColor(f, refused, func(name string) string { return plan.Lookup(c.Env, name) })
}

// find reads the settings and looks for the module, the package and its address.
func (s *session) find() error {
	if err := s.findSettings(); err != nil {
		return err
	}
	if _, err := builder.FindGo(s.Env); err != nil {
		return err
	}
	return s.findPackage()
}

// findSettings reads the settings, which say where the app lies.
func (s *session) findSettings() error {
	dir := Absolute(s.Dir, s.options.Dir)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return UsageError{fmt.Errorf("no folder %q: check -C", s.options.Dir)}
	}
	s.site = plan.Site{Start: s.Dir, Env: s.Env, Cache: s.site.Cache, Settings: s.options.settingsInUse(s.Dir)}
	if err := s.readSettings(); err != nil {
		return err
	}
	s.site.Dir = Absolute(dir, s.settings.App.Dir)
	return nil
}

func (s *session) findPackage() error {
	src, err := s.readCode()
	if err != nil {
		return err
	}
	if s.site.Cache == "" {
		if s.site.Cache, err = running.Folder(s.site.Module.Dir, s.pkg.Pattern); err != nil {
			return err
		}
	}
	s.learned = recall(s.site.Cache)
	s.site.Learned = s.learned.port
	if s.code.TLS {
		s.learned.tls = s.code.Port
	}
	s.graph = graph.NewReader(s.project(s.settings, s.pkg), s.learn)
	s.rough = plan.Watched(s.graph.Rough(src))
	return nil
}

// readCode looks for the module and the package, and for the address that the code names.
func (s *session) readCode() (src *graph.Source, err error) {
	if s.site.Module, err = project.FindModule(s.site.Dir, s.Env); err != nil {
		return nil, err
	}
	if below, err := filepath.Rel(s.site.Dir, s.site.Module.Dir); err == nil && filepath.IsLocal(below) {
		s.site.Dir = s.site.Module.Dir // the only module below: its folder is where the app expects to be
	}
	s.pkg, err = project.FindPackage(s.site.Module, s.site.Dir, s.settings.App.Package, s.site.Tagged(s.settings))
	if several, ok := errors.AsType[*project.Several](err); ok {
		s.pkg, err = s.ask(several)
	}
	if err != nil {
		return nil, err
	}
	src = project.Source(s.site.Module, s.pkg)
	s.code = project.ScanAddress(s.site.Module, src, s.pkg, s.settings.Run.PortEnv)
	return src, nil
}

// readSettings loads the file, where there is one, and puts the flags over it.
func (s *session) readSettings() error {
	loaded, warnings, err := s.load()
	if err != nil {
		return err
	}
	for _, w := range warnings {
		s.warn(w.Error())
	}
	s.settings, s.read = loaded, loaded
	s.prefix.Store(&loaded.Run.Prefix)
	return nil
}

func (s *session) load() (settings.Settings, []settings.Problem, error) {
	path := s.site.Settings
	if _, err := os.Stat(path); os.IsNotExist(err) {
		if s.options.Config != "" {
			return settings.Settings{}, nil, fmt.Errorf("no settings file %q: check --config", s.options.Config)
		}
		path = ""
	}
	loaded, warnings, told, err := s.loadFile(path)
	if errors.Is(err, fs.ErrPermission) {
		err = fmt.Errorf("%w: make it readable, or start watcher elsewhere", err)
	}
	if err != nil {
		return loaded, warnings, err
	}
	if told != s.told {
		s.told = told
		s.terminal.Print(terminal.Event{Kind: terminal.KindSettings, Text: told})
	}
	loaded = s.options.over(loaded)
	if loaded.Run.Swap == string(loop.SwapOverlap) && loaded.Run.Port != 0 && loaded.Run.Remap == "false" {
		return loaded, nil, UsageError{fmt.Errorf("--swap overlap cannot go with [run] port and remap = false: two processes cannot hold port %d", loaded.Run.Port)}
	}
	if s.options.Debug != "" && loaded.Run.Socket {
		return loaded, nil, UsageError{errors.New("--debug cannot go with [run] socket: LISTEN_PID would be Delve's")}
	}
	return loaded, warnings, nil
}

// shown is a path as people see it: relative to where they are, if it lies below.
func (s *session) shown(path string) string {
	if rel, err := filepath.Rel(s.Dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// listen opens the front and says what people would not expect of its address.
func (s *session) listen() (l []net.Listener, err error) {
	if err := s.chooseBeacon(); err != nil {
		s.warn("the app's own ports cannot be moved: " + err.Error() + ": each swap stops the old process first, and requests wait")
	}
	want := s.site.Address(s.settings, s.code)
	if l, err = open(want, s.settings.Proxy.StrictPort); err != nil {
		return nil, err
	}
	got := want
	got.Port = portOf(l[0])
	s.site.URL = got.URL()
	s.at = got
	switch {
	case want.Why != "":
		s.warn(want.Why + ": the front is " + s.site.URL)
	case want.Port != 0 && got.Port != want.Port:
		s.warn(fmt.Sprintf("port %d %s: the front is %s", want.Port, obstacle(want.Port), s.site.URL))
	}
	if !got.Loopback() && !system().apart() {
		s.warn("other machines can reach the front on " + got.String())
	}
	return l, nil
}

// chooseBeacon decides whether the app is built with the beacon; its error says why it is not, where
// that matters.
func (s *session) chooseBeacon() error {
	if s.settings.Run.Remap == "false" {
		return nil
	}
	err := builder.Beacon(s.site.Build(s.settings, s.pkg))
	s.site.Beacon = err == nil
	if s.settings.Run.Remap == "auto" && !s.site.BindsItself(s.settings, s.code) {
		return nil
	}
	return err
}

// openFurther opens a port that the app asked for on host, no wider than that and the front.
func (s *session) openFurther(port int, host netip.Addr) ([]net.Listener, error) {
	if port == s.at.Port {
		return nil, nil
	}
	listeners, err := listen(s.at.Narrowed(host, port))
	if err != nil {
		return nil, fmt.Errorf("port %d, which the app asks for, %s: it is not reachable there", port, obstacle(port))
	}
	return listeners, nil
}

// loop makes the other parts and runs the loop to its end. The front answers from
// before the first build until after the last process.
func (s *session) loop(listeners []net.Listener) error {
	r := runner.New()
	defer r.Close()
	s.runner = r
	var err error
	if s.builder, err = builder.New(s.site.Cache, r.Run); err != nil {
		return err
	}
	watch := s.site.Watch(s.settings)
	watch.Graph, watch.Marks = s.rough, filepath.Join(s.site.Cache, "marks")
	if s.watcher, err = watcher.New(watch); err != nil {
		return err
	}
	further := relay.New(relay.Config{Open: s.openFurther, Say: s.warn})
	defer further.Close()
	first := s.site.Plan(s.settings, s.pkg, s.code)
	l := loop.New(loop.Config{
		Plan: first, Watcher: s.watcher, Graph: s.graph, Builder: s.builder, Front: s.front, Relay: further, Debugger: s.debugger,
		Runner: launcher{r, s.terminal, s.screen(s.Stdout), s.screen(s.Stderr), s.front, s.died, s.seen, s.debugger, &s.prefix},
		Reload: s.reload, Print: s.print, Signal: plan.SignalNumber, Base: s.Dir,
	})
	s.running = l
	s.front.Configure(s.proxyConfig(s.settings)) // which now has all whom it asks
	if line := builder.Foreign(first.Build.Env); line != "" {
		s.warn(line)
	}
	for _, line := range missing(first.Commands) {
		s.warn(line)
	}
	s.print(terminal.Event{Kind: terminal.KindFront, Text: s.site.URL})
	s.sayDebug()
	s.catch(stopSignals()...)
	go s.obey(l)
	if in := s.keyboard(); in != nil {
		go s.takeKeys(in, l)
	}
	ctx, closeFront := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() {
		err := s.front.Serve(ctx, append(listeners, further.Front())...)
		served <- err
		if err != nil { // without a front there is nothing to go on for
			l.Stop()
		}
	}()
	l.Run()
	closeFront()
	return <-served
}

// missing tells, a line each, of commands of rules whose program is not there.
func missing(commands map[string]builder.Command) []string {
	var lines []string
	for _, c := range commands {
		if what := c.Missing(); what != "" {
			lines = append(lines, fmt.Sprintf("%s:%d:%d: rule.run: %s", c.Where.File, c.Where.Line, c.Where.Column, what))
		}
	}
	slices.Sort(lines)
	return lines
}

// saved tells what was saved by whoever waits for it, who is none of ours.
func (s *session) saved(ctx context.Context) (uint64, bool) {
	s.running.Attend()
	return s.watcher.Saved(ctx)
}

// catch has signals come to us that would end the program.
func (s *session) catch(signals ...os.Signal) {
	if s.Notify != nil {
		s.Notify(s.signals, signals...)
	}
}

// obey hands signals on until all is over. It waits for nobody, or a second one would not be heard.
func (s *session) obey(l *loop.Loop) {
	for {
		select {
		case sig := <-s.signals:
			if sig == restartSignal {
				go l.Restart()
			} else {
				s.stop(l)
			}
		case <-s.over:
			return
		}
	}
}

// leaveAfter is how long the end of all may take after the second order to stop: processes that are
// killed are gone much sooner.
const leaveAfter = 3 * time.Second

// stop orders a stop. The second order is one to hurry: then the terminal is not waited for
// either, and what hangs is not for long.
func (s *session) stop(l *loop.Loop) {
	if s.stops.Add(1) == 2 {
		s.terminal.Hurry()
		s.hurry()
		time.AfterFunc(leaveAfter, func() { close(s.left) })
	}
	go l.Stop()
}

// lastWords is how long the terminal may take for what is left to be printed when nobody wants
// to wait any more.
const lastWords = 100 * time.Millisecond

// finish prints what is left, for as long as a stop may take.
func (s *session) finish() {
	ctx, cancel := context.WithTimeout(context.Background(), max(lastWords, time.Duration(s.settings.Run.StopTimeout)))
	defer cancel()
	defer context.AfterFunc(s.patient, func() { time.AfterFunc(lastWords, cancel) })()
	s.terminal.Finish(ctx)
	close(s.over)
	s.hurry()
}
