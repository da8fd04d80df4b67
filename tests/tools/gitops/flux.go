package main

import (
	"context"
	"encoding/json"
	"fmt"

	helm "github.com/fluxcd/helm-controller/api/v2"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// expressed is what the expressions of a Kustomization say of an object, by
// the code with which the kustomize-controller reads and asks them. It neither
// looks at the cluster nor asks which kinds there are.
func expressed(object *unstructured.Unstructured, expressions []kustomize.CustomHealthCheck) (string, error) {
	reader, err := cel.NewStatusReader(expressions)
	if err != nil {
		return "", err
	}
	said, err := reader(nil).ReadStatusForObject(context.Background(), nil, object)
	if err != nil {
		return "", err
	}
	if said.Error != nil {
		return "", said.Error
	}
	return string(said.Status), nil
}

// decodes tells whether an object has only fields that its type knows. It is
// for what is published as a Go type and not as a definition.
func decodes(object *unstructured.Unstructured) error {
	known := map[string]any{helm.GroupVersion.String() + "/" + helm.HelmReleaseKind: &helm.HelmRelease{}}
	typed, ok := known[object.GetAPIVersion()+"/"+object.GetKind()]
	if !ok {
		return fmt.Errorf("no type of %s %s is known here", object.GetAPIVersion(), object.GetKind())
	}
	text, err := json.Marshal(object.Object)
	if err != nil {
		return err
	}
	return yaml.UnmarshalStrict(text, typed)
}
