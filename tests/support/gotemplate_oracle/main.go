// The oracle renders template cases with Go's own html/template and sprig.
//
// It reads one JSON case a line on standard input and writes one JSON answer a line.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/Masterminds/sprig/v3"
)

// Request stands for the value that apps get as dot.
type Request struct {
	AppName   string
	AppPath   string
	IsDev     bool
	Count     int
	Headers   http.Header
	UrlParams map[string]string
	Form      url.Values
	Query     url.Values
	Data      any
}

type testCase struct {
	Files  map[string]string `json:"files"`
	Base   string            `json:"base"`
	Render string            `json:"render"`
	Block  string            `json:"block"`
	Data   json.RawMessage   `json:"data"`
}

type answer struct {
	Output string `json:"output"`
	Error  string `json:"error,omitempty"`
}

var refused = []string{
	"env", "expandenv", "getHostByName", "bcrypt", "htpasswd", "derivePassword",
	"genPrivateKey", "buildCustomCert", "genCA", "genCAWithKey", "genSelfSignedCert",
	"genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey",
}

func functions() template.FuncMap {
	funcs := sprig.HtmlFuncMap()
	for _, name := range refused {
		delete(funcs, name)
	}
	funcs["static"] = func(name string) string { return "/static/" + name }
	funcs["fileNonEmpty"] = func(name string) bool { return name == "full.css" }
	funcs["pathEscape"] = url.PathEscape
	funcs["pathUnescape"] = url.PathUnescape
	funcs["queryEscape"] = url.QueryEscape
	funcs["queryUnescape"] = url.QueryUnescape
	funcs["safeHTML"] = func(s string) template.HTML { return template.HTML(s) }
	funcs["safeAttr"] = func(s string) template.HTMLAttr { return template.HTMLAttr(s) }
	funcs["safeCSS"] = func(s string) template.CSS { return template.CSS(s) }
	funcs["safeJS"] = func(s string) template.JS { return template.JS(s) }
	funcs["safeJSStr"] = func(s string) template.JSStr { return template.JSStr(s) }
	funcs["safeURL"] = func(s string) template.URL { return template.URL(s) }
	funcs["safeSrcset"] = func(s string) template.Srcset { return template.Srcset(s) }
	return funcs
}

func decode(raw json.RawMessage) any {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		panic(err)
	}
	return convert(value)
}

func convert(value any) any {
	switch value := value.(type) {
	case json.Number:
		text := value.String()
		if strings.ContainsAny(text, ".eE") {
			number, _ := value.Float64()
			return number
		}
		number, err := strconv.Atoi(text)
		if err != nil {
			panic(err)
		}
		return number
	case []any:
		for i := range value {
			value[i] = convert(value[i])
		}
		return value
	case map[string]any:
		if tag, ok := value["$"].(string); ok {
			return tagged(tag, value["v"])
		}
		for key := range value {
			value[key] = convert(value[key])
		}
		return value
	}
	return value
}

func strings_(value any) []string {
	list := []string{}
	for _, item := range value.([]any) {
		list = append(list, item.(string))
	}
	return list
}

func values(value any) map[string][]string {
	result := map[string][]string{}
	for key, list := range value.(map[string]any) {
		result[key] = strings_(list)
	}
	return result
}

func tagged(tag string, value any) any {
	switch tag {
	case "float":
		number, _ := strconv.ParseFloat(value.(string), 64)
		return number
	case "int64":
		number, _ := value.(json.Number).Int64()
		return number
	case "strings":
		return strings_(value)
	case "values":
		return url.Values(values(value))
	case "header":
		return http.Header(values(value))
	case "time":
		moment, err := time.Parse(time.RFC3339Nano, value.(string))
		if err != nil {
			panic(err)
		}
		return moment.UTC()
	case "latin":
		text := value.(string)
		data := make([]byte, 0, len(text))
		for _, char := range text {
			data = append(data, byte(char))
		}
		return string(data)
	case "request":
		return request(value.(map[string]any))
	}
	panic("unknown tag " + tag)
}

func request(fields map[string]any) Request {
	result := Request{
		Headers:   http.Header{},
		UrlParams: map[string]string{},
		Form:      url.Values{},
		Query:     url.Values{},
	}
	for name, value := range fields {
		switch name {
		case "AppName":
			result.AppName = value.(string)
		case "AppPath":
			result.AppPath = value.(string)
		case "IsDev":
			result.IsDev = value.(bool)
		case "Count":
			count, _ := value.(json.Number).Int64()
			result.Count = int(count)
		case "Headers":
			result.Headers = values(value)
		case "UrlParams":
			for key, text := range value.(map[string]any) {
				result.UrlParams[key] = text.(string)
			}
		case "Form":
			result.Form = values(value)
		case "Query":
			result.Query = values(value)
		case "Data":
			result.Data = convert(value)
		}
	}
	return result
}

func parseInto(set *template.Template, names []string, files map[string]string) error {
	for _, name := range names {
		if _, err := set.New(path.Base(name)).Parse(files[name]); err != nil {
			return err
		}
	}
	return nil
}

type limited struct{ bytes.Buffer }

func (l *limited) Write(data []byte) (int, error) {
	if l.Len()+len(data) > 1<<20 {
		return 0, errors.New("too much output")
	}
	return l.Buffer.Write(data)
}

// parse builds the set that a case renders from, and the name to execute.
func parse(one testCase) (*template.Template, string, error) {
	names := []string{}
	base := []string{}
	for name := range one.Files {
		if one.Base != "" && strings.HasPrefix(name, one.Base) {
			base = append(base, name)
		} else {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	sort.Strings(base)
	set := template.New("\x00root").Funcs(functions())
	if err := parseInto(set, base, one.Files); err != nil {
		return nil, "", err
	}
	if len(base) > 0 {
		clone, err := set.Clone()
		if err != nil {
			return nil, "", err
		}
		set, names = clone, []string{one.Render}
	}
	if err := parseInto(set, names, one.Files); err != nil {
		return nil, "", err
	}
	name := path.Base(one.Render)
	if one.Block != "" {
		name = one.Block
	}
	return set, name, nil
}

func run(one testCase) (result answer) {
	defer func() {
		if problem := recover(); problem != nil {
			result = answer{Error: fmt.Sprintf("panic: %v", problem)}
		}
	}()
	set, name, err := parse(one)
	if err != nil {
		return answer{Error: err.Error()}
	}
	var out limited
	if err := set.ExecuteTemplate(&out, name, decode(one.Data)); err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Output: out.String()}
}

// measure tells the best microseconds of one render and of one parse with its first render,
// less the render.
func measure(one testCase) map[string]float64 {
	data := decode(one.Data)
	best := map[string]float64{"render": 1e12, "first": 1e12}
	for round := 0; round < 20; round++ {
		start := time.Now()
		set, name, err := parse(one)
		if err == nil {
			err = set.ExecuteTemplate(io.Discard, name, data)
		}
		if err != nil {
			panic(err)
		}
		best["first"] = min(best["first"], float64(time.Since(start).Nanoseconds())/1000)
		start = time.Now()
		const renders = 200
		for i := 0; i < renders; i++ {
			var out bytes.Buffer
			_ = set.ExecuteTemplate(&out, name, data)
		}
		best["render"] = min(best["render"], float64(time.Since(start).Nanoseconds())/1000/renders)
	}
	best["compile"] = best["first"] - best["render"]
	return best
}

func versions() map[string]string {
	found := map[string]string{"go": runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if strings.Contains(module.Path, "sprig") {
				found["sprig"] = module.Version
			}
		}
	}
	return found
}

func main() {
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	encoder := json.NewEncoder(output)
	encoder.SetEscapeHTML(false)
	if len(os.Args) > 1 && os.Args[1] == "versions" {
		_ = encoder.Encode(versions())
		return
	}
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 64<<20)
	for input.Scan() {
		var one testCase
		if err := json.Unmarshal(input.Bytes(), &one); err != nil {
			panic(err)
		}
		if len(os.Args) > 1 && os.Args[1] == "measure" {
			_ = encoder.Encode(measure(one))
			continue
		}
		_ = encoder.Encode(run(one))
	}
}
