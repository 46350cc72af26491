// The only program in the pods of the lab's clusters: as their sandbox, as a server, as a client.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	switch mode := append(os.Args, "wait")[1]; mode {
	case "serve":
		check(serve(os.Args[2]))
	case "get":
		check(get(os.Args[2]))
	default:
		waitForEnd()
	}
}

// serve answers every request with one text.
func serve(text string) error {
	go func() {
		waitForEnd()
		os.Exit(0)
	}()
	return http.ListenAndServe(":8080", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, text, os.Getenv("NODE"))
	}))
}

func get(url string) error {
	answer, err := http.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(os.Stdout, answer.Body)
	return err
}

// As the first process of a pod it has children to bury; ignoring their ends lets the kernel do it.
func waitForEnd() {
	signal.Ignore(syscall.SIGCHLD)
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
	<-end
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
