package plan

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/watcher-dev/watcher/internal/project"
	"github.com/watcher-dev/watcher/internal/settings"
)

func TestParseListen(t *testing.T) {
	for listen, want := range map[string]string{
		"9000": "localhost:9000", "localhost:9000": "localhost:9000", ":9000": "0.0.0.0:9000",
		"127.0.0.1:9000": "127.0.0.1:9000", "[::1]:9000": "[::1]:9000", "0": "localhost:0",
	} {
		a, err := ParseListen("front address", listen)
		if err != nil || a.String() != want || !a.Asked {
			t.Errorf("%q gives %v, %v; want %s", listen, a, err, want)
		}
	}
	for _, listen := range []string{"", "here", "localhost:http", "70000", "1:2:3"} {
		if a, err := ParseListen("front address", listen); err == nil {
			t.Errorf("%q gives %v", listen, a)
		}
	}
}

func TestAddressURL(t *testing.T) {
	for _, c := range []struct {
		at       Address
		url      string
		loopback bool
	}{
		{Address{Port: 80}, "http://localhost:80", true},
		{Address{Host: "0.0.0.0", Port: 80}, "http://localhost:80", false},
		{Address{Host: "::", Port: 80}, "http://localhost:80", false},
		{Address{Host: "::1", Port: 80}, "http://[::1]:80", true},
		{Address{Host: "10.0.0.1", Port: 80}, "http://10.0.0.1:80", false},
	} {
		if c.at.URL() != c.url || c.at.Loopback() != c.loopback {
			t.Errorf("%+v: %s, loopback %v", c.at, c.at.URL(), c.at.Loopback())
		}
	}
}

// TestFrontAddress is rule 16 and the order: asked for, PORT, the code, 8080.
func TestFrontAddress(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".env.local"), []byte("PORT=9411\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	literal := project.Address{Port: 8000, Where: "main.go:3"}
	both := project.Address{Port: 8000, ReadsEnv: true}
	for name, c := range map[string]struct {
		env     []string
		edit    func(*settings.Settings)
		code    project.Address
		moved   bool
		learned int
		want    int
	}{
		"nothing is known":            {want: 8080},
		"the code's default":          {code: both, want: 8000},
		"the app binds it itself":     {code: literal, want: 8001},
		"the app is moved":            {code: literal, moved: true, want: 8000},
		"moved, by [run] port":        {edit: func(s *settings.Settings) { s.Run.Port = 7000 }, code: literal, moved: true, want: 7000},
		"several ports":               {code: project.Address{Several: true}, want: 8080},
		"TLS":                         {code: project.Address{Port: 8443, TLS: true}, moved: true, want: 8080},
		"TLS on Gin's own":            {code: project.Address{Port: 8080, TLS: true}, moved: true, want: 8081},
		"a socket is handed":          {edit: func(s *settings.Settings) { s.Run.Socket = true }, code: literal, want: 8000},
		"learned":                     {learned: 7000, moved: true, want: 7000},
		"learned, not to be moved":    {learned: 7000, want: 7001},
		"learned, and PORT":           {learned: 7000, moved: true, env: []string{"PORT=9000"}, want: 9000},
		"learned, and in the code":    {learned: 7000, moved: true, code: literal, want: 8000},
		"learned, and its default":    {learned: 7000, moved: true, code: both, want: 8000},
		"learned, and asked for":      {learned: 7000, moved: true, edit: func(s *settings.Settings) { s.Proxy.Listen = "9003" }, want: 9003},
		"learned, and told":           {learned: 7000, moved: true, edit: func(s *settings.Settings) { s.Run.Port = 6000 }, want: 6000},
		"learned, and remap = false":  {learned: 7000, edit: func(s *settings.Settings) { s.Run.Remap = "false" }, want: 8080},
		"learned, and several":        {learned: 7000, moved: true, code: project.Address{Several: true}, want: 8080},
		"PORT":                        {env: []string{"PORT=9000"}, code: both, want: 9000},
		"PORT that the app binds":     {env: []string{"PORT=7000"}, edit: func(s *settings.Settings) { s.Run.Port = 7000 }, want: 7001},
		"PORT that is no port":        {env: []string{"PORT=http"}, code: both, want: 8000},
		"[app] env over PORT":         {env: []string{"PORT=9000"}, edit: func(s *settings.Settings) { s.App.Env = map[string]string{"PORT": "9001"} }, want: 9001},
		"a second env file":           {edit: func(s *settings.Settings) { s.App.EnvFiles = []string{".env", ".env.local"} }, want: 9411},
		"no env files":                {edit: func(s *settings.Settings) { s.App.EnvFiles = nil }, want: 8080},
		"another variable":            {env: []string{"PORT=9000", "HTTP_PORT=9002"}, edit: func(s *settings.Settings) { s.Run.PortEnv = "HTTP_PORT" }, want: 9002},
		"told by [run] port":          {edit: func(s *settings.Settings) { s.Run.Port = 7000 }, code: both, want: 7001},
		"asked for, over all of them": {env: []string{"PORT=9000"}, edit: func(s *settings.Settings) { s.Proxy.Listen = "9003" }, code: literal, want: 9003},
	} {
		t.Run(name, func(t *testing.T) {
			s := settings.Default()
			if c.edit != nil {
				c.edit(&s)
			}
			if a := (Site{Dir: dir, Env: c.env, Beacon: c.moved, Learned: c.learned}).Address(s, c.code); a.Port != c.want {
				t.Errorf("port %d, want %d", a.Port, c.want)
			}
		})
	}
}

// TestToldPort: an app that reads PORT, and takes the port of [run] port where that says so or
// names none, is told its port: it is not moved, and swaps by overlap where nothing can be moved.
func TestToldPort(t *testing.T) {
	reads := project.Address{Port: 3000, ReadsEnv: true}
	for name, c := range map[string]struct {
		port int
		env  []string
		code project.Address
		want bool
	}{
		"the default of the code":  {port: 3000, code: reads, want: false},
		"Gin's default":            {port: 8080, code: project.Address{ReadsEnv: true}, want: false},
		"what PORT says":           {port: 9000, env: []string{"PORT=9000"}, code: reads, want: false},
		"another one":              {port: 9000, code: reads, want: true},
		"not the code's, but ours": {port: 8080, code: reads, want: true},
		"fixed in the code":        {port: 3000, code: project.Address{Port: 3000}, want: true},
		"unknown to the code":      {port: 3000, want: true},
	} {
		s := settings.Default()
		s.Run.Port = c.port
		if got := (Site{Dir: t.TempDir(), Env: c.env}).BindsItself(s, c.code); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestTagged(t *testing.T) {
	s := settings.Default()
	s.Build.Tags = []string{"a"}
	s.Build.Flags = []string{"-race", "-tags=b", "-tags", "c"}
	s.Build.Env = map[string]string{"GOFLAGS": "-mod=mod"}
	got := Site{Env: []string{"GOFLAGS=-v", "HOME=/"}}.Tagged(s)
	if !slices.Equal(got, []string{"HOME=/", "GOFLAGS=-mod=mod -tags=a,race,b,c"}) {
		t.Errorf("got %q", got)
	}
}
