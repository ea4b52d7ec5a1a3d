// Package loop is the state machine that leads from a save to the front: it decides
// what is built, started, swapped, drained and stopped, and when.
//
// It knows numbers, generations and what is due. It does not know files, compilers,
// sockets or terminals: the parts are small interfaces (see [Config]), and all
// deciding is in step, a function of state, time and event that touches nothing.
// [Loop] is the thin goroutine around it: it takes an event, calls step, publishes
// the view, then carries out the effects in order.
//
// # What is kept
//
// Numbers: pending numbers are raised and closed by the watcher and settled here
// (rule 1). Due: the set of actions asked for and not yet begun (rule 2). The running
// build, at most one. The table of processes, each a generation with a role:
//
//	starting → current → standby → draining → stopping → reaped
//
// The states that people and programs are told (serving, backing off, given up, …) are
// read off this table after each step, and nothing decides by them.
//
// # State × event
//
// Rows are what is under way. A cell says what changes; advance then begins what is
// due and can begin. "Also" below the table holds in every row.
//
//	            rebuild save     restart save     order            built        build failed     ready       start failed      start hangs current exits      stop
//	idle        build            start newest     start newest     –            –                –           –                 –           back-off, revive   drain, stop
//	building    kill, build      absorbed         absorbed         fresh is due page; weaker due –           –                 –           wait for the build kill build
//	starting    supersede, build supersede, start end it, start    –            –                swap, proof page; old goes on –           wait for the start end candidate
//	both        as each          as each          end it, absorbed waits        page             swap        page              end it      wait               both
//	in proof    build            start            start            –            –                –           –                 –           back to standby    drain, stop
//	draining(1) build            start newest     start newest     start        start newest     –           –                 –           –                  drain, stop
//	back-off    build            start at once    start at once    start        revive           –           –                 –           –                  stop
//	down(2)     build            start newest     start newest     start        page             –           –                 –           –                  stop
//	stopping    –                –                –                dropped      dropped          dropped     dropped           –           reaped             at once
//
// (1) stop-first: the old one finishes its requests and goes, then the new one starts.
// (2) exited by itself, given up, or never started.
//
// Ports (rules 13–19) change neither rows nor cells, but which of two ways a start takes
// (ports.go): beside the target, or after it. One with the beacon, whose listeners are moved, can always
// start beside it; without one, what binds fixed ports cannot, and what needs a file lock never can:
//
//	beacon ── lock, or a port that no beacon moved ──> stop-first
//	beacon ── Go refuses ──> none, and stop-first if a fixed port is seen
//	stop-first ── only PORT is seen ──> overlap
//
// A command of a rule (command.go) stands before all that: while one runs, and until the
// watcher has closed what it wrote, nothing is built, started or settled, beside what had
// begun before. One that is asked for again by the time that it has ended waits until what
// it wrote is built and started. A save that belongs to a loop that feeds itself (feedback.go) is closed and
// nothing more. During a pause (pause.go) what the watcher closes is not taken at all, and no
// build begins; the other columns are as ever.
//
// Also: a refresh or signal is done when nothing stronger is under way, else with the
// swap. Equal binary: nothing starts, page and mark are cleared. Patience (rule 6): a
// build or candidate that has been overtaken twice, or for 1.5 × the last build, is
// left to finish. "Both" is whatever waits for the end of a candidate, be it built, being
// built or to be started: then, and only then, a timer runs for the candidate (boundStart), also
// where none has ever become ready. When it fires the candidate hangs, and is ended. An
// order ends a candidate in any case. An event about a generation that is not in the table is dropped.
//
// # Invariants
//
//   - one build at a time: TestInvariant_OneBuildAtATime
//   - one not-ready process at most: TestInvariant_OneNotReadyProcess
//   - the target has been ready: TestInvariant_TargetHasBeenReady
//   - a failure leaves the target alone: TestInvariant_FailureLeavesTargetAlone
//   - a start that hangs keeps nothing newer waiting for longer than its bound, and no order at
//     all: TestInvariant_HangingStartBlocksNothing
//   - a stop order wins in every state: TestInvariant_StopWinsInEveryState
//   - after Run returns no goroutine and no child is left: TestInvariant_NothingLeftAfterRun
//
// # Goroutines
//
//	Run                 the caller's; ends when the stop is complete
//	Watcher.Run         one; ends when Run cancels its context
//	Graph.Run           one; ends when Run cancels its context
//	startBuild          one a build; ends with the build, whose result it sends
//	startCommand        one a run of a rule's command; ends with it, and sends its result
//	loadSettings        one a read; ends when it has sent what it read
//	time.AfterFunc      one a timer that fires; sends, or drops after Run
//
// None of them is Run's to wait for when it prints, publishes or leads a debugger: the terminal, the
// front and the relay have goroutines of their own for what may take a while.
//
// Every send gives up when Run has returned, so none of them can be left waiting.
package loop
