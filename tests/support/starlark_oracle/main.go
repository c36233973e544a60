// The oracle runs Starlark programs with go.starlark.net.
//
// It reads one JSON case a line on standard input and writes one JSON answer a line.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	starlarkjson "go.starlark.net/lib/json"
	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
	"go.starlark.net/syntax"
)

type testCase struct {
	Source  string            `json:"source"`
	Modules map[string]string `json:"modules"`
	Options map[string]bool   `json:"options"`
	Steps   uint64            `json:"steps"`
}

type frame struct {
	Function string `json:"function"`
	Position string `json:"position"`
}

type answer struct {
	Printed  []string `json:"printed"`
	Error    string   `json:"error,omitempty"`
	Position string   `json:"position,omitempty"`
	Stack    []frame  `json:"stack,omitempty"`
	Deep     bool     `json:"deep,omitempty"`
}

const maxSteps = 5_000_000 // unless a case says otherwise

func predeclared() starlark.StringDict {
	return starlark.StringDict{
		"struct": starlark.NewBuiltin("struct", starlarkstruct.Make),
		"json":   jsonModule(),
	}
}

func jsonModule() starlark.Value { return starlarkjson.Module }

func options(given map[string]bool) *syntax.FileOptions {
	on := func(name string, fallback bool) bool {
		if value, ok := given[name]; ok {
			return value
		}
		return fallback
	}
	return &syntax.FileOptions{
		Set:             on("sets", true),
		While:           on("while_loops", true),
		Recursion:       on("recursion", true),
		TopLevelControl: on("top_level_control", false),
		GlobalReassign:  on("global_reassignment", false),
	}
}

func run(c testCase) (result answer) {
	result.Printed = []string{}
	defer func() {
		if problem := recover(); problem != nil {
			result.Error = fmt.Sprintf("panic: %v", problem)
		}
	}()
	thread := &starlark.Thread{
		Name:  "case",
		Print: func(_ *starlark.Thread, text string) { result.Printed = append(result.Printed, text) },
	}
	thread.SetMaxExecutionSteps(cmp.Or(c.Steps, maxSteps))
	thread.Load = func(t *starlark.Thread, name string) (starlark.StringDict, error) {
		source, ok := c.Modules[name]
		if !ok {
			return nil, fmt.Errorf("module %s not found", name)
		}
		return starlark.ExecFileOptions(options(c.Options), t, name, source, predeclared())
	}
	_, err := starlark.ExecFileOptions(options(c.Options), thread, "app.star", c.Source, predeclared())
	if err != nil {
		describe(err, &result)
	}
	return result
}

func describe(err error, result *answer) {
	var syntaxError syntax.Error
	var resolveErrors resolve.ErrorList
	var evalError *starlark.EvalError
	switch {
	case errors.As(err, &syntaxError):
		result.Error, result.Position = syntaxError.Msg, syntaxError.Pos.String()
	case errors.As(err, &resolveErrors):
		result.Error, result.Position = resolveErrors[0].Msg, resolveErrors[0].Pos.String()
	case errors.As(err, &evalError):
		result.Error = evalError.Msg
		for _, call := range evalError.CallStack {
			if call.Pos.Filename() == "<builtin>" {
				continue
			}
			result.Stack = append(result.Stack, frame{call.Name, call.Pos.String()})
		}
		if n := len(result.Stack); n > 0 {
			result.Position = result.Stack[n-1].Position
			if n > 40 {
				result.Stack, result.Deep = nil, true
			}
		}
	default:
		result.Error = err.Error()
	}
}

type measured struct {
	Source string `json:"source"`
	Call   string `json:"call"`
	Arg    int    `json:"arg"`
	Times  int    `json:"times"`
}

// measure prints the microseconds of one call and of compiling, the best of seven rounds each.
func measure(m measured) {
	thread := &starlark.Thread{Name: "measure"}
	best := func(work func()) float64 {
		least := time.Duration(1 << 62)
		for round := 0; round < 7; round++ {
			began := time.Now()
			work()
			least = min(least, time.Since(began))
		}
		return float64(least.Nanoseconds()) / 1000
	}
	compile := best(func() {
		_, _, err := starlark.SourceProgramOptions(options(nil), "app.star", m.Source, predeclared().Has)
		if err != nil {
			panic(err)
		}
	})
	globals, err := starlark.ExecFileOptions(options(nil), thread, "app.star", m.Source, predeclared())
	if err != nil {
		panic(err)
	}
	call := best(func() {
		for range m.Times {
			if _, err := starlark.Call(thread, globals[m.Call], starlark.Tuple{starlark.MakeInt(m.Arg)}, nil); err != nil {
				panic(err)
			}
		}
	})
	fmt.Printf("{\"call\": %f, \"compile\": %f}\n", call/float64(m.Times), compile)
}

// versions prints which Go and which go.starlark.net this program was built with.
func versions() {
	info, _ := debug.ReadBuildInfo()
	found := map[string]string{"go": runtime.Version()}
	for _, dep := range info.Deps {
		if dep.Path == "go.starlark.net" {
			found["go.starlark.net"] = dep.Version
		}
	}
	text, _ := json.Marshal(found)
	fmt.Println(string(text))
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "versions" {
		versions()
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "measure" {
		var m measured
		if err := json.NewDecoder(os.Stdin).Decode(&m); err != nil {
			panic(err)
		}
		measure(m)
		return
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<26)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for in.Scan() {
		var c testCase
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := encoder.Encode(run(c)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		out.Flush()
	}
}
