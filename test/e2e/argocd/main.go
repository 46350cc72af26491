// Argocd runs the two programs of Argo CD that sync an application, each as its own image does, and the in-memory Redis that its
// command line starts for itself: `argocd redis ADDRESS`, `argocd repo-server …`, `argocd application-controller …`.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alicebob/miniredis/v2"
	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	"github.com/spf13/cobra"
)

func main() {
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "argocd:", err)
		os.Exit(1)
	}
}

func run(program string, args []string) error {
	commands := map[string]func() *cobra.Command{
		"application-controller": controller.NewCommand,
		"repo-server":            reposerver.NewCommand,
	}
	if newCommand, known := commands[program]; known {
		command := newCommand()
		command.SetArgs(args)
		return command.Execute()
	}
	if program != "redis" || len(args) != 1 {
		return fmt.Errorf("no program %s", program)
	}
	if err := miniredis.NewMiniRedis().StartAddr(args[0]); err != nil {
		return err
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	<-ended
	return nil
}
