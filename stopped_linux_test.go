package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A terminal that is stopped (Ctrl-S), and a reader that does not read, hold nothing up.

// unread is a pipe that nobody reads, and that takes no byte more.
func unread(t *testing.T) (reader, writer *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close(); writer.Close() })
	fd := int(writer.Fd()) // which makes it block, as a shell's pipes do
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	for line := []byte(strings.Repeat(" ", 4095) + "\n"); err == nil; {
		_, err = syscall.Write(fd, line)
	}
	if !errors.Is(err, syscall.EAGAIN) {
		t.Fatal(err)
	}
	if err := syscall.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
	return reader, writer
}

// startUnread starts the program with its output in a pipe that nobody reads.
func startUnread(t *testing.T, sample string, args ...string) (p *program, reader *os.File) {
	t.Helper()
	p = prepare(t, sample)
	p.write(".watcher.toml", patient)
	reader, writer := unread(t)
	p.url = fmt.Sprintf("http://127.0.0.1:%d", freePort(t))
	p.cmd = exec.Command("watcher", append([]string{"--listen", strings.TrimPrefix(p.url, "http://")}, args...)...)
	p.cmd.Dir, p.cache = p.dir, t.TempDir()
	p.cmd.Env = append(environment(t), "XDG_CACHE_HOME="+p.cache)
	p.cmd.Stdout, p.cmd.Stderr = writer, writer
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(func() {
		if p.cmd != nil {
			_ = p.cmd.Process.Kill()
			<-p.done
		}
	})
	return p, reader
}

// TestT11_NobodyReadsTheOutput: from the first line on. Saves are built and swapped, and two
// interrupts end it all.
func TestT11_NobodyReadsTheOutput(t *testing.T) {
	p, _ := startUnread(t, plainapp)
	for n := 1; n <= 3; n++ {
		p.saveVersion(n)
		p.awaitVersion(n)
	}
	p.interruptTwice()
}

// interruptTwice ends the program, whose terminal takes nothing: the first interrupt ends the
// app, and the second one the wait for the terminal, which has an hour.
func (p *program) interruptTwice() {
	p.t.Helper()
	all, apps := family(p.cmd.Process.Pid), p.apps()
	if len(apps) == 0 {
		p.t.Error("no app runs")
	}
	for range 2 {
		if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
			p.t.Fatal(err)
		}
		gone(p.t, apps...)
	}
	select {
	case err := <-p.done:
		if err != nil {
			p.t.Errorf("the program ended with %v", err)
		}
	case <-time.After(patience):
		p.t.Fatal("the program does not end")
	}
	p.cmd = nil
	gone(p.t, all...)
}

// patient lets a stop wait for an hour.
const patient = "[run]\nstop_timeout = \"1h\"\n"

// TestT11_StoppedTerminal: Ctrl-S holds nothing up, Ctrl-Q shows what was held back, in its order,
// and on a stopped terminal two interrupts end it all.
func TestT11_StoppedTerminal(t *testing.T) {
	p := sitDown(t, "sh", "-c", "echo '"+patient+"' >.watcher.toml && exec watcher")
	p.url = strings.TrimSpace(frontOf(p.await("front    http")))
	p.await("ready  ")
	stop, goOn := "\x13", "\x11"
	p.types(stop)
	for n := 2; n <= 4; n++ {
		p.saveVersion(n)
		p.awaitVersion(n)
	}
	p.types(goOn)
	for n := 2; n <= 4; n++ {
		p.await("change   version/version.go")
		p.await(fmt.Sprintf("swap     #%d", n))
	}
	p.types(stop)
	p.saveVersion(5)
	p.awaitVersion(5)
	p.interruptTwice()
}

// chatty prints a number of lines for each request, and answers when they are written.
const chatty = `package main

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
)

func main() {
	printed := 0
	http.HandleFunc("/print", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.FormValue("lines"))
		for range n {
			printed++
			fmt.Printf("line %08d %90s\n", printed, "")
		}
		fmt.Fprintln(w, "printed")
	})
	panic(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
`

// TestT11_WhatWasNotPrintedIsTold: an app whose output nobody reads goes on to answer. Programs
// are told how much they missed, and get all the rest.
func TestT11_WhatWasNotPrintedIsTold(t *testing.T) {
	p := prepare(t, "testdata/ownport")
	p.write("main.go", chatty)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	p.url = fmt.Sprintf("http://127.0.0.1:%d", freePort(t))
	p.cmd = exec.Command("watcher", "--json", "--listen", strings.TrimPrefix(p.url, "http://"))
	p.cmd.Dir, p.cache = p.dir, t.TempDir()
	p.cmd.Env = append(environment(t), "XDG_CACHE_HOME="+p.cache)
	p.cmd.Stdout = writer
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(p.stop)
	for deadline := time.Now().Add(patience); !strings.Contains(p.get("/print").body, "printed"); {
		if time.Now().After(deadline) {
			t.Fatal("the app never answers")
		}
	}
	const each, times = 5000, 8 // 4 MB
	for range times {
		if a := p.get(fmt.Sprintf("/print?lines=%d", each)); !strings.Contains(a.body, "printed") {
			t.Fatal(a)
		}
	}
	var printed, missing int
	lines := bufio.NewReader(reader)
	for number := 0; printed+missing < each*times; {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("after %d lines and %d missing ones: %v", printed, missing, err)
		}
		var e struct {
			Event, Stream, Text string
			Missing             int
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		missing += e.Missing
		if e.Stream == "stdout" {
			printed++
			before := number
			if _, err := fmt.Sscanf(e.Text, "line %d", &number); err != nil || number <= before {
				t.Fatalf("%q comes after line %d", e.Text, before)
			}
		}
	}
	if printed+missing != each*times || missing == 0 {
		t.Errorf("%d lines are printed and %d told to be missing, of %d", printed, missing, each*times)
	}
	go io.Copy(io.Discard, lines) // ends with the program
}
