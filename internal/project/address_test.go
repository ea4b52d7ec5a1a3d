package project

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

func TestScanAddress(t *testing.T) {
	const ginMain = "package main\nimport (\"os\"; \"github.com/gin-gonic/gin\")\nvar _ = os.Args\n"
	env := func(port int, where string) Address { return Address{Port: port, Where: where, ReadsEnv: true} }
	tls := func(port int, where string) Address { return Address{Port: port, Where: where, TLS: true} }
	fixed := func(port int, where string) Address { return Address{Port: port, Where: where} }
	tests := map[string]struct {
		code string // of main.go; what follows a "-- name --" line are further files
		want Address
	}{
		"nothing":              {ginMain + `func main() {}`, Address{}},
		"gin literal":          {ginMain + `func main() { gin.Default().Run(":9000") }`, fixed(9000, "main.go:4")},
		"gin all interfaces":   {ginMain + `func main() { gin.Default().Run("0.0.0.0:8081") }`, fixed(8081, "main.go:4")},
		"gin loopback":         {ginMain + `func main() { gin.Default().Run("127.0.0.1:81") }`, fixed(81, "main.go:4")},
		"gin by itself":        {ginMain + `func main() { gin.Default().Run() }`, Address{ReadsEnv: true}},
		"gin TLS":              {ginMain + `func main() { gin.Default().RunTLS("localhost:8443", "a.pem", "b.pem") }`, tls(8443, "main.go:4")},
		"a command's Run":      {"package main\nimport (\"os/exec\"; \"github.com/gin-gonic/gin\")\nfunc main() { exec.Command(\"x\").Run(); gin.New().Run(\":7000\") }", fixed(7000, "main.go:3")},
		"a Run of other kind":  {ginMain + `func main() { suite.Run("9000"); pool.Start(5000) }`, Address{}},
		"port 0":               {ginMain + `func main() { gin.Default().Run(":0") }`, Address{}},
		"named port":           {ginMain + `func main() { gin.Default().Run(":http") }`, Address{}},
		"too large":            {ginMain + `func main() { gin.Default().Run(":70000") }`, Address{}},
		"two ports":            {ginMain + `func main() { go pprof.Run(":6060"); gin.Default().Run(":8080") }`, fixed(8080, "main.go:4")},
		"two equal ports":      {ginMain + `func main() { go admin.Run(":8081"); gin.Default().Run(":8080") }`, Address{Several: true}},
		"the same twice":       {ginMain + `func main() { a.Run(":8080"); b.Run("localhost:8080") }`, fixed(8080, "main.go:4")},
		"pprof beside Gin":     {ginMain + `func main() { go http.ListenAndServe("localhost:19311", nil); gin.Default().Run(":19310") }`, fixed(19310, "main.go:4")},
		"pprof beside server":  {`package main; func main() { go http.ListenAndServe(":19311", nil); s := &http.Server{Addr: ":19310", Handler: r}; s.ListenAndServe() }`, fixed(19310, "main.go:1")},
		"pprof's own server":   {ginMain + `func main() { go (&http.Server{Addr: ":19311"}).ListenAndServe(); gin.Default().Run(":19310") }`, fixed(19310, "main.go:4")},
		"pprof's nil handler":  {ginMain + `func main() { go (&http.Server{Addr: ":19311", Handler: nil}).ListenAndServe(); gin.Default().Run(":19310") }`, fixed(19310, "main.go:4")},
		"pprof and metrics":    {ginMain + `func main() { go http.ListenAndServe(":19311", nil); go http.ListenAndServe(":9090", metrics); gin.Default().Run(":19310") }`, fixed(19310, "main.go:4")},
		"nil beside metrics":   {`package main; func main() { go http.ListenAndServe(":9090", metrics); http.ListenAndServe(":3000", nil) }`, fixed(3000, "main.go:1")},
		"two without handlers": {`package main; func main() { go http.ListenAndServe(":3001", nil); http.ListenAndServe(":3000", nil) }`, Address{Several: true}},
		"handler given later":  {`package main; func main() { s := &http.Server{Addr: ":19310"}; s.Handler = r; go s.ListenAndServe(); http.ListenAndServe(":3000", r) }`, Address{Several: true}},
		"net/http":             {`package main; func main() { http.ListenAndServe(":3000", nil) }`, fixed(3000, "main.go:1")},
		"net/http TLS":         {`package main; func main() { http.ListenAndServeTLS(":3443", "a", "b", nil) }`, tls(3443, "main.go:1")},
		"server and TLS":       {`package main; func main() { s := &http.Server{Addr: ":3443"}; s.ListenAndServeTLS("a.pem", "b.pem") }`, tls(3443, "main.go:1")},
		"TLS beside":           {`package main; func main() { go http.ListenAndServe(":3000", nil); http.ListenAndServeTLS(":3443", "a", "b", nil) }`, fixed(3000, "main.go:1")},
		"a proxy's target":     {`package main; func main() { http.ListenAndServe(":3000", proxyTo("localhost:9090")) }`, fixed(3000, "main.go:1")},
		"net.Listen":           {`package main; func main() { net.Listen("tcp", "[::1]:3001") }`, fixed(3001, "main.go:1")},
		"unix socket":          {`package main; func main() { net.Listen("unix", "/run/x:3001") }`, Address{}},
		"server literal":       {`package main; func main() { s := &http.Server{Handler: h, Addr: ":3002"}; s.ListenAndServe() }`, fixed(3002, "main.go:1")},
		"another literal":      {`package main; func main() { redis.NewClient(&redis.Options{Addr: "localhost:6379"}) }`, Address{}},
		"constant":             {"package main\nconst addr = \":3003\"\nfunc main() { http.ListenAndServe(addr, nil) }", fixed(3003, "main.go:2")},
		"constant of a file":   {"package main; func main() { http.ListenAndServe(addr, nil) }\n-- b.go --\npackage main\nconst addr = \":3003\"\n", fixed(3003, "b.go:2")},
		"constant of package":  {"package main; import \"example.com/shop/conf\"\nfunc main() { http.ListenAndServe(conf.Addr, nil) }\n-- conf/c.go --\npackage conf\nconst Addr = \":3003\"\n", fixed(3003, "conf/c.go:2")},
		"local variables":      {"package main; func db() { port := \"5432\"; _ = port }\nfunc main() { port := \"3004\"; http.ListenAndServe(\":\"+port, nil) }", fixed(3004, "main.go:2")},
		"flag":                 {`package main; func main() { a := flag.String("addr", ":4000", "listen"); http.ListenAndServe(*a, nil) }`, fixed(4000, "main.go:1")},
		"flag in a field":      {"package main; func main() { flag.IntVar(&cfg.port, \"port\", 4001, \"\") }\nfunc (a *app) serve() { s := http.Server{Addr: fmt.Sprintf(\":%d\", a.cfg.port)} }", fixed(4001, "main.go:1")},
		"field":                {`package main; func main() { c := config{addr: ":4002"}; http.ListenAndServe(c.addr, nil) }`, fixed(4002, "main.go:1")},
		"function":             {"package main; func addr() string { return \":4003\" }\nfunc main() { http.ListenAndServe(addr(), nil) }", fixed(4003, "main.go:1")},
		"JoinHostPort":         {`package main; func main() { http.ListenAndServe(net.JoinHostPort("", "4004"), nil) }`, fixed(4004, "main.go:1")},
		"in another package":   {"package main; import \"example.com/shop/web\"\nfunc main() { web.Serve() }\n-- web/w.go --\npackage web\nfunc Serve() { http.ListenAndServe(\":5000\", nil) }\n", fixed(5000, "web/w.go:2")},
		"in an unused package": {"package main; func main() {}\n-- web/w.go --\npackage web\nfunc Serve() { http.ListenAndServe(\":5000\", nil) }\n", Address{}},
		"in a test":            {"package main; func main() {}\n-- a_test.go --\npackage main\nfunc Test() { http.ListenAndServe(\":5000\", nil) }\n", Address{}},
		"build constraint":     {"package main; func main() {}\n-- a.go --\n//go:build ignore\n\npackage main\nfunc x() { http.ListenAndServe(\":5000\", nil) }\n", Address{}},
		"made from itself":     {`package main; func main() { p := "5001"; p = ":" + p; http.ListenAndServe(p, nil) }`, fixed(5001, "main.go:1")},

		"Getenv":              {ginMain + `func main() { gin.Default().Run(":" + os.Getenv("PORT")) }`, Address{ReadsEnv: true}},
		"Getenv, other name":  {ginMain + `func main() { gin.Default().Run(":" + os.Getenv("APP_PORT")) }`, Address{}},
		"Getenv and default":  {"package main\nfunc main() {\nport := os.Getenv(\"PORT\")\nif port == \"\" {\nport = \"8085\"\n}\nhttp.ListenAndServe(\":\"+port, nil)\n}", env(8085, "main.go:5")},
		"default with colon":  {"package main; func addr() string {\nif p := os.Getenv(\"PORT\"); p != \"\" { return \":\" + p }\nreturn \":8086\" }\nfunc main() { http.ListenAndServe(addr(), nil) }", env(8086, "main.go:3")},
		"LookupEnv":           {`package main; func main() { port, ok := os.LookupEnv("PORT"); if !ok { port = "8087" }; http.ListenAndServe(":"+port, nil) }`, env(8087, "main.go:1")},
		"name in a constant":  {"package main; const key = \"PORT\"\nfunc main() { http.ListenAndServe(\":\"+os.Getenv(key), nil) }", Address{ReadsEnv: true}},
		"own helper":          {"package main; func getEnv(k, d string) string { if v := os.Getenv(k); v != \"\" { return v }; return d }\nfunc main() { db := getEnv(\"DB_PORT\", \"5432\"); http.ListenAndServe(\":\"+getEnv(\"PORT\", \"8088\"), db) }", env(8088, "main.go:2")},
		"helper of any name":  {`package main; func main() { http.ListenAndServe(":"+conf("PORT", "8094"), nil) }`, env(8094, "main.go:1")},
		"viper's key":         {`package main; func main() { viper.AutomaticEnv(); http.ListenAndServe(":"+viper.GetString("PORT"), nil) }`, Address{ReadsEnv: true}},
		"cmp.Or":              {`package main; func main() { http.ListenAndServe(":"+cmp.Or(os.Getenv("PORT"), "8089"), nil) }`, env(8089, "main.go:1")},
		"in a config package": {"package main; import \"example.com/shop/conf\"\nfunc main() { c := conf.Load(); http.ListenAndServe(\":\"+c.Port, nil) }\n-- conf/c.go --\npackage conf\nfunc Load() (c Config) {\nc.Port = os.Getenv(\"PORT\")\nif c.Port == \"\" { c.Port = \"8090\" }; return c }\n", env(8090, "conf/c.go:4")},
		"tag":                 {"package main; func main() {}\ntype c struct { Port int `env:\"PORT\" envDefault:\"8091\" validate:\"min=1024\"` }", env(8091, "main.go:2")},
		"tag without default": {"package main; func main() {}\ntype c struct { Port int `envconfig:\"PORT\"` }", Address{ReadsEnv: true}},
		"tag of other name":   {"package main; func main() {}\ntype c struct { Port int `env:\"DB_PORT\" envDefault:\"5432\"` }", Address{}},
		"viper":               {`package main; func main() { viper.BindEnv("port", "PORT") }`, Address{ReadsEnv: true}},
		"metrics beside":      {ginMain + `func main() { go http.ListenAndServe(":9090", nil); gin.Default().Run(":" + os.Getenv("PORT")) }`, Address{ReadsEnv: true}},
		"metrics and default": {ginMain + `func main() { go http.ListenAndServe(":9090", nil); port := os.Getenv("PORT"); if port == "" { port = "8092" }; gin.Default().Run(":" + port) }`, env(8092, "main.go:4")},
		"set, not read":       {ginMain + `func main() { os.Setenv("PORT", "1"); gin.Default().Run(":8093") }`, fixed(8093, "main.go:4")},

		"broken after it":  {"package main\nfunc main() { http.ListenAndServe(\":6000\", nil) }\nfunc broken( {", fixed(6000, "main.go:2")},
		"many errors":      {"package main\nfunc main() { http.ListenAndServe(\":6001\", nil) }\n" + strings.Repeat("var x = ]\n", 20), fixed(6001, "main.go:2")},
		"not Go":           {"\x00\xff", Address{}},
		"a broken sibling": {"package main; func main() { http.ListenAndServe(\":6002\", nil) }\n-- b.go --\n}{\n", fixed(6002, "main.go:1")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := module(t, "-- main.go --\n"+test.code+"\n")
			if got := ScanAddress(m, Source(m, Package{}), Package{Pattern: "."}, "PORT"); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestScanAddress_OtherVariable(t *testing.T) {
	m := module(t, `
-- main.go --
package main

import "github.com/gin-gonic/gin"

func main() { gin.Default().Run() }
`)
	if got := ScanAddress(m, Source(m, Package{}), Package{Pattern: "."}, "APP_PORT"); got.ReadsEnv {
		t.Error("Gin's Run() is said to read APP_PORT; it knows PORT only")
	}
}

// FuzzScanAddress looks for code, broken or not, on which the scan panics or hangs.
func FuzzScanAddress(f *testing.F) {
	for _, seed := range []string{
		`package main; func main() { p := "1"; p = p + p; http.ListenAndServe(":"+p, nil) }`,
		"package main; func main() { Run(; x.Run(:",
		"package main; type t struct { a int `env:\"PORT\"` }; func (t) Run() { return t.Run() }",
		`package main; var a, b = b, a; func f() { f(&a, *b)(x.y.z.Listen()) ; a, b = f(); const (c; d) }`,
		"package main; var _ = Server{Addr: Server{Addr}, : }; func",
		"package main; import ; import `",
	} {
		f.Add(seed)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, source string) {
		folder, err := os.MkdirTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(folder)
		if err := os.WriteFile(filepath.Join(folder, "main.go"), []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		m := Module{Dir: folder, Path: "example.com/shop"}
		a := ScanAddress(m, Source(m, Package{}), Package{Pattern: "."}, "PORT")
		if a.Port < 0 || a.Port > 65535 || (a.Port == 0) != (a.Where == "") {
			t.Errorf("impossible address %+v", a)
		}
		newTree(m, nil).mains()
	})
}

// module writes the files of an archive, and a go.mod if there is none among them,
// into a new folder.
func module(t *testing.T, files string) Module {
	t.Helper()
	dir := write(t, files)
	file := filepath.Join(dir, "go.mod")
	if !isFile(file) {
		if err := os.WriteFile(file, []byte("module example.com/shop\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	m, err := FindModule(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// write writes the files of an archive into a new folder.
func write(t *testing.T, files string) string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range txtar.Parse([]byte(files)).Files {
		path := filepath.Join(dir, filepath.FromSlash(file.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestScanAddress_SampleServices(t *testing.T) {
	tests := map[string]Address{
		"ginapp":  {Port: 8080, Where: "config.go", ReadsEnv: true},
		"ownport": {Port: 18080, Where: "main.go"},
	}
	for name, want := range tests {
		dir := filepath.Join("..", "..", "testdata", name)
		m, err := FindModule(dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := FindPackage(m, dir, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		got := ScanAddress(m, Source(m, p), p, "PORT")
		got.Where, _, _ = strings.Cut(got.Where, ":")
		if got != want {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}
