// Oracle answers, from the original implementations, the questions that our own code answers too. A line of standard
// input is one question, {"about": …, "case": …}; the line of standard output in the same place is its answer.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

type question struct {
	About string          `json:"about"`
	Case  json.RawMessage `json:"case"`
}

var originals = map[string]func(json.RawMessage) (any, error){
	"reference":   aboutReference,
	"selector":    aboutSelector,
	"affinity":    aboutAffinity,
	"tolerations": aboutTolerations,
	"credentials": aboutCredentials,
	"registry":    aboutRegistry,

	"kstatus":     aboutKstatus,
	"argo health": aboutArgoHealth,

	"provider config": aboutProviderConfig,
	"providers":       aboutProviders,

	"dashboard": aboutDashboard,
}

func main() {
	if err := answerAll(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

func answerAll(in io.Reader, out io.Writer) error {
	questions := json.NewDecoder(bufio.NewReaderSize(in, 1<<20))
	buffered := bufio.NewWriterSize(out, 1<<20)
	answers := json.NewEncoder(buffered)
	for {
		var q question
		if err := questions.Decode(&q); err == io.EOF {
			return buffered.Flush()
		} else if err != nil {
			return err
		}
		original, known := originals[q.About]
		if !known {
			return fmt.Errorf("no question about %q", q.About)
		}
		answer, err := original(q.Case)
		if err != nil {
			return fmt.Errorf("about %s, %s: %w", q.About, q.Case, err)
		}
		if err := answers.Encode(answer); err != nil {
			return err
		}
	}
}
