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
	"github.com/fluxcd/pkg/apis/kustomize"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A line of input.
type question struct {
	Object unstructured.Unstructured `json:"object"`
	// Lua is Argo CD's check for the kind of the object, if it has one.
	Lua string `json:"lua"`
	// Expressions are spec.healthCheckExprs of a Kustomization of Flux.
	Expressions []kustomize.CustomHealthCheck `json:"expressions"`
	// Strict asks for nothing but whether the object has only fields that its type knows.
	Strict bool `json:"strict"`
}

// A line of output.
type answer struct {
	// Kstatus is what kstatus says, and so Flux without expressions.
	Kstatus string `json:"kstatus"`
	Message string `json:"message"`
	// Argo is what Argo CD shows.
	Argo *health `json:"argo,omitempty"`
	// Check is what the check says by itself: Argo CD does not always ask.
	Check *health `json:"check,omitempty"`
	// Flux is what Flux says with the expressions.
	Flux  string `json:"flux,omitempty"`
	Error string `json:"error,omitempty"`
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
		answered, err := judge(&asked)
		if err != nil {
			answered = answer{Error: err.Error()}
		}
		if err := encoder.Encode(answered); err != nil {
			os.Exit(1)
		}
	}
}

func judge(asked *question) (answer, error) {
	if asked.Strict {
		return answer{}, decodes(&asked.Object)
	}
	result, err := status.Compute(&asked.Object)
	if err != nil {
		return answer{}, err
	}
	told := answer{Kstatus: string(result.Status), Message: result.Message}
	if asked.Lua != "" {
		if told.Check, err = check(&asked.Object, asked.Lua); err != nil {
			return answer{}, err
		}
		told.Argo = shown(&asked.Object, told.Check)
	}
	if len(asked.Expressions) > 0 {
		if told.Flux, err = expressed(&asked.Object, asked.Expressions); err != nil {
			return answer{}, err
		}
	}
	return told, nil
}
