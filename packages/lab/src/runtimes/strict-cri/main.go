// A CRI server as strict as CRI-O's: it listens behind the matcher that CRI-O uses, on the gRPC library that it uses, and hands what
// gets through on to a containerd. It calls itself cri-o, words failed pulls as CRI-O does, and knows nothing but CRI.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"

	"github.com/soheilhy/cmux"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// The version whose texts packages/runtime/testing/failure-samples.ts holds.
const version = "1.37.0"

type server struct {
	cri.UnimplementedRuntimeServiceServer
	cri.UnimplementedImageServiceServer
	images  cri.ImageServiceClient
	runtime cri.RuntimeServiceClient

	mutex sync.Mutex
	pulls map[pullArguments]*pullOperation
}

// Pulls with the same ones are one operation.
type pullArguments struct{ image, username, password string }

type pullOperation struct {
	done   chan struct{}
	answer *cri.PullImageResponse
	err    error
}

func (s *server) Version(context.Context, *cri.VersionRequest) (*cri.VersionResponse, error) {
	return &cri.VersionResponse{Version: "0.1.0", RuntimeName: "cri-o", RuntimeVersion: version, RuntimeApiVersion: "v1"}, nil
}

func (s *server) Status(ctx context.Context, r *cri.StatusRequest) (*cri.StatusResponse, error) {
	return s.runtime.Status(ctx, r)
}

func (s *server) ListImages(ctx context.Context, r *cri.ListImagesRequest) (*cri.ListImagesResponse, error) {
	return s.images.ListImages(ctx, r)
}

func (s *server) ImageStatus(ctx context.Context, r *cri.ImageStatusRequest) (*cri.ImageStatusResponse, error) {
	return s.images.ImageStatus(ctx, r)
}

func (s *server) ImageFsInfo(ctx context.Context, r *cri.ImageFsInfoRequest) (*cri.ImageFsInfoResponse, error) {
	return s.images.ImageFsInfo(ctx, r)
}

func (s *server) RemoveImage(ctx context.Context, r *cri.RemoveImageRequest) (*cri.RemoveImageResponse, error) {
	return s.images.RemoveImage(ctx, r)
}

// As server/image_pull.go of CRI-O: a pull that joins another one ends as that one does, also where its client has cancelled it.
func (s *server) PullImage(ctx context.Context, r *cri.PullImageRequest) (*cri.PullImageResponse, error) {
	arguments := pullArguments{r.GetImage().GetImage(), r.GetAuth().GetUsername(), r.GetAuth().GetPassword()}
	s.mutex.Lock()
	operation, joined := s.pulls[arguments]
	if !joined {
		operation = &pullOperation{done: make(chan struct{})}
		s.pulls[arguments] = operation
	}
	s.mutex.Unlock()
	if joined {
		<-operation.done
		return operation.answer, operation.err
	}
	operation.answer, operation.err = s.pull(ctx, r)
	s.mutex.Lock()
	delete(s.pulls, arguments)
	s.mutex.Unlock()
	close(operation.done)
	return operation.answer, operation.err
}

// Plain errors, which gRPC calls Unknown, or Canceled where a context was: CRI-O has no codes for pulls. What was cancelled is not tried as
// an artifact.
func (s *server) pull(ctx context.Context, r *cri.PullImageRequest) (*cri.PullImageResponse, error) {
	answer, err := s.images.PullImage(ctx, r)
	if err == nil {
		return answer, nil
	}
	said := status.Convert(err)
	if said.Code() == codes.Canceled {
		return nil, fmt.Errorf("unable to pull image: writing blob: %w", context.Canceled)
	}
	return nil, fmt.Errorf("unable to pull image or OCI artifact: pull image err: %s; artifact err: image reference: reference is a container image, not an OCI artifact", said.Message())
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "expected: strict-cri SOCKET CONTAINERD_SOCKET")
		os.Exit(2)
	}
	if err := serve(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(socket, containerd string) error {
	to, err := grpc.NewClient("unix://"+containerd, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	if err := os.RemoveAll(socket); err != nil {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	service := &server{images: cri.NewImageServiceClient(to), runtime: cri.NewRuntimeServiceClient(to), pulls: map[pullArguments]*pullOperation{}}
	grpcServer := grpc.NewServer()
	cri.RegisterRuntimeServiceServer(grpcServer, service)
	cri.RegisterImageServiceServer(grpcServer, service)
	// As CRI-O's main: what does not match is closed.
	matcher := cmux.New(listener)
	matched := matcher.MatchWithWriters(cmux.HTTP2MatchHeaderFieldSendSettings("content-type", "application/grpc"))
	go func() { _ = grpcServer.Serve(matched) }()
	fmt.Println("listening")
	return matcher.Serve()
}
