package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	modules "golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// composeV2 is how the Compose of today is called.
var composeV2 = []string{"docker", "compose"}

// engineOrSkip returns the command by which Compose is called here. Where no engine answers
// the test shows nothing, which docs/check says.
func engineOrSkip(t *testing.T) []string {
	t.Helper()
	if out, err := exec.Command("docker", "version", "--format", "{{.Server.Version}}").CombinedOutput(); err != nil {
		t.Skipf("no Docker engine answers: %v: %s", err, strings.TrimSpace(string(out)))
	}
	if exec.Command("docker", "compose", "version").Run() == nil {
		return composeV2
	}
	if _, err := exec.LookPath("docker-compose"); err == nil {
		return []string{"docker-compose"}
	}
	t.Skip("a Docker engine answers, but there is no Compose: neither docker compose nor docker-compose")
	return nil
}

// call runs a command to its end and returns what it prints.
func call(t testing.TB, dir string, env []string, words ...string) string {
	t.Helper()
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(words, " "), err, out)
	}
	return string(out)
}

// goImage makes an image that stands in for golang:1.26: a small Debian with this machine's
// Go, and with the modules that watcher, as it is in this folder, and app need. The image
// below it is kept from run to run.
func goImage(t *testing.T, app string) (tag string) {
	t.Helper()
	below := "watcher-test/" + runtime.Version()
	if exec.Command("docker", "image", "inspect", below).Run() != nil {
		importDebian(t, below)
	}
	dir := t.TempDir()
	moduleProxy(t, filepath.Join(dir, "proxy"), app)
	text := "FROM " + below + "\nCOPY proxy /proxy\nENV GOPROXY=file:///proxy GOSUMDB=off\n"
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	tag = "watcher-test/run:" + random()
	t.Cleanup(func() { _ = exec.Command("docker", "image", "rm", tag).Run() })
	call(t, dir, nil, "docker", "build", "--tag", tag, ".")
	return tag
}

// importDebian makes an image of a Debian and Go, of files of this machine and its mirror.
func importDebian(t *testing.T, tag string) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root")
	release := strings.TrimSpace(call(t, "", nil, "sh", "-c", ". /etc/os-release && echo ${VERSION_CODENAME:-stable}"))
	call(t, "", nil, "debootstrap", "--variant=minbase", "--include=ca-certificates,curl", release, root)
	goroot := strings.TrimSpace(call(t, "", nil, "go", "env", "GOROOT"))
	call(t, "", nil, "cp", "-a", goroot, filepath.Join(root, "usr", "local", "go"))
	for _, path := range []string{"var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale", "usr/local/go/test"} {
		if err := os.RemoveAll(filepath.Join(root, path)); err != nil {
			t.Fatal(err)
		}
	}
	call(t, root, nil, "sh", "-c", "tar -c . | docker import --change 'ENV PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' - "+tag)
}

// moduleProxy lays out a folder that Go takes modules from: watcher itself, as the only
// version there is, and what it and app are built of.
func moduleProxy(t *testing.T, proxy, app string) {
	t.Helper()
	own := filepath.Join(proxy, filepath.FromSlash(module), "@v")
	if err := os.MkdirAll(own, 0o755); err != nil {
		t.Fatal(err)
	}
	version := modules.Version{Path: module, Version: "v0.0.1"}
	var archive bytes.Buffer
	if err := zip.CreateFromDir(&archive, version, "."); err != nil {
		t.Fatal(err)
	}
	gomod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"list": []byte("v0.0.1\n"), "v0.0.1.info": []byte(`{"Version":"v0.0.1"}`), "v0.0.1.mod": gomod, "v0.0.1.zip": archive.Bytes(),
	} {
		if err := os.WriteFile(filepath.Join(own, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// Go itself fetches what is needed, and no more, from what this machine has.
	caches := strings.Fields(call(t, "", nil, "go", "env", "GOMODCACHE", "GOPROXY"))
	cache := filepath.Join(t.TempDir(), "mod")
	env := []string{
		"GOMODCACHE=" + cache, "GOFLAGS=-modcacherw", "GOSUMDB=off",
		fmt.Sprintf("GOPROXY=file://%s,file://%s/cache/download,%s", proxy, caches[0], caches[1]),
	}
	call(t, "/", env, "go", "install", "-n", module+"@v0.0.1")
	call(t, app, env, "go", "list", "-deps", "./...")
	if err := os.RemoveAll(filepath.Join(cache, "cache", "download", filepath.FromSlash(module))); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(proxy, os.DirFS(filepath.Join(cache, "cache", "download"))); err != nil {
		t.Fatal(err)
	}
}

// random is a word that no other run uses.
func random() string { return strings.ToLower(rand.Text()[:10]) }
