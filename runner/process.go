package runner

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/watcher-dev/watcher/runner/beacon"
	"github.com/watcher-dev/watcher/runner/group"
	"github.com/watcher-dev/watcher/runner/kin"
	"github.com/watcher-dev/watcher/runner/notify"
	"github.com/watcher-dev/watcher/runner/output"
	"github.com/watcher-dev/watcher/runner/sockets"
)

const (
	defaultReadyTimeout = 30 * time.Second
	// fixedDelay gives an app the time to open its other listeners after the main one.
	fixedDelay = time.Second
)

// process is one started generation. Its life is run; everything else is called
// from outside and only sends signals.
type process struct {
	runner   *Runner
	spec     Spec
	report   func(Event)
	output   output.Output
	settled  bool             // on its port: it is not given another one
	port     int              // given to the app; by others than run under runner.mu
	answered []netip.AddrPort // at its own ports, by others, before it was started

	wanted context.Context    // ends when its end is asked for
	unwant context.CancelFunc // may be called by anybody
	notify *notify.Socket     // nil if it is not asked for READY=1

	group    *group.Group   // nil until it is started; by others than run under mu
	mark     kin.Mark       // of all that descends from it
	left     []kin.Process  // what the leader left behind when it ended
	oomKills int            // see there; at the start
	beacon   *beacon.Beacon // nil unless it was asked to tell; set with group
	debugged debugged

	telling sync.Mutex // reports come one after the other

	mu       sync.Mutex
	starting bool          // it is being launched
	launched chan struct{} // closed when the launch has ended; another one for a second launch
	orders   []func()      // that came while it was launched, for then
	served   bool          // was ready
	killing  *time.Timer   // set by the first stop
	killAt   time.Time
}

// run starts the process, reports what becomes of it, and returns when it is gone.
func (p *process) run() {
	defer p.unwant()
	if missing := p.awaitNeeds(); missing != "" {
		p.notStarted("was stopped while it waited for " + missing)
		return
	}
	began := time.Now()
	p.answered = answered(loopback(p.spec.Port, p.spec.Likely))
	switch err := p.launch(); {
	case errors.Is(err, errUnwanted):
		p.notStarted(err.Error())
		return
	case err != nil:
		p.notStarted("could not be started: " + err.Error())
		return
	}
	alive := p.reap()
	found, fail := p.awaitReady(alive)
	ended := alive.Err() != nil
	mended := p.portStolen(ended, fail) || (ended || fail != nil) && p.socketLeft()
	if mended && p.startAgain(alive.Done()) {
		alive = p.reap()
		found, fail = p.awaitReady(alive)
	}
	switch {
	case alive.Err() != nil:
		end := p.ending()
		p.tell(p.failed(refusal{reason: end.words() + " before it was ready", hint: cmp.Or(end.hint, p.hintFromTail()), lock: p.lockFromTail()}))
	case fail != nil:
		fail.hint = cmp.Or(p.hintFromTail(), fail.hint)
		p.tell(p.failed(*fail))
	default:
		found.Took = time.Since(began)
		p.setServed()
		p.tell(found)
		if !found.OwnPort {
			p.reportFixed(alive)
		}
		p.watchLife(alive, began, found.Upstream)
	}
	<-alive.Done()

	p.cancelKill()
	if path := cmp.Or(found.Unix(), p.spec.Unix); path != "" {
		sockets.RemoveDead(path) // or the next one could not bind it
	}
	if p.notify != nil {
		p.notify.Close()
	}
	p.beacon.Close()
	p.forget()
	end := p.ending()
	p.tell(Exited{
		Generation: p.spec.Generation,
		PID:        p.pid(),
		Code:       end.code,
		Signal:     end.signal,
		Reason:     end.reason,
		Alive:      p.group.Exited.Sub(began),
		Tail:       p.output.Last(),
	})
}

// reap waits for the end of what was started, in a goroutine that ends with it. The
// context ends when nothing of it is left.
func (p *process) reap() (alive context.Context) {
	alive, ended := context.WithCancel(context.Background())
	go func() {
		defer ended()
		_ = p.group.Wait() // how it ended stands in the process state
		p.mark.End(group.GoneLimit)
		p.output.Finish(group.PipeDelay)
	}()
	return alive
}

// notStarted reports that there never was a process.
func (p *process) notStarted(reason string) {
	if p.notify != nil {
		p.notify.Close()
	}
	p.output.Finish(0)
	p.forget()
	p.beacon.Close()
	p.tell(Failed{Generation: p.spec.Generation, Reason: reason})
}

// tell reports an event that may come at any time while the process lives.
func (p *process) tell(e Event) {
	p.telling.Lock()
	defer p.telling.Unlock()
	p.report(e)
}

// errUnwanted is why something is not started whose end was asked for before.
var errUnwanted = errors.New("was stopped before it was started")

// launch starts the binary on a port of our choosing, or on a socket of ours. What is ordered
// meanwhile is noted, and carried out as soon as there is somebody to obey: a start may hang in the
// file system for as long as that likes, and who orders waits for nothing.
func (p *process) launch() error {
	p.mu.Lock()
	p.starting = true
	p.mu.Unlock()
	g, err := p.startGroup()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.starting = false
	close(p.launched)
	orders := p.orders
	p.orders = nil
	if err != nil {
		return err
	}
	p.group = g
	for _, order := range orders {
		order()
	}
	return nil
}

// startGroup is launch without a word about orders.
func (p *process) startGroup() (*group.Group, error) {
	s := p.spec
	cmd := exec.Command(s.Binary, s.Args...)
	cmd.Dir = s.Dir
	var err error
	if !within(p.wanted, func() func() {
		touch(s.Dir, s.Binary)
		env, failed := environment(s.Env, s.EnvFiles)
		return func() { cmd.Env, err = env, failed }
	}) {
		return nil, errUnwanted
	}
	if err != nil {
		return nil, err
	}
	if s.Debugger != nil {
		if err := p.underDebugger(cmd); err != nil {
			return nil, err
		}
	}
	if s.Socket {
		socket, err := p.handSocket(cmd)
		if err != nil {
			return nil, err
		}
		defer socket.Close()
	} else if err := p.runner.reservePort(p); err != nil {
		return nil, err
	}
	if s.Notify && p.notify == nil {
		if err := p.listenForReady(); err != nil {
			return nil, err
		}
	}
	if s.Notify {
		cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+p.notify.Name)
	}
	cmd.Env = append(cmd.Env,
		p.portEnv()+"="+strconv.Itoa(p.port), // over the user's own (rule 16)
		"WATCHER_GENERATION="+strconv.Itoa(s.Generation),
		"WATCHER_URL="+s.URL,
		kin.Variable+"="+string(p.mark))
	if s.Beacon {
		if p.beacon, err = beacon.Ask(cmd, p.port); err != nil {
			return nil, err
		}
		defer p.beacon.Listen(p.tellMove)
	}
	p.output.Connect(cmd, [2]output.Stream{{Sink: s.Stdout, Screen: s.StdoutScreen}, {Sink: s.Stderr, Screen: s.StderrScreen}})
	defer p.output.Started()
	p.oomKills = oomKills()
	if p.told() {
		return nil, errUnwanted
	}
	g, err := p.runner.starter.Start(cmd)
	if err == nil {
		g.Leave = p.leave
	}
	return g, err
}

func (p *process) portEnv() string {
	if p.spec.PortEnv == "" {
		return "PORT"
	}
	return p.spec.PortEnv
}

// forget makes the generation unknown, so that its port may be given again.
func (p *process) forget() {
	p.runner.mu.Lock()
	defer p.runner.mu.Unlock()
	if p.runner.processes[p.spec.Generation] == p {
		delete(p.runner.processes, p.spec.Generation)
	}
}

// awaitReady blocks until the process can be sent requests, until it is clear that
// it will not be, or until alive ends.
func (p *process) awaitReady(alive context.Context) (Ready, *refusal) {
	timeout := p.spec.ReadyTimeout
	if timeout == 0 {
		timeout = defaultReadyTimeout
	}
	ctx, cancel := context.WithCancel(alive)
	defer cancel()
	defer p.unattended(timeout, cancel).Stop()
	if fail := p.awaitApp(ctx); fail != nil {
		return Ready{}, fail
	}
	var ready Ready
	var fail, locked *refusal
	var both sync.WaitGroup
	both.Go(func() {
		defer cancel()
		ready, fail = p.find(ctx, timeout)
	})
	both.Go(func() {
		defer cancel()
		locked = p.awaitLock(ctx)
	})
	both.Wait()
	if fail != nil {
		return Ready{}, cmp.Or(locked, fail)
	}
	return ready, nil
}

// find waits until the process says that it is ready, where it is to, and answers.
func (p *process) find(ctx context.Context, limit time.Duration) (Ready, *refusal) {
	if fail := p.notified(ctx, limit); fail != nil {
		return Ready{}, fail
	}
	s := search{
		group: p.pid(),
		name:  p.portEnv(),
		given: p.port,
		told:  p.spec.Port, likely: p.spec.Likely, unix: p.spec.Unix != "",
		handed:    p.spec.Socket,
		announced: p.spec.Notify,
		path:      p.spec.ReadyPath,
		settled:   p.settled,
		answered:  p.answered,
		limit:     limit,
		beacon:    p.beacon,
	}
	addr, fail := s.find(ctx)
	if fail != nil {
		return Ready{}, fail
	}
	p.beacon.Await(ctx, p.spec.Further, furtherDelay)
	return Ready{
		Generation: p.spec.Generation,
		PID:        p.pid(),
		Upstream:   addr,
		OwnPort:    !strings.HasSuffix(addr, ":"+strconv.Itoa(p.port)) && s.asked == 0,
		Asked:      s.asked,
		TLS:        s.tls,
	}, nil
}

// reportFixed reports the other fixed ports of a process, now or a moment later.
func (p *process) reportFixed(alive context.Context) {
	fixed := func() []string { return slices.DeleteFunc(sockets.Fixed(p.pid(), p.port), p.beacon.Has) }
	addrs := fixed()
	if len(addrs) == 0 && pause(alive, fixedDelay) {
		addrs = fixed()
	}
	if len(addrs) > 0 {
		p.tell(Fixed{Generation: p.spec.Generation, Addrs: addrs})
	}
}

func (p *process) failed(r refusal) Failed {
	return Failed{
		Generation: p.spec.Generation,
		PID:        p.pid(),
		Reason:     r.reason,
		Hint:       r.hint,
		Lock:       r.lock,
		Tail:       p.output.Last(),
	}
}

// within does what f says to do with what it has found, or returns false if ctx is done before. Then
// f is left to itself: a file on a mount that does not answer holds whoever asks for it, and nothing ends that.
func within(ctx context.Context, f func() (then func())) bool {
	found := make(chan func(), 1) // room for it, as nobody may take it
	go func() { found <- f() }()
	select {
	case then := <-found:
		then()
		return true
	case <-ctx.Done():
		return false
	}
}

// touch asks for files, which hangs where they do. A new process goes to its folder before it is a
// program of its own, and until then nothing else of ours runs: so that is asked first.
func touch(paths ...string) {
	for _, path := range paths {
		_, _ = os.Stat(path) // what else is wrong is told by the start
	}
}

// leader returns the group, for others than run; nil if there is none.
func (p *process) leader() *group.Group {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.group
}

// launchedLeader is leader, once a launch that is under way, or is to come, has ended.
func (p *process) launchedLeader() *group.Group {
	p.mu.Lock()
	launched := p.launched
	p.mu.Unlock()
	<-launched
	return p.leader()
}

// order carries out what is ordered, now or when the launch that is under way has ended. It is
// passed over if there is no group, and none is being started.
func (p *process) order(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.starting:
		p.orders = append(p.orders, f)
	case p.group != nil:
		f()
	}
}

// signal sends sig to the group.
func (p *process) signal(sig syscall.Signal) {
	if sig == syscall.SIGKILL {
		p.unwant()
	}
	p.order(func() { p.group.Signal(sig) })
}

// stop asks the group to end and sets, or brings forward, the time at which it is killed.
func (p *process) stop(limit time.Duration) {
	p.unwant()
	at := time.Now().Add(limit)
	p.order(func() { p.endBy(at) })
}

// endBy is stop, with mu held.
func (p *process) endBy(at time.Time) {
	limit := time.Until(at)
	switch {
	case p.killing == nil:
		sig := p.spec.StopSignal
		if sig == 0 {
			sig = syscall.SIGTERM
		}
		p.group.Signal(sig)
		kill := func() { p.signal(syscall.SIGKILL) }
		if p.served {
			p.killing = p.unattended(limit, kill)
		} else { // nobody debugs it, and the next start waits for its end
			p.killing = time.AfterFunc(limit, kill)
		}
	case at.Before(p.killAt):
		p.killing.Reset(limit)
	default:
		return
	}
	p.killAt = at
}

func (p *process) setServed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.served = true
}

// told says whether its end was asked for.
func (p *process) told() bool { return p.wanted.Err() != nil }

// cancelKill drops the timer of a process that is gone.
func (p *process) cancelKill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killing != nil {
		p.killing.Stop()
	}
}
