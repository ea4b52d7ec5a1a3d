// Grpcapp is a small gRPC service that says back what it hears. It needs no generated
// code: its messages are the strings of protobuf's well-known types.
package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"example.com/grpcapp/internal/version"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	server.RegisterService(&echo, nil)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, server.GracefulStop)
	log.Printf("grpcapp %s, pid %d, on %s", version.Version, os.Getpid(), l.Addr())
	return server.Serve(l)
}

var echo = grpc.ServiceDesc{
	ServiceName: "grpcapp.Echo",
	HandlerType: (*any)(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "Say", Handler: say}},
	Streams:     []grpc.StreamDesc{{StreamName: "Talk", Handler: talk, ServerStreams: true, ClientStreams: true}},
}

// sign tells in the header which code an answer comes from.
func sign() metadata.MD { return metadata.Pairs("app-version", version.Version) }

// note adds a line to the file that JOURNAL names, if it does, before a call is carried
// out. Old and new process may write at the same time: a line is one write at the end.
func note(line string) error {
	path := os.Getenv("JOURNAL")
	if path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteString(line + "\n")
	return err
}

// say answers one message.
func say(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var message wrapperspb.StringValue
	if err := decode(&message); err != nil {
		return nil, err
	}
	if err := note(message.Value); err != nil {
		return nil, err
	}
	return &message, grpc.SetHeader(ctx, sign())
}

// talk answers each message as it comes.
func talk(_ any, stream grpc.ServerStream) error {
	if err := stream.SetHeader(sign()); err != nil {
		return err
	}
	for {
		var message wrapperspb.StringValue
		err := stream.RecvMsg(&message)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := stream.SendMsg(&message); err != nil {
			return err
		}
	}
}
