package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// dial connects to a front as to any gRPC server. Nothing is tried again.
func dial(url string) (*grpc.ClientConn, error) {
	return grpc.NewClient("passthrough:///"+strings.TrimPrefix(url, "http://"),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDisableRetry())
}

func grpcKinds(stub *grpc.ClientConn) []kind {
	return []kind{
		{"gRPC call", 10, 500 * time.Millisecond, func(c *client) (answer, error) { return c.say(stub) }},
		{"gRPC stream", 4, 0, func(c *client) (answer, error) { return c.talk(stub) }},
	}
}

// say makes one call.
func (c *client) say(stub *grpc.ClientConn) (a answer, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	began := time.Now()
	var header metadata.MD
	var back wrapperspb.StringValue
	if err := stub.Invoke(ctx, "/grpcapp.Echo/Say", wrapperspb.String(c.post()), &back, grpc.Header(&header)); err != nil {
		return a, ofGRPC(err)
	}
	if back.Value != c.post() {
		return a, fmt.Errorf("%w: %q came back as %q", errChanged, c.post(), back.Value)
	}
	a.took = time.Since(began)
	return a, a.sign(header)
}

// talk sends messages over two seconds. Each must come back before the next one is sent,
// also across a swap.
func (c *client) talk(stub *grpc.ClientConn) (a answer, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	began := time.Now()
	desc := &grpc.StreamDesc{StreamName: "Talk", ServerStreams: true, ClientStreams: true}
	stream, err := stub.NewStream(ctx, desc, "/grpcapp.Echo/Talk")
	if err != nil {
		return a, ofGRPC(err)
	}
	for n := range 20 {
		want := fmt.Sprintf("message %d", n)
		_ = stream.SendMsg(wrapperspb.String(want)) // RecvMsg tells why it failed
		var back wrapperspb.StringValue
		if err := stream.RecvMsg(&back); err != nil {
			return a, ofGRPC(err)
		}
		if back.Value != want {
			return a, fmt.Errorf("%w: %q came back as %q", errChanged, want, back.Value)
		}
		time.Sleep(beat)
	}
	if err := stream.CloseSend(); err != nil {
		return a, err
	}
	if err := stream.RecvMsg(&wrapperspb.StringValue{}); err != io.EOF {
		return a, fmt.Errorf("%w: %v at the end", errChanged, err)
	}
	header, err := stream.Header()
	if err != nil {
		return a, ofGRPC(err)
	}
	a.took = time.Since(began)
	return a, a.sign(header)
}

// sign reads which code answered.
func (a *answer) sign(header metadata.MD) error {
	version := strings.Join(header.Get("app-version"), "")
	a.marked = len(header.Get("watcher-build")) > 0
	if _, err := fmt.Sscanf(version, "v%d", &a.version); err != nil {
		return fmt.Errorf("%w: version %q", errForeign, version)
	}
	return nil
}

// ofGRPC tells an answer that somebody else gave from a call that broke.
func ofGRPC(err error) error {
	if status.Code(err) == codes.Unavailable && strings.Contains(err.Error(), "error reading from server") {
		return err
	}
	return fmt.Errorf("%w: %w", errForeign, err)
}
