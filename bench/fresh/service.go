package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/watcher-dev/watcher/bench/harness"
)

const app = "bench/fresh/testdata/app"

// settings let a request wait as long as a build beside 16 busy processes takes.
const settings = "[proxy]\nhold_timeout = \"5m\"\n"

// service is the app under watcher, and the clients that ask it in turn.
type service struct {
	*harness.Watched
	file    string
	text    []byte // of file, with the version unset
	version int    // saved last
	clients []*http.Client
}

func open(folder string, env ...string) (*service, error) {
	w, err := harness.Start(folder, app, settings, env...)
	if err != nil {
		return nil, err
	}
	s := &service{Watched: w, file: filepath.Join(w.Dir, "main.go")}
	if s.text, err = os.ReadFile(s.file); err != nil {
		return nil, err
	}
	for _, set := range []func(*http.Transport){
		func(t *http.Transport) {},                             // HTTP/1, kept
		func(t *http.Transport) { t.DisableKeepAlives = true }, // fresh
		func(t *http.Transport) { t.Protocols.SetHTTP1(false); t.Protocols.SetUnencryptedHTTP2(true) },
	} {
		t := &http.Transport{Protocols: new(http.Protocols)}
		t.Protocols.SetHTTP1(true)
		set(t)
		s.clients = append(s.clients, &http.Client{Transport: t})
	}
	return s, nil
}

// round saves and asks so many times and prints a row. It fails if there was anything to hide.
func (s *service) round(name string, save func(string, []byte) error, saves int) error {
	var stale, marked, refused int
	var took harness.Series
	for n := range saves {
		s.version++
		text := bytes.Replace(s.text, []byte(unset), fmt.Appendf(nil, "v%08d", s.version), 1)
		if err := save(s.file, text); err != nil {
			return err
		}
		began := time.Now()
		got, mark, err := ask(s.clients[n%len(s.clients)], s.URL)
		took = append(took, time.Since(began))
		switch {
		case err != nil:
			refused++
			fmt.Println(err)
		case mark:
			marked++
		case got < s.version:
			stale++
			fmt.Printf("version %d is answered by %d\n", s.version, got)
		}
	}
	fmt.Printf("%-44s %8d %8d %8d %8d %14v, %v\n", name, saves, stale, marked, refused,
		took.At(0.5).Round(time.Millisecond), took.At(1).Round(time.Millisecond))
	if stale+refused > 0 {
		return fmt.Errorf("%s: %d stale, %d refused", name, stale, refused)
	}
	return nil
}

// ask returns the version that answers, and whether the answer says that it may be older.
func ask(c *http.Client, url string) (version int, marked bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, false, err
	}
	answer, err := c.Do(r)
	if err != nil {
		return 0, false, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", answer.Status, body)
	}
	if err != nil {
		return 0, false, err
	}
	version, err = strconv.Atoi(string(bytes.TrimPrefix(body, []byte("v"))))
	return version, answer.Header.Get("Watcher-Build") != "", errors.Join(err)
}
