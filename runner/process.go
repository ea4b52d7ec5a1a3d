package runner

import (
	"cmp"
	"context"
	"net/netip"
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
	port     int              // given to the app; guarded by runner.mu until launched is closed
	answered []netip.AddrPort // at its own ports, by others, before it was started

	waiting    context.Context    // ends when it is started, or never will be
	endWaiting context.CancelFunc // may be called by anybody
	notify     *notify.Socket     // nil if it is not asked for READY=1

	launched chan struct{}  // closed when group is set, or never will be
	group    *group.Group   // nil if it could not be started; by others than run under mu
	mark     kin.Mark       // of all that descends from it
	left     []kin.Process  // what the leader left behind when it ended
	oomKills int            // see there; at the start
	beacon   *beacon.Beacon // nil unless it was asked to tell; set with group
	debugged debugged

	telling sync.Mutex // reports come one after the other

	mu      sync.Mutex
	doomed  bool        // its end was asked for
	served  bool        // was ready
	killing *time.Timer // set by the first stop
	killAt  time.Time
}

// run starts the process, reports what becomes of it, and returns when it is gone.
func (p *process) run() {
	if missing := p.awaitNeeds(); missing != "" {
		close(p.launched)
		p.notStarted("was stopped while it waited for " + missing)
		return
	}
	began := time.Now()
	p.answered = answered(loopback(p.spec.Port, p.spec.Likely))
	p.mu.Lock()
	err := p.launch()
	p.mu.Unlock()
	close(p.launched)
	if err != nil {
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

// launch, with mu held, starts the binary on a port of our choosing, or on a socket of ours.
func (p *process) launch() error {
	s := p.spec
	cmd := exec.Command(s.Binary, s.Args...)
	cmd.Dir = s.Dir
	env, err := environment(s.Env, s.EnvFiles)
	if err != nil {
		return err
	}
	cmd.Env = env
	if s.Debugger != nil {
		if err := p.underDebugger(cmd); err != nil {
			return err
		}
	}
	if s.Socket {
		socket, err := p.handSocket(cmd)
		if err != nil {
			return err
		}
		defer socket.Close()
	} else if err := p.runner.reservePort(p); err != nil {
		return err
	}
	if s.Notify && p.notify == nil {
		if err := p.listenForReady(); err != nil {
			return err
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
			return err
		}
		defer p.beacon.Listen(p.tellMove)
	}
	p.output.Connect(cmd, [2]output.Stream{{Sink: s.Stdout, Screen: s.StdoutScreen}, {Sink: s.Stderr, Screen: s.StderrScreen}})
	defer p.output.Started()
	p.oomKills = oomKills()
	g, err := p.runner.starter.Start(cmd)
	if err == nil {
		p.group, g.Leave = g, p.leave
	}
	return err
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

// leader returns the group, for others than run; nil if there is none.
func (p *process) leader() *group.Group {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.group
}

// signal sends sig to the group.
func (p *process) signal(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doomed = p.doomed || sig == syscall.SIGKILL
	p.group.Signal(sig)
}

// stop asks the group to end and sets, or brings forward, the time at which it is killed.
func (p *process) stop(limit time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := time.Now().Add(limit)
	p.doomed = true
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
func (p *process) told() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.doomed
}

// cancelKill drops the timer of a process that is gone.
func (p *process) cancelKill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killing != nil {
		p.killing.Stop()
	}
}
