package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// What Argo CD says of an object.
type health struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

// The words of Argo CD; it takes any other for Unknown.
var words = map[string]bool{
	"Healthy": true, "Progressing": true, "Degraded": true, "Suspended": true, "Missing": true, "Unknown": true,
}

// How long Argo CD lets a check run.
const limit = time.Second

// shown is what Argo CD makes of what a check says: of an object that is being
// deleted it asks nobody.
func shown(object *unstructured.Unstructured, said *health) *health {
	if object.GetDeletionTimestamp() != nil {
		return &health{Status: "Progressing", Message: "Pending deletion"}
	}
	return said
}

// check runs a check in the interpreter of Argo CD, with what Argo CD gives
// it: the object as a global, and of Lua's libraries base, package and table,
// unless an administrator opens all of them. (Its `os` has only the time, which
// no check of ours asks for.)
func check(object *unstructured.Unstructured, script string) (*health, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	libraries := []struct {
		name string
		open lua.LGFunction
	}{
		{lua.LoadLibName, lua.OpenPackage},
		{lua.BaseLibName, lua.OpenBase},
		{lua.TabLibName, lua.OpenTable},
	}
	for _, library := range libraries {
		call := lua.P{Fn: state.NewFunction(library.open), NRet: 0, Protect: true}
		if err := state.CallByParam(call, lua.LString(library.name)); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	state.SetContext(ctx)
	state.SetGlobal("obj", valued(state, object.Object))
	if err := state.DoString(script); err != nil {
		return nil, err
	}
	table, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return nil, fmt.Errorf("the check returned no table, but %s", state.Get(-1).Type())
	}
	said := &health{}
	var strange error
	table.ForEach(func(key, value lua.LValue) {
		text, isText := value.(lua.LString)
		switch {
		case key.String() == "status" && isText:
			said.Status = string(text)
		case key.String() == "message" && isText:
			said.Message = string(text)
		default:
			strange = fmt.Errorf("the check returned %s = %s (%s)", key, value, value.Type())
		}
	})
	if strange == nil && !words[said.Status] {
		strange = fmt.Errorf("the check returned the status %q, which Argo CD does not know", said.Status)
	}
	return said, strange
}

// valued is JSON as Lua has it: a number is a number, whatever its type was,
// and null is nothing.
func valued(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case string:
		return lua.LString(value)
	case json.Number:
		return lua.LString(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	case []any:
		list := state.CreateTable(len(value), 0)
		for _, item := range value {
			list.Append(valued(state, item))
		}
		return list
	case map[string]any:
		table := state.CreateTable(0, len(value))
		for key, item := range value {
			table.RawSetString(key, valued(state, item))
		}
		return table
	}
	return lua.LNil
}
