package pid1

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// behaviour is the variable that makes this test binary what is run as the first process.
const behaviour = "PID1_TEST_BEHAVIOUR"

var behaviours = map[string]func(){
	"exit 7":  func() { os.Exit(7) },
	"killed":  func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL); select {} },
	"signals": sayOneSignal,
	"orphans": orphans,
	"hangup":  func() { fmt.Println("ignored:", signal.Ignored(syscall.SIGHUP)) },
}

func TestMain(m *testing.M) {
	name := os.Getenv(behaviour)
	if name == "" {
		os.Exit(m.Run())
	}
	if code, ran := Run(); ran {
		os.Exit(code)
	}
	behaviours[name]()
}

// first runs this binary as the first process of a process namespace of its own, whose
// /proc it sees, and returns it with its output.
func first(t *testing.T, name string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	return firstAfter(t, "true", name)
}

// firstAfter does so when a shell has done something before.
func firstAfter(t *testing.T, before, name string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", `mount -t proc proc /proc && `+before+` && exec "$0"`, os.Args[0])
	cmd.Env = append(os.Environ(), behaviour+"="+name, "GORACE=atexit_sleep_ms=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("make a process namespace: %v: run the tests as root", err)
	}
	limit := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() }) // ends what waits for its output
	t.Cleanup(func() { limit.Stop(); _ = cmd.Process.Kill() })
	return cmd, bufio.NewReader(out)
}

func TestR11_ExitCodeIsPassedOn(t *testing.T) {
	for name, want := range map[string]int{"exit 7": 7, "killed": 137} {
		cmd, _ := first(t, name)
		if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != want {
			t.Errorf("%s: %v, want code %d", name, cmd.ProcessState, want)
		}
	}
}

// TestR11_SignalsArePassedOn: each comes to the program, which is not the first process.
func TestR11_SignalsArePassedOn(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGQUIT, syscall.SIGWINCH} {
		cmd, out := first(t, "signals")
		if line, _ := out.ReadString('\n'); line == "" || line == "pid 1\n" {
			t.Fatalf("the program says %q", line)
		}
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if line, _ := out.ReadString('\n'); line != sig.String()+"\n" {
			t.Errorf("%v: the program says %q", sig, line)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v", sig, err)
		}
	}
}

// TestT12_FirstProcessLeavesAHangupIgnored: as nohup has it, and only then.
func TestT12_FirstProcessLeavesAHangupIgnored(t *testing.T) {
	for before, want := range map[string]string{"trap '' HUP": "ignored: true\n", "true": "ignored: false\n"} {
		cmd, out := firstAfter(t, before, "hangup")
		if line, _ := out.ReadString('\n'); line != want {
			t.Errorf("after %s the program says %q", before, line)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
}

func TestR11_OrphansAreReaped(t *testing.T) {
	cmd, out := first(t, "orphans")
	if line, _ := out.ReadString('\n'); line != "100 orphans, 0 left\n" {
		t.Errorf("the program says %q", line)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// sayOneSignal says its pid and the first signal that it gets.
func sayOneSignal() {
	signals := make(chan os.Signal, 64)
	signal.Notify(signals)
	fmt.Println("pid", os.Getpid())
	for sig := range signals {
		if sig != syscall.SIGURG { // which the scheduler sends
			fmt.Println(sig)
			return
		}
	}
}

// orphans leaves a hundred processes behind, lets them end, and says how many of them
// are still in the process table.
func orphans() {
	gate, open, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	// The shell ends at once; its children read until the gate is closed.
	cmd := exec.Command("/bin/sh", "-c", `for i in $(seq 100); do cat <&3 >/dev/null & done`)
	cmd.ExtraFiles = []*os.File{gate}
	if err := cmd.Run(); err != nil {
		panic(err)
	}
	made := adopted()
	open.Close()
	left := made
	for limit := time.Now().Add(30 * time.Second); left > 0 && time.Now().Before(limit); left = adopted() {
	}
	fmt.Printf("%d orphans, %d left\n", made, left)
}

// adopted counts the children of the first process, zombies too, without this one.
func adopted() (n int) {
	folders, _ := os.ReadDir("/proc")
	for _, folder := range folders {
		if pid, err := strconv.Atoi(folder.Name()); err != nil || pid == os.Getpid() {
			continue
		}
		stat, _ := os.ReadFile("/proc/" + folder.Name() + "/stat")
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(fields) > 1 && fields[1] == "1" {
			n++
		}
	}
	return n
}
