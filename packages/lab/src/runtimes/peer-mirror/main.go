// peer-mirror serves what its node's containerd holds to the other nodes, and its own containerd what they hold.
//
//	peer-mirror SOCKET ADDRESS PEER...
//
// It stands before the registry in hosts.toml, as Spegel does, and answers 404 where no peer has what is asked for: containerd then
// goes on to the registry. It knows its peers from the start and asks them in random order.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/rand"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"time"

	content "github.com/containerd/containerd/api/services/content/v1"
	images "github.com/containerd/containerd/api/services/images/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
)

// Only what this node holds is asked for.
const localOnly = "X-Peer-Mirror"

var (
	manifestPath = regexp.MustCompile(`^/v2/(.+)/manifests/([^/]+)$`)
	blobPath     = regexp.MustCompile(`^/v2/(.+)/blobs/(sha256:[0-9a-f]{64})$`)
	digest       = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

type mirror struct {
	contents content.ContentClient
	images   images.ImagesClient
	peers    []string
	client   *http.Client
}

func main() {
	if len(os.Args) < 3 {
		log.Fatal("expected peer-mirror SOCKET ADDRESS PEER...")
	}
	connection, err := grpc.NewClient("unix://"+os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	m := &mirror{
		contents: content.NewContentClient(connection),
		images:   images.NewImagesClient(connection),
		peers:    os.Args[3:],
		client:   &http.Client{Transport: &http.Transport{ResponseHeaderTimeout: 5 * time.Second}},
	}
	log.Fatal(http.ListenAndServe(os.Args[2], m))
}

func (m *mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v2/" {
		w.WriteHeader(http.StatusOK)
		return
	}
	if r.Header.Get(localOnly) == "" {
		m.forward(w, r)
	} else if err := m.serveLocal(w, r); err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
	}
}

// forward answers with the first peer's answer that is no failure.
func (m *mirror) forward(w http.ResponseWriter, r *http.Request) {
	for _, i := range rand.Perm(len(m.peers)) {
		request, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+m.peers[i]+r.URL.RequestURI(), nil)
		if err != nil {
			continue
		}
		request.Header.Set(localOnly, "yes")
		answer, err := m.client.Do(request)
		if err != nil {
			continue
		}
		defer answer.Body.Close()
		if answer.StatusCode >= 300 {
			continue
		}
		for _, name := range []string{"Content-Type", "Content-Length", "Docker-Content-Digest"} {
			if value := answer.Header.Get(name); value != "" {
				w.Header().Set(name, value)
			}
		}
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body)
		return
	}
	http.Error(w, "no peer has it", http.StatusNotFound)
}

func (m *mirror) serveLocal(w http.ResponseWriter, r *http.Request) error {
	ctx := metadata.AppendToOutgoingContext(r.Context(), "containerd-namespace", "k8s.io")
	if parts := blobPath.FindStringSubmatch(r.URL.Path); parts != nil {
		return m.send(ctx, w, r, parts[2], "application/octet-stream")
	}
	parts := manifestPath.FindStringSubmatch(r.URL.Path)
	if parts == nil {
		return fmt.Errorf("expected a manifest or a blob, got %s", r.URL.Path)
	}
	wanted := parts[2]
	if !digest.MatchString(wanted) {
		image, err := m.images.Get(ctx, &images.GetImageRequest{Name: r.URL.Query().Get("ns") + "/" + parts[1] + ":" + wanted})
		if err != nil {
			return err
		}
		wanted = image.Image.Target.Digest
	}
	return m.send(ctx, w, r, wanted, "")
}

// send sends the contents of a digest; without a media type it is read from the contents, which then are a manifest's.
func (m *mirror) send(ctx context.Context, w http.ResponseWriter, r *http.Request, of, mediaType string) error {
	info, err := m.contents.Info(ctx, &content.InfoRequest{Digest: of})
	if err != nil {
		return err
	}
	if mediaType == "" {
		if mediaType, err = m.mediaTypeOf(ctx, of); err != nil {
			return err
		}
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Length", strconv.FormatInt(info.Info.Size, 10))
	w.Header().Set("Docker-Content-Digest", of)
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	_ = m.copy(ctx, w, of)
	return nil
}

func (m *mirror) mediaTypeOf(ctx context.Context, of string) (string, error) {
	text := &limited{left: 4 << 20}
	if err := m.copy(ctx, text, of); err != nil {
		return "", err
	}
	var manifest struct {
		MediaType string          `json:"mediaType"`
		Manifests json.RawMessage `json:"manifests"`
	}
	if err := json.Unmarshal(text.bytes, &manifest); err != nil {
		return "", err
	}
	if manifest.MediaType != "" {
		return manifest.MediaType, nil
	}
	if manifest.Manifests != nil {
		return "application/vnd.oci.image.index.v1+json", nil
	}
	return "application/vnd.oci.image.manifest.v1+json", nil
}

func (m *mirror) copy(ctx context.Context, w io.Writer, of string) error {
	stream, err := m.contents.Read(ctx, &content.ReadContentRequest{Digest: of})
	if err != nil {
		return err
	}
	for {
		part, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := w.Write(part.Data); err != nil {
			return err
		}
	}
}

type limited struct {
	bytes []byte
	left  int
}

func (l *limited) Write(part []byte) (int, error) {
	if l.left -= len(part); l.left < 0 {
		return 0, fmt.Errorf("expected a manifest of at most 4 MiB")
	}
	l.bytes = append(l.bytes, part...)
	return len(part), nil
}
