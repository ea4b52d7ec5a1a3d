package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	grpcstatus "google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// text is the message of the test's service: nothing has to be generated for it.
type text = wrapperspb.StringValue

// grpcApp is a service with one method of each kind. waiting is told of calls that say
// "wait", which end when their client or their connection does.
func grpcApp(t *testing.T, waiting chan<- string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	trailer := metadata.Pairs("sum", "42")
	wait := func(ctx context.Context) error { waiting <- "wait"; <-ctx.Done(); return ctx.Err() }
	both := func(_ any, s grpc.ServerStream) error {
		for s.SetTrailer(trailer); ; {
			var m text
			if err := s.RecvMsg(&m); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			if err := s.SendMsg(&m); err != nil {
				return err
			}
			if m.Value == "wait" {
				return wait(s.Context())
			}
		}
	}
	collect := func(_ any, s grpc.ServerStream) error {
		var all strings.Builder
		for {
			var m text
			if err := s.RecvMsg(&m); err == io.EOF {
				return s.SendMsg(wrapperspb.String(all.String()))
			} else if err != nil {
				return err
			}
			all.WriteString(m.Value)
		}
	}
	count := func(_ any, s grpc.ServerStream) error {
		for i := range 100 {
			if err := s.SendMsg(wrapperspb.String(fmt.Sprint(i))); err != nil {
				return err
			}
		}
		return grpcstatus.Error(codes.DataLoss, "100 % é")
	}
	unary := func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		m := new(text)
		if err := decode(m); err != nil {
			return nil, err
		}
		grpc.SetTrailer(ctx, trailer)
		if m.Value == "wait" {
			return nil, wait(ctx)
		}
		return m, nil
	}
	s := grpc.NewServer()
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: "test.Echo", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Unary", Handler: unary}},
		Streams: []grpc.StreamDesc{
			{StreamName: "Both", Handler: both, ServerStreams: true, ClientStreams: true},
			{StreamName: "Collect", Handler: collect, ClientStreams: true},
			{StreamName: "Count", Handler: count, ServerStreams: true},
		},
	}, nil)
	go s.Serve(l)
	t.Cleanup(s.Stop)
	return l.Addr().String()
}

func (f *testFront) dialGRPC(o ...grpc.DialOption) *grpc.ClientConn {
	f.t.Helper()
	c, err := grpc.NewClient("passthrough:///"+f.listener.Addr().String(),
		append(o, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDisableServiceConfig())...)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { c.Close() })
	return c
}

func call1(ctx context.Context, c *grpc.ClientConn, m string, o ...grpc.CallOption) (string, error) {
	out := new(text)
	err := c.Invoke(ctx, "/test.Echo/Unary", wrapperspb.String(m), out, o...)
	return out.Value, err
}

func openCall(t *testing.T, ctx context.Context, c *grpc.ClientConn, method string, kind grpc.StreamDesc) grpc.ClientStream {
	t.Helper()
	s, err := c.NewStream(ctx, &kind, "/test.Echo/"+method)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var bidirectional = grpc.StreamDesc{ServerStreams: true, ClientStreams: true}

// exchangeOne sends a message and waits for its echo.
func exchangeOne(t *testing.T, s grpc.ClientStream, m string) {
	t.Helper()
	if err := s.SendMsg(wrapperspb.String(m)); err != nil {
		t.Fatal(err)
	}
	var got text
	if err := s.RecvMsg(&got); err != nil || got.Value != m {
		t.Fatalf("echo of %q = %q, %v", m, got.Value, err)
	}
}

func TestF11_GRPCPasses(t *testing.T) {
	f := serve(t, Config{})
	f.Publish(View{Generation: 1, Upstream: grpcApp(t, nil)})
	c := f.dialGRPC()
	ctx, cancel := context.WithTimeout(t.Context(), failsafe)
	defer cancel()

	var trailer metadata.MD
	long := strings.Repeat("long", 500_000)
	if got, err := call1(ctx, c, long, grpc.Trailer(&trailer)); got != long || err != nil || fmt.Sprint(trailer["sum"]) != "[42]" {
		t.Errorf("unary: %d bytes, trailer %v, error %v", len(got), trailer, err)
	}
	s := openCall(t, ctx, c, "Both", bidirectional)
	for i := range 1000 {
		exchangeOne(t, s, fmt.Sprint(i))
	}
	s.CloseSend()
	if err := s.RecvMsg(new(text)); err != io.EOF || fmt.Sprint(s.Trailer()["sum"]) != "[42]" {
		t.Errorf("both streams end with %v, trailer %v", err, s.Trailer())
	}
	s = openCall(t, ctx, c, "Collect", grpc.StreamDesc{ClientStreams: true})
	for range 100 {
		s.SendMsg(wrapperspb.String("x"))
	}
	s.CloseSend()
	var all text
	if err := s.RecvMsg(&all); err != nil || len(all.Value) != 100 {
		t.Errorf("client stream: %q, %v", all.Value, err)
	}
	s = openCall(t, ctx, c, "Count", grpc.StreamDesc{ServerStreams: true})
	s.SendMsg(new(text))
	s.CloseSend()
	for i := range 100 {
		var m text
		if err := s.RecvMsg(&m); err != nil || m.Value != fmt.Sprint(i) {
			t.Fatalf("server stream: %q, %v; want %d", m.Value, err, i)
		}
	}
	if err := s.RecvMsg(new(text)); grpcstatus.Code(err) != codes.DataLoss || grpcstatus.Convert(err).Message() != "100 % é" {
		t.Errorf("server stream ends with %v", err)
	}
}

// A call goes on with the generation in which it began, also when it drains.
func TestF11_GRPCDrainsLikeRequests(t *testing.T) {
	f := serve(t, Config{Hold: true})
	f.Publish(View{Generation: 1, Upstream: grpcApp(t, nil)})
	c := f.dialGRPC()
	s := openCall(t, t.Context(), c, "Both", bidirectional)
	exchangeOne(t, s, "before")
	f.Publish(View{Generation: 2, Upstream: grpcApp(t, nil)})
	drained := f.startDrain(1, time.Hour)
	exchangeOne(t, s, "after")
	s.CloseSend()
	if err := s.RecvMsg(new(text)); err != io.EOF {
		t.Errorf("the stream ends with %v", err)
	}
	if d := receive(t, "drained", drained); d != (Drained{Generation: 1, Finished: 1}) {
		t.Errorf("drained = %+v", d)
	}
}

func TestF11_DrainLimitEndsWithUnavailable(t *testing.T) {
	waiting := make(chan string, 2)
	f := serve(t, Config{})
	f.Publish(View{Generation: 1, Upstream: grpcApp(t, waiting)})
	c := f.dialGRPC()
	s := openCall(t, t.Context(), c, "Both", bidirectional)
	exchangeOne(t, s, "wait") // its answer has begun
	unanswered := make(chan error, 1)
	go func() { _, err := call1(t.Context(), c, "wait"); unanswered <- err }()
	receive(t, "call", waiting)
	receive(t, "call", waiting)
	f.Publish(View{Generation: 2, Upstream: grpcApp(t, nil)})
	if d := receive(t, "drained", f.startDrain(1, 0)); d.Cut != 2 {
		t.Errorf("drained = %+v, want two cut", d)
	}
	for what, err := range map[string]error{"begun": s.RecvMsg(new(text)), "unanswered": receive(t, "end", unanswered)} {
		if got := grpcstatus.Convert(err); got.Code() != codes.Unavailable || !strings.Contains(got.Message(), "the drain limit") {
			t.Errorf("%s call ends with %v, want our Unavailable", what, err)
		}
	}
	if got, err := call1(t.Context(), c, "new"); got != "new" || err != nil {
		t.Errorf("a new call on the same connection: %q, %v", got, err)
	}
}

func TestF11_OurErrorsHaveAStatus(t *testing.T) {
	f := serve(t, Config{})
	c := f.dialGRPC()
	raw, _ := wire(t, func(int64, *http.Request) string { return "" }) // no HTTP/2
	for want, v := range map[string]View{
		GivenUp.words(): {Phase: GivenUp},
		"the app":       {Generation: 1, Upstream: raw},
	} {
		f.Publish(v)
		_, err := call1(t.Context(), c, "x")
		if got := grpcstatus.Convert(err); got.Code() != codes.Unavailable || !strings.HasPrefix(got.Message(), want) {
			t.Errorf("call under %+v ends with %v, want Unavailable: %s", v, err, want)
		}
	}
}

func TestF11_UnknownHostIsToldAsAStatus(t *testing.T) {
	f := serve(t, Config{})
	_, err := call1(t.Context(), f.dialGRPC(grpc.WithAuthority("evil.example")), "x")
	if got := grpcstatus.Convert(err); got.Code() != codes.Unavailable || !strings.HasSuffix(got.Message(), "[proxy] allowed_hosts") {
		t.Errorf("the call ends with %v", err)
	}
}

// protocols is an app that says by which protocol it was asked. It counts connections.
func protocols(t *testing.T, h2 bool) (string, *atomic.Int64) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns atomic.Int64
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetUnencryptedHTTP2(h2)
	s := &http.Server{
		Protocols: &p,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("Trailer", "X-End")
			fmt.Fprintf(w, "%s %s %s", r.Proto, body, r.Trailer.Get("X-Sum"))
			w.Header().Set("X-End", "done")
		}),
		ConnState: func(_ net.Conn, s http.ConnState) {
			if s == http.StateNew {
				conns.Add(1)
			}
		},
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return l.Addr().String(), &conns
}

// priorKnowledge makes the client speak HTTP/2.
func (f *testFront) priorKnowledge() {
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	t := &http.Transport{Protocols: &p}
	f.client.Transport = t
	f.t.Cleanup(t.CloseIdleConnections)
}

// HTTP/2 reaches an app that speaks it as HTTP/2, and any other as HTTP/1. The app is
// asked which it is once a generation.
func TestF11_PriorKnowledge(t *testing.T) {
	f := serve(t, Config{})
	h2, h2Conns := protocols(t, true)
	h1, h1Conns := protocols(t, false)
	for i, c := range []struct {
		up, client, want string
	}{
		{h2, "1", "HTTP/1.1 body sum"}, {h2, "2", "HTTP/2.0 body sum"}, {h1, "2", "HTTP/1.1 body sum"},
	} {
		f.Publish(View{Generation: i + 1, Upstream: c.up})
		if c.client == "2" {
			f.priorKnowledge()
		}
		for range 10 {
			r := f.request("POST", "/", io.MultiReader(strings.NewReader("body")))
			r.Trailer = http.Header{"X-Sum": {"sum"}}
			res, err := f.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			res.Body.Close()
			if string(body) != c.want || err != nil || res.Trailer.Get("X-End") != "done" {
				t.Errorf("HTTP/%s: %q, trailer %v, error %v; want %q", c.client, body, res.Trailer, err, c.want)
			}
		}
	}
	// HTTP/1, a probe, HTTP/2; and a probe, HTTP/1.
	if h2Conns.Load() != 3 || h1Conns.Load() != 2 {
		t.Errorf("%d and %d connections to the apps, want 3 and 2", h2Conns.Load(), h1Conns.Load())
	}
}

// Held HTTP/2 requests share a connection, come in the order of their arrival, and one
// that leaves is noticed though its body is unread.
func TestF11_HeldLikeOthers(t *testing.T) {
	f := serve(t, Config{Hold: true})
	f.priorKnowledge()
	h2, _ := protocols(t, true)
	f.Publish(View{Waiting: true})
	ctx, leave := context.WithCancel(t.Context())
	body, _ := io.Pipe()
	defer body.Close()
	r := f.request("POST", "/", body)
	left := f.begin(r.WithContext(ctx))
	f.awaitHeld(1)
	var held []<-chan answer
	for range 50 {
		held = append(held, f.begin(f.request("GET", "/", nil)))
	}
	f.awaitHeld(51)
	leave()
	f.awaitHeld(50)
	receive(t, "client that left", left)
	f.Publish(View{Generation: 1, Upstream: h2})
	for _, c := range held {
		receive(t, "answer", c).want(t, 200, "HTTP/2.0  ")
	}
}
