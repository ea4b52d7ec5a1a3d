package proxy

import (
	"net/http"
	"strings"
	"testing"
)

// ask sends a request under a Host and with headers, as "Name: value".
func ask(f *testFront, method, path, host string, headers ...string) answer {
	r := f.request(method, path, nil)
	r.Host = host
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return f.do(r)
}

func TestX2_UnknownHostIsRefused(t *testing.T) {
	f := serve(t, Config{Hosts: []string{"dev.example.org"}})
	asked := false
	f.Publish(View{Generation: 1, Upstream: app(t, func(w http.ResponseWriter, r *http.Request) { asked = true })})
	for _, path := range []string{"/", reserved + "api/status", reserved + "healthz"} {
		asked = false
		a := ask(f, "GET", path, "evil.example")
		if a.status != 403 || !strings.Contains(a.body, "[proxy] allowed_hosts") || asked {
			t.Errorf("%s under a foreign name: %d %q, app asked: %v", path, a.status, a.body, asked)
		}
		if a := ask(f, "GET", path, "dev.example.org"); a.status != 200 {
			t.Errorf("%s under a known name: %d", path, a.status)
		}
	}
	if a := ask(f, "GET", "/", "web:8080"); a.status != 200 {
		t.Errorf("the app under a name of the network: %d", a.status)
	}
	if a := ask(f, "GET", reserved+"api/status", "web:8080"); a.status != 403 {
		t.Errorf("the status under a name of the network: %d", a.status)
	}
	f.Configure(Config{})
	if a := ask(f, "GET", "/", "dev.example.org"); a.status != 403 {
		t.Errorf("a name that is known no more: %d", a.status)
	}
}

func TestX3_ForeignPagesReadNothing(t *testing.T) {
	f := serve(t, Config{})
	for _, header := range []string{"Origin: null", "Origin: http://localhost:3000", "Origin: http://10.0.0.1:8080", "Sec-Fetch-Site: cross-site"} {
		if a := ask(f, "GET", reserved+"api/status", "localhost:8080", header); a.status != 403 || strings.Contains(a.body, "state") {
			t.Errorf("with %s: %d %q", header, a.status, a.body)
		}
	}
	if a := ask(f, "GET", reserved+"api/status", "localhost:8080", "Origin: http://127.0.0.1:8080"); a.status != 200 {
		t.Errorf("from the front's own page: %d", a.status)
	}
}

// The app answers for itself: who may read its pages is its own matter.
func TestX3_TheAppsOwnPathsAreNotGuarded(t *testing.T) {
	f := serve(t, Config{})
	f.Publish(View{Generation: 1, Upstream: says(t, "ok")})
	if a := ask(f, "POST", "/", "localhost:8080", "Origin: http://localhost:3000"); a.status != 200 {
		t.Errorf("a front-end dev server's page: %d", a.status)
	}
}

func TestX4_OrdersNeedTheToken(t *testing.T) {
	f := serve(t, Config{})
	ordered := 0
	f.control = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { ordered++ })
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "X"} {
		for _, headers := range [][]string{nil, {TokenHeader + ": guess"}, {TokenHeader + ": " + string(f.token), "Origin: null"}} {
			if a := ask(f, method, reserved+"api/any", "localhost:8080", headers...); a.status != 403 || ordered != 0 {
				t.Errorf("%s with %q: %d, carried out %d times", method, headers, a.status, ordered)
			}
		}
	}
	if a := ask(f, "POST", reserved+"api/any", "localhost:8080", TokenHeader+": "+string(f.token)); a.status != 200 || ordered != 1 {
		t.Errorf("with the token: %d, carried out %d times", a.status, ordered)
	}
}

func TestX5_HeadersOfReservedAnswers(t *testing.T) {
	f := serve(t, Config{})
	for _, path := range []string{"api/status", "healthz", "none"} {
		a := ask(f, "GET", reserved+path, "localhost:8080")
		for name, want := range map[string]string{
			"Cross-Origin-Resource-Policy": "same-origin", "X-Content-Type-Options": "nosniff",
			"X-Frame-Options": "DENY", "Access-Control-Allow-Origin": "",
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
	a := ask(f, "OPTIONS", reserved+"api/status", "localhost:8080", "Origin: http://localhost:3000", "Access-Control-Request-Method: POST")
	if a.status < 400 || a.header.Get("Access-Control-Allow-Methods") != "" {
		t.Errorf("a preflight is answered %d, %v", a.status, a.header)
	}
}
