// A CRI server as strict as CRI-O's: it listens behind the matcher that CRI-O uses, on the gRPC library that it uses, and hands what
// gets through on to a containerd. It calls itself cri-o, words failed pulls as CRI-O does, and knows nothing but CRI.
package main

import (
	"context"
	"fmt"
	"net"
	"os"

	"github.com/soheilhy/cmux"
	"google.golang.org/grpc"
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

// Plain errors, which gRPC calls Unknown: CRI-O has no codes for pulls.
func (s *server) PullImage(ctx context.Context, r *cri.PullImageRequest) (*cri.PullImageResponse, error) {
	answer, err := s.images.PullImage(ctx, r)
	if err == nil || ctx.Err() != nil {
		return answer, err
	}
	said := status.Convert(err).Message()
	return nil, fmt.Errorf("unable to pull image or OCI artifact: pull image err: %s; artifact err: provided artifact is a container image", said)
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
	service := &server{images: cri.NewImageServiceClient(to), runtime: cri.NewRuntimeServiceClient(to)}
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
