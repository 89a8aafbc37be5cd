package admin_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

// description loads the OpenAPI document that a server shows, and checks it and its examples.
func description(t *testing.T, s *icomettest.Server) *openapi3.T {
	t.Helper()
	admin := s.DialAdmin(t)
	admin.Get("/v1/openapi.json")
	a := admin.Answer()
	if a.Status != 200 || a.Header("Content-Type") != "application/json; charset=utf-8" {
		t.Fatalf("%s", a.Head)
	}
	document, err := openapi3.NewLoader().LoadFromData([]byte(a.Body))
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if document.Info.Version != server.Version {
		t.Errorf("it is about version %s, want %s", document.Info.Version, server.Version)
	}
	return document
}

// request is an example of the description.
type request struct {
	name, method, path string
	query              []string // name=value
	contentType, body  string
}

func (r *request) target() string {
	if len(r.query) == 0 {
		return r.path
	}
	return r.path + "?" + strings.Join(r.query, "&")
}

func (r *request) send(c *icomettest.Client) {
	if r.contentType == "" {
		c.Request(r.method, r.target(), r.body)
		return
	}
	c.Request(r.method, r.target(), r.body, "Content-Type: "+r.contentType)
}

// examples are all example requests of the description: one with all parameters of the query, and one for each
// body.
func examples(t *testing.T, document *openapi3.T) (all []request) {
	t.Helper()
	for _, path := range document.Paths.InMatchingOrder() {
		for method, operation := range document.Paths.Value(path).Operations() {
			r := request{name: method + " " + path, method: method, path: path}
			for _, p := range operation.Parameters {
				values, ok := p.Value.Example.([]any)
				if !ok {
					values = []any{p.Value.Example}
				}
				for _, value := range values {
					r.query = append(r.query, p.Value.Name+"="+url.QueryEscape(fmt.Sprint(value)))
				}
			}
			if operation.RequestBody == nil {
				all = append(all, r)
				continue
			}
			for contentType, media := range operation.RequestBody.Value.Content {
				named := map[string]any{"": media.Example}
				for name, example := range media.Examples {
					named[name] = example.Value.Value
				}
				for name, value := range named {
					if value == nil {
						continue
					}
					r.contentType, r.body = contentType, bodyOf(t, value, contentType)
					r.name = strings.TrimSpace(method + " " + path + " " + contentType + " " + name)
					all = append(all, r)
				}
			}
		}
	}
	return all
}

// bodyOf is an example as it stands in a body.
func bodyOf(t *testing.T, value any, contentType string) string {
	t.Helper()
	switch contentType {
	case "application/json":
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	case "application/x-www-form-urlencoded":
		form := url.Values{}
		for name, v := range value.(map[string]any) {
			form.Set(name, fmt.Sprint(v))
		}
		return form.Encode()
	}
	return value.(string)
}

// conforms checks an answer against the description of an operation.
func conforms(t *testing.T, operation *openapi3.Operation, a icomettest.Answer) {
	t.Helper()
	response := operation.Responses.Status(a.Status)
	if response == nil {
		t.Errorf("status %d is not described:\n%s\n%s", a.Status, a.Head, a.Body)
		return
	}
	for name := range response.Value.Headers {
		if a.Status == 503 && a.Header(name) == "" {
			t.Errorf("there is no %s in\n%s", name, a.Head)
		}
	}
	mediaType, _, _ := strings.Cut(a.Header("Content-Type"), ";")
	if mediaType == "" {
		if a.Body != "" {
			t.Errorf("a body without a type: %s", a.Body)
		}
		return
	}
	media := response.Value.Content[mediaType]
	if media == nil {
		t.Errorf("%s is not described for status %d:\n%s", mediaType, a.Status, a.Body)
		return
	}
	var value any = a.Body
	if mediaType == "application/json" {
		value = parse(t, a.Body)
	}
	if err := media.Schema.Value.VisitJSON(value, openapi3.EnableJSONSchema2020(), openapi3.MultiErrors()); err != nil {
		t.Errorf("%.500s\n%v", a.Body, err)
	}
}

func parse(t *testing.T, text string) (value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Errorf("%v: %q", err, text)
	}
	return value
}

// ready makes the channel room anew, with one message.
func ready(admin *icomettest.Client) {
	for _, target := range []string{"/close?cname=room", "/close?cname=lobby", "/close", "/push?cname=room&content=first"} {
		admin.Get(target)
		admin.Answer()
	}
}

func TestEveryExampleOfTheDescriptionHasTheAnswerDescribed(t *testing.T) {
	s := icomettest.Start(t)
	document := description(t, s)
	all := examples(t, document)
	if len(all) < 25 {
		t.Errorf("only %d examples were found", len(all))
	}
	for _, r := range all {
		t.Run(r.name, func(t *testing.T) {
			admin := s.DialAdmin(t)
			ready(admin)
			r.send(admin)
			a := icomettest.Answer{}
			if r.path == "/psub" {
				a = admin.Head()
			} else {
				a = admin.Answer()
			}
			if a.Status != 200 {
				t.Errorf("%q is answered\n%s\n%s", r.body, a.Head, a.Body)
			}
			operation := document.Paths.Value(r.path).GetOperation(r.method)
			conforms(t, operation, a)
			checkLines(t, document, a)
			if r.path == "/v1/publish" { // once more, since keys are repeated then
				r.send(admin)
				a = admin.Answer()
				conforms(t, operation, a)
				checkLines(t, document, a)
			}
		})
	}
}

// checkLines checks each line of an answer in lines.
func checkLines(t *testing.T, document *openapi3.T, a icomettest.Answer) {
	t.Helper()
	if !strings.HasPrefix(a.Header("Content-Type"), "application/x-ndjson") {
		return
	}
	answer := document.Components.Schemas["Answer"].Value
	for line := range strings.Lines(a.Body) {
		if err := answer.VisitJSON(parse(t, line), openapi3.EnableJSONSchema2020()); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestErrorsAreAsDescribed(t *testing.T) {
	s := icomettest.Start(t, func(o *server.Options) { o.Config.Front.MaxChannels = 1; o.Config.Admin.BodyBytes = 100_000 })
	document := description(t, s)
	long := strings.Repeat("n", 1025)
	for _, c := range []struct {
		request
		status int
	}{
		{request{method: "POST", path: "/v1/publish", contentType: "application/json", body: "{}"}, 400},
		{request{method: "POST", path: "/v1/publish", contentType: "application/json", body: "["}, 400},
		{request{method: "POST", path: "/v1/publish", contentType: "application/json", body: `[{"channel":"room","content":""},{}]`}, 400},
		{request{method: "POST", path: "/v1/publish", contentType: "application/jsonl", body: "{}\n{\"channel\":\"room\",\"content\":\"\"}"}, 400},
		{request{method: "POST", path: "/v1/publish", contentType: "application/json", body: list(10_001, func(int) string { return "1" })}, 413},
		{request{method: "POST", path: "/v1/publish", contentType: "application/json", body: strings.Repeat(" ", 100_001)}, 413},
		{request{method: "POST", path: "/v1/publish", contentType: "text/plain", body: "hi"}, 415},
		{request{method: "POST", path: "/v1/publish", contentType: "application/json", body: `{"channel":"other","content":""}`}, 429},
		{request{method: "POST", path: "/v1/publish", contentType: "application/json", body: `{"channels":["room","other"],"content":""}`}, 429},
		{request{method: "GET", path: "/push", query: []string{"cname=" + long}}, 400},
		{request{method: "GET", path: "/push", query: []string{"cname=other"}}, 429},
		{request{method: "POST", path: "/push", contentType: "application/json", body: "{"}, 400},
		{request{method: "GET", path: "/pub", query: []string{`cname=room&content="`}}, 400},
		{request{method: "POST", path: "/pub", contentType: "application/json", body: `{"cname":"other"}`}, 429},
		{request{method: "POST", path: "/broadcast", contentType: "application/json", body: "["}, 400},
		{request{method: "GET", path: "/sign", query: []string{"cname=other"}}, 429},
		{request{method: "GET", path: "/sign", query: []string{"cb=1"}}, 400},
		{request{method: "GET", path: "/close", query: []string{"cname=other"}}, 404},
		{request{method: "GET", path: "/clear", query: []string{"cname=other"}}, 404},
	} {
		t.Run(fmt.Sprintf("%s %s %d", c.method, c.path, c.status), func(t *testing.T) {
			admin := s.DialAdmin(t)
			ready(admin)
			c.send(admin)
			a := admin.Answer()
			if a.Status != c.status {
				t.Errorf("status %d, want %d", a.Status, c.status)
			}
			conforms(t, document.Paths.Value(c.path).GetOperation(c.method), a)
			checkLines(t, document, a)
		})
	}
}

// Every parameter of a query that is described makes a difference: to the answer, or to the server.
func TestEveryParameterOfTheDescriptionIsUnderstood(t *testing.T) {
	s := icomettest.Start(t)
	admin := s.DialAdmin(t)
	outcome := func(r request) string {
		ready(admin)
		r.send(admin)
		text := admin.Answer().Body
		for _, target := range []string{"/check?cname=room", "/check", "/info"} {
			admin.Get(target)
			text += admin.Answer().Body
		}
		front := s.DialFront(t)
		defer front.Close()
		front.Get("/sub?cname=room&seq=last:9")
		return tokens.ReplaceAllString(plain(text+front.Answer().Body), "T")
	}
	seen := 0
	for _, r := range examples(t, description(t, s)) {
		with := r
		if r.contentType == "text/plain" && r.body == "hello" {
			with.contentType, r.contentType = "text/x-any", "text/x-any" // the type itself does not matter
		} else if r.contentType != "" || r.path == "/v1/presence" {
			continue // a body tells the parameters of the query; those of presence have tests of their own
		}
		for i := range r.query {
			without := with
			without.query = slices.Delete(slices.Clone(r.query), i, i+1)
			if outcome(with) == outcome(without) {
				t.Errorf("%s: %s makes no difference", r.name, r.query[i])
			}
			seen++
		}
	}
	if seen < 14 {
		t.Errorf("only %d parameters were found", seen)
	}
}

var tokens = regexp.MustCompile(`\b[0-9a-f]{32}\b`)

// Every key of a body that is described is taken.
func TestEveryKeyOfTheDescriptionIsUnderstood(t *testing.T) {
	s := icomettest.Start(t)
	admin := s.DialAdmin(t)
	document := description(t, s)
	for _, path := range []string{"/push", "/pub", "/sign", "/broadcast", "/close", "/clear"} {
		media := document.Paths.Value(path).Post.RequestBody.Value.Content["application/json"]
		for name := range media.Schema.Value.Properties {
			ready(admin)
			value := map[string]string{"cname": `"room"`, "content": `"x"`, "expires": "60", "cb": `"f"`}[name]
			admin.Request("POST", path, `{"cname":"room","`+name+`":`+value+`}`, jsonBody)
			if a := admin.Answer(); a.Status != 200 {
				t.Errorf("%s: %s is refused: %s", path, name, a.Body)
			}
		}
	}
}
