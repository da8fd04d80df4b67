// Command gitops says what the programs of GitOps make of an object: one JSON
// object a line in, one line of JSON out. It is built on the libraries that
// these programs use themselves, so that the tests need not guess.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A line of input.
type question struct {
	Object unstructured.Unstructured `json:"object"`
}

// A line of output.
type answer struct {
	Kstatus string `json:"kstatus"`
	Message string `json:"message"`
	Error   string `json:"error,omitempty"`
}

func main() {
	in := bufio.NewReader(os.Stdin)
	decoder, encoder := json.NewDecoder(in), json.NewEncoder(os.Stdout)
	for decoder.More() {
		var asked question
		if err := decoder.Decode(&asked); err != nil {
			fmt.Fprintln(os.Stderr, "gitops:", err)
			os.Exit(1)
		}
		if err := encoder.Encode(judge(asked)); err != nil {
			os.Exit(1)
		}
	}
}

func judge(asked question) answer {
	result, err := status.Compute(&asked.Object)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Kstatus: string(result.Status), Message: result.Message}
}
