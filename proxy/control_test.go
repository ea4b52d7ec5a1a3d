package proxy

import (
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"testing"
	"time"
)

func TestControl_StatusTellsTheView(t *testing.T) {
	f := serve(t, Config{Hold: true})
	if got := f.get("/__watcher/api/status"); got.status != 200 {
		t.Errorf("before the first view: %+v", got)
	}
	code := 3
	processes := []Process{
		{Generation: 4, PID: 99, State: "serving", Since: time.Unix(1_800_000_000, 0).UTC()},
		{Generation: 5, PID: 100, State: "backing off", Reason: "exited", Code: &code, Attempt: 1, NextTry: time.Unix(1_800_000_001, 0).UTC()},
	}
	f.Publish(View{Pending: 3, Settled: 2, Generation: 4, PID: 99, Upstream: "127.0.0.1:1", Failed: true, Phase: Building, Problem: compileError, Processes: &processes})
	f.begin(f.request("GET", "/", nil))
	f.awaitHeld(1)
	var got Status
	if err := json.Unmarshal([]byte(f.get("/__watcher/api/status").body), &got); err != nil {
		t.Fatal(err)
	}
	got.HeldFor = 0 // it is a matter of milliseconds
	want := Status{State: Building, Generation: 4, PID: 99, Upstream: "127.0.0.1:1", Pending: 3, Settled: 2, Held: 1, Failed: true, LastError: compileError, Processes: processes}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("status = %+v, want %+v", got, want)
	}
	f.Publish(View{Stopping: true})
}

func TestControl_PrefixNeverReachesTheApp(t *testing.T) {
	f := serve(t, Config{})
	f.Publish(View{Generation: 1, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("the app got %s %s", r.Method, r.URL)
	})})
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/__watcher/healthz", 200}, {"HEAD", "/__watcher/healthz", 200}, {"GET", "/%5f_watcher/healthz", 200},
		{"POST", "/__watcher/healthz", 405}, {"DELETE", "/__watcher/api/status", 405}, {"OPTIONS", "/__watcher/api/status", 405},
		{"GET", "/__watcher/", 404}, {"GET", "/__watcher/healthz/", 404}, {"POST", "/__watcher/x/../../y", 404},
	} {
		r := f.request(c.method, c.path, nil)
		r.Header.Set(TokenHeader, string(f.token))
		if a := f.do(r); a.err != nil || a.status != c.status {
			t.Errorf("%s %s = %d, %v; want %d", c.method, c.path, a.status, a.err, c.status)
		}
	}
}

func TestControl_HealthyWithoutAnyApp(t *testing.T) {
	f := serve(t, Config{})
	f.get("/__watcher/healthz").want(t, 200, "ok\n")
	f.Publish(View{Stopping: true})
	f.get("/__watcher/healthz").want(t, 200, "ok\n")
}

func TestControl_LooksAlikeGoesToTheApp(t *testing.T) {
	f := serve(t, Config{})
	f.Publish(View{Generation: 1, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RequestURI) })})
	f.get("/__watchers/x").want(t, 200, "/__watchers/x")
}
