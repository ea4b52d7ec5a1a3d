package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// contender is a process that answers, or passes on to the app.
type contender struct {
	name string
	addr string
	stop func()
}

// startContenders starts the app, asked directly, and all that stand before it; the
// first three are always there. What was started is returned also with an error.
func startContenders(folder, profile string) (all []*contender, err error) {
	add := func(name string, start func() (*contender, error)) {
		if err != nil {
			return
		}
		var c *contender
		if c, err = start(); err == nil {
			c.name = name
			all = append(all, c)
		}
	}
	add("direct", func() (*contender, error) { return startRole("app", "", folder, "") })
	add("httputil.ReverseProxy", func() (*contender, error) { return startRole("bare", all[0].addr, folder, "") })
	add("the front", func() (*contender, error) { return startRole("front", all[0].addr, folder, profile) })
	for _, name := range []string{"nginx", "caddy"} {
		if path, missing := exec.LookPath(name); missing == nil {
			add(name, func() (*contender, error) { return startForeign(name, path, all[0].addr) })
		} else {
			fmt.Printf("%s is not installed\n", name)
		}
	}
	return all, err
}

func stopAll(all []*contender) {
	for _, c := range all {
		c.stop()
	}
}

// startRole runs this program as the app or a proxy; it says where it listens and ends
// when its input does, also if we are killed.
func startRole(role, upstream, folder, profile string) (*contender, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "BENCH_ROLE="+role, "BENCH_UPSTREAM="+upstream, "BENCH_FOLDER="+folder, "BENCH_PROFILE="+profile)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	addr, err := bufio.NewReader(out).ReadString('\n')
	stop := func() {
		in.Close()
		_ = cmd.Wait()
	}
	if err != nil {
		stop()
		return nil, fmt.Errorf("start the %s: %w", role, err)
	}
	return &contender{addr: strings.TrimSpace(addr), stop: stop}, nil
}

const nginxConf = `daemon off;
worker_processes auto;
pid nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
	access_log off;
	keepalive_requests 1000000000;
	upstream app { server %[2]s; keepalive 64; keepalive_requests 1000000000; }
	server {
		listen %[1]s;
		location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; }
	}
}
`

const caddyConf = `{
	admin off
	auto_https off
}
http://%[1]s {
	reverse_proxy %[2]s
}
`

// startForeign runs nginx or Caddy, with their processes or threads on every core as
// the others.
func startForeign(name, path, upstream string) (*contender, error) {
	folder, err := os.MkdirTemp("", "watcher-bench-")
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	l.Close()
	file := filepath.Join(folder, "conf")
	conf, args := nginxConf, []string{"-p", folder, "-c", file}
	if name == "caddy" {
		conf, args = caddyConf, []string{"run", "--adapter", "caddyfile", "--config", file}
	}
	if err := os.WriteFile(file, fmt.Appendf(nil, conf, addr, upstream), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = folder
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &contender{addr: addr, stop: func() {
		_ = cmd.Process.Signal(os.Interrupt) // which nginx passes on to its workers
		_ = cmd.Wait()
		os.RemoveAll(folder)
	}}
	for began := time.Now(); time.Since(began) < 10*time.Second; time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("tcp", addr); err == nil {
			conn.Close()
			return c, nil
		}
	}
	c.stop()
	return nil, fmt.Errorf("%s does not listen on %s", name, addr)
}
