package main

// app is one usual way in which a Gin service chooses where it listens.
type app struct {
	name   string
	own    string            // where people open it; "" is the front
	tls    bool              // own speaks TLS
	source string            // of func serve, in a file of its own; PORTA and PORTB stand for free ports
	files  map[string]string // further ones, by name
	args   []string          // of the app
}

var apps = []app{
	{name: "literal", own: "http://localhost:PORTA",
		source: `func serve(r *gin.Engine) error { return r.Run(":PORTA") }`},
	{name: "constant", own: "http://localhost:PORTA",
		source: `const address = "0.0.0.0:PORTA"

func serve(r *gin.Engine) error { return r.Run(address) }`},
	{name: "PORT",
		source: `func serve(r *gin.Engine) error { return r.Run() }`},
	{name: "flag", own: "http://localhost:PORTB", args: []string{"-addr", ":PORTB"},
		source: `func serve(r *gin.Engine) error {
	addr := flag.String("addr", ":PORTA", "where to listen")
	flag.Parse()
	return r.Run(*addr)
}`},
	{name: "config file", own: "http://localhost:PORTA", files: map[string]string{"config.yaml": "server:\n  port: PORTA\n"},
		source: `func serve(r *gin.Engine) error {
	v := viper.New()
	v.SetConfigFile("config.yaml")
	if err := v.ReadInConfig(); err != nil {
		return err
	}
	return r.Run(":" + v.GetString("server.port"))
}`},
	{name: "env file", own: "http://localhost:PORTA", files: map[string]string{".env": "APP_ADDR=:PORTA\n"},
		source: `func serve(r *gin.Engine) error { return r.Run(os.Getenv("APP_ADDR")) }`},
	{name: "two servers", own: "http://localhost:PORTA",
		source: `func serve(r *gin.Engine) error {
	go http.ListenAndServe(":PORTB", r)
	return r.Run(":PORTA")
}`},
	{name: "pprof beside", own: "http://localhost:PORTA",
		source: `func serve(r *gin.Engine) error {
	go http.ListenAndServe("localhost:PORTA", r)
	return r.Run(":" + os.Getenv("PORT"))
}`},
	{name: "gRPC beside", own: "http://localhost:PORTA",
		source: `func serve(r *gin.Engine) error {
	l, err := net.Listen("tcp", ":PORTB")
	if err != nil {
		return err
	}
	go grpc.NewServer().Serve(l)
	return r.Run(":PORTA")
}`},
	{name: "unix socket",
		source: `func serve(r *gin.Engine) error { return r.RunUnix("app.sock") }`},
	{name: "TLS", own: "https://localhost:PORTA", tls: true,
		source: `func serve(r *gin.Engine) error { return r.RunTLS(":PORTA", "cert.pem", "key.pem") }`},
	{name: "graceful server", own: "http://localhost:PORTA",
		source: `func serve(r *gin.Engine) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server := &http.Server{Addr: ":PORTA", Handler: r}
	go server.ListenAndServe()
	<-ctx.Done()
	limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return server.Shutdown(limit)
}`},
}

// imports are the packages that the sources above may name.
var imports = map[string]string{
	"context": "context", "flag": "flag", "net": "net", "http": "net/http", "os": "os", "signal": "os/signal",
	"syscall": "syscall", "time": "time", "gin": "github.com/gin-gonic/gin",
	"grpc": "google.golang.org/grpc", "viper": "github.com/spf13/viper",
}
