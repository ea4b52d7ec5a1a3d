package access

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestX2_Hosts(t *testing.T) {
	known := Hosts{"dev.example.org", "*.ngrok.example", "Box.Example."}
	for _, c := range []struct {
		host          string
		app, reserved bool
	}{
		{"localhost", true, true},
		{"localhost:8080", true, true},
		{"LOCALHOST:8080", true, true},
		{"localhost.", true, true},
		{"localhost.:8080", true, true},
		{"localhost:", true, true},
		{"shop.localhost:8080", true, true},
		{"127.0.0.1:8080", true, true},
		{"127.0.0.1", true, true},
		{"192.168.1.20:8080", true, true},
		{"[::1]:8080", true, true},
		{"[::1]", true, true},
		{"[fe80::1%25eth0]:8080", true, true},
		{"web", true, false},
		{"web:8080", true, false},
		{"my_service:8080", true, false},
		{"shop.test", true, false},
		{"macbook.local:8080", true, false},
		{"host.docker.internal:8080", true, false},
		{"dev.example.org", true, true},
		{"DEV.example.ORG.:8080", true, true},
		{"box.example", true, true},
		{"a.ngrok.example", true, true},
		{"ngrok.example", false, false},
		{"evilngrok.example", false, false},
		{"evil.example", false, false},
		{"evil.example:8080", false, false},
		{"localhost.evil.example", false, false},
		{"127.0.0.1.evil.example", false, false},
		{"evil.example.localhost.", true, true}, // below localhost, whoever wrote it
		{"evil.test.example", false, false},
		{"notlocalhost", true, false},
		{"", true, true}, // HTTP/1.0
		{".", false, false},
		{".localhost", false, false},
		{"a..localhost", false, false},
		{"[::1", false, false},
		{"::1]", false, false},
		{"::1", false, false},
		{"[127.0.0.1]", false, false},
		{"[evil.example]", false, false},
		{"localhost:http", false, false},
		{"localhost:80:80", false, false},
		{"localhost:99999", false, false},
		{"localhost:-1", false, false},
		{"user@localhost", false, false},
		{"localhost evil.example", false, false},
		{"localhost,evil.example", false, false},
		{"localhost/evil", false, false},
		{"localhost\x00.evil.example", false, false},
		{"lоcalhost", false, false}, // with a Cyrillic o
		{strings.Repeat("a.", 5000) + "example", false, false},
	} {
		if got := known.App(c.host); got != c.app {
			t.Errorf("App(%.60q) = %v", c.host, got)
		}
		if got := known.Reserved(c.host); got != c.reserved {
			t.Errorf("Reserved(%.60q) = %v", c.host, got)
		}
	}
}

func TestX3_ForeignPages(t *testing.T) {
	for _, c := range []struct {
		host, origin, site string
		foreign            bool
	}{
		{"localhost:8080", "", "", false}, // curl
		{"localhost:8080", "", "same-origin", false},
		{"localhost:8080", "", "none", false}, // typed by the user
		{"localhost:8080", "http://localhost:8080", "same-origin", false},
		{"LOCALHOST:8080", "http://localhost:8080", "", false},
		{"localhost:8080", "http://127.0.0.1:8080", "", false},
		{"localhost:8080", "http://[::1]:8080", "", false},
		{"127.0.0.1:8080", "http://localhost:8080", "", false},
		{"localhost", "http://localhost", "", false},
		{"localhost:80", "http://localhost", "", false},
		{"dev.example.org", "https://dev.example.org", "", false}, // a tunnel that ends TLS
		{"localhost:8080", "https://localhost:8080", "", false},
		{"localhost:8080", "null", "", true},
		{"localhost:8080", "http://localhost:3000", "", true},
		{"localhost:8080", "http://localhost", "", true},
		{"localhost:8080", "http://127.0.0.2:8080", "", true},
		{"127.0.0.1:8080", "http://192.168.1.20:8080", "", true},
		{"192.168.1.20:8080", "http://192.168.1.20:8080", "", false},
		{"localhost:8080", "http://evil.example", "", true},
		{"localhost:8080", "http://localhost:8080.evil.example", "", true},
		{"localhost:8080", "http://evil.example@localhost:8080", "", true},
		{"localhost:8080", "http://localhost:8080/", "", true}, // no browser writes that
		{"localhost:8080", "file://", "", true},
		{"localhost:8080", "chrome-extension://abc", "", true},
		{"localhost:8080", "http://", "", true},
		{"localhost:8080", "", "cross-site", true},
		{"localhost:8080", "", "same-site", true},
		{"localhost:8080", "http://localhost:8080", "cross-site", true},
	} {
		r := httptest.NewRequest("GET", "/__watcher/events", nil)
		r.Host = c.host
		for name, value := range map[string]string{"Origin": c.origin, "Sec-Fetch-Site": c.site} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		if got := Foreign(r); got != c.foreign {
			t.Errorf("to %s from origin %q, site %q: foreign is %v", c.host, c.origin, c.site, got)
		}
	}
}

func TestX3_TwoOrigins(t *testing.T) {
	r := httptest.NewRequest("GET", "/__watcher/events", nil)
	r.Host = "localhost:8080"
	r.Header["Origin"] = []string{"http://localhost:8080", "http://evil.example"}
	if !Foreign(r) {
		t.Error("the second of two origins was not looked at")
	}
}

func TestX3_Token(t *testing.T) {
	token, other := NewToken(), NewToken()
	for text, is := range map[string]bool{string(token): true, string(other): false, "": false, string(token) + "x": false, string(token[:8]): false} {
		if token.Is(text) != is {
			t.Errorf("Is(%q) = %v", text, !is)
		}
	}
	if Token("").Is("") {
		t.Error("the zero token takes no text for itself")
	}
}

// No Host is taken for one of ours with other words before or behind it.
func FuzzHosts(f *testing.F) {
	for _, host := range []string{"localhost:8080", "[::1]:80", "a.b.c.", "127.0.0.1", "web", ""} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		none := Hosts(nil)
		if none.Reserved(host) && !none.App(host) {
			t.Errorf("%q may have our pages and not the app's", host)
		}
		if none.App(host + ".evil.example") {
			t.Errorf("%q is taken below a foreign name", host)
		}
	})
}
