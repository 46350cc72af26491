// paced-registry ADDRESS BYTES FOLDER: serves the OCI layouts in FOLDER as a registry, each under the name of its folder and
// its tags, with ranges. The kernel sends each connection BYTES a second at most, as object stores do (0: no limit).
package main

import (
	"context"
	"encoding/json"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// SO_MAX_PACING_RATE, of asm-generic/socket.h; accepted connections take it over from the one that listens.
const soMaxPacingRate = 47

var path = regexp.MustCompile(`^/v2/([a-z0-9-]+)/(manifests|blobs)/([A-Za-z0-9:._-]+)$`)

type layoutIndex struct {
	Manifests []struct {
		MediaType   string            `json:"mediaType"`
		Digest      string            `json:"digest"`
		Annotations map[string]string `json:"annotations"`
	} `json:"manifests"`
}

func main() {
	address, folder := os.Args[1], os.Args[3]
	rate, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	config := net.ListenConfig{Control: func(_, _ string, socket syscall.RawConn) error { return pace(socket, rate) }}
	listener, err := config.Listen(context.Background(), "tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.Serve(listener, handler(folder)))
}

func pace(socket syscall.RawConn, rate int) error {
	if rate == 0 {
		return nil
	}
	var failed error
	err := socket.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, soMaxPacingRate, rate)
	})
	if err != nil {
		return err
	}
	return failed
}

func handler(folder string) http.HandlerFunc {
	return func(answer http.ResponseWriter, request *http.Request) {
		if request.URL.Path == "/v2/" {
			return
		}
		parts := path.FindStringSubmatch(request.URL.Path)
		if parts == nil {
			http.NotFound(answer, request)
			return
		}
		layout, digest, mediaType := filepath.Join(folder, parts[1]), parts[3], "application/octet-stream"
		if parts[2] == "manifests" {
			digest, mediaType = find(layout, parts[3])
		}
		answer.Header().Set("Content-Type", mediaType)
		answer.Header().Set("Docker-Content-Digest", digest)
		http.ServeFile(answer, request, filepath.Join(layout, "blobs", strings.Replace(digest, ":", "/", 1)))
	}
}

// The digest and the type of a manifest that is asked for by tag or digest; an empty digest leads to a folder, which is not there.
func find(layout, reference string) (string, string) {
	contents, err := os.ReadFile(filepath.Join(layout, "index.json"))
	var index layoutIndex
	if err != nil || json.Unmarshal(contents, &index) != nil {
		return "none", ""
	}
	for _, manifest := range index.Manifests {
		if manifest.Digest == reference || manifest.Annotations["org.opencontainers.image.ref.name"] == reference {
			return manifest.Digest, manifest.MediaType
		}
	}
	return "none", ""
}
