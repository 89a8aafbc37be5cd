package admin_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/icomet/icomet/internal/icomettest"
	"github.com/icomet/icomet/internal/server"
)

// refused is the answer to an item that is not published.
func refused(code int, text string) string {
	return fmt.Sprintf(`{"error":{"code":%d,"text":%s}}`, code, strconv.Quote(text))
}

func bad(text string) string { return refused(400, text) }

// nested is a JSON value with so many levels.
func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

// What a publisher says, what it is told, and what the channel c then holds for a subscriber of v1.
var itemCases = []struct {
	name, item, answer, held string
}{
	{"text", `{"channel":"c","content":"hi"}`, "", `"content":"hi"`},
	{"empty text", `{"channel":"c","content":""}`, "", `"content":""`},
	{"text with escapes", `{"channel":"c","content":"a\n\"\u00e9\/"}`, "", `"content":"a\n\"é/"`},
	{"text with half of a pair", `{"channel":"c","content":"\ud800"}`, "", "\"content\":\"\uFFFD\""},
	{"text that is not UTF-8", "{\"channel\":\"c\",\"content\":\"a\xff\"}", "", "\"content\":\"a\uFFFD\""},
	{"blanks", " { \"channel\" :\t\"c\" , \"content\" : \"\" } ", "", `"content":""`},
	{"escapes in a key", `{"ch\u0061nnel":"c","content":""}`, "", `"content":""`},
	{"escapes in a name", `{"channel":"\u0063","content":""}`, "", `"content":""`},

	{"JSON object", `{"channel":"c","data":{"b": [1.50, null ],"a":"\u00e9"}}`, "", `"data":{"b":[1.50,null],"a":"\u00e9"}`},
	{"JSON null", `{"channel":"c","data":null}`, "", `"data":null`},
	{"JSON string", `{"channel":"c","data":"}]\\\"{"}`, "", `"data":"}]\\\"{"`},
	{"JSON number", `{"channel":"c","data":1e400}`, "", `"data":1e400`},
	{"JSON that is not UTF-8", "{\"channel\":\"c\",\"data\":[\"\xc3\"]}", "", "\"data\":[\"\uFFFD\"]"},
	{"deep JSON", `{"channel":"c","data":` + nested(99) + `}`, "", `"data":` + nested(99)},
	{"deeper JSON", `{"channel":"c","data":` + nested(100) + `}`, bad("nested more than 100 deep"), ""},
	{"deepest JSON", `{"channel":"c","data":` + nested(20_000) + `}`, bad("nested more than 100 deep"), ""},
	{"bytes", `{"channel":"c","base64":"AAEC"}`, "", `"base64":"AAEC"`},
	{"no bytes", `{"channel":"c","base64":""}`, "", `"base64":""`},
	{"event", `{"channel":"c","content":"","event":"price"}`, "", `"event":"price","content":""`},
	{"no event", `{"channel":"c","content":"","event":""}`, "", `"content":""`},
	{"ttl", `{"channel":"c","content":"","ttl":60}`, "", `"content":""`},
	{"ttl with a point", `{"channel":"c","content":"","ttl":60.0}`, "", `"content":""`},
	{"largest ttl", `{"channel":"c","content":"","ttl":9007199254740991}`, "", `"content":""`},
	{"last", `{"channel":"c","content":"","last":true}`, "", `"content":""`},
	{"not last", `{"channel":"c","content":"","last":false}`, "", `"content":""`},
	{"longest key", `{"channel":"c","content":"","key":"` + strings.Repeat("k", 128) + `"}`, "", `"content":""`},

	{"nothing", ``, bad("not JSON: unexpected end of JSON input"), ""},
	{"cut off", `{"channel":"c","content":"x"`, bad("not JSON: unexpected end of JSON input"), ""},
	{"something behind", `{"channel":"c","content":"x"} {}`, bad("not JSON: invalid character '{' after top-level value"), ""},
	{"not an object", `"c"`, bad("an item must be a JSON object"), ""},
	{"empty object", `{}`, bad("exactly one of channel and channels is needed"), ""},
	{"no payload", `{"channel":"c"}`, bad("exactly one of content, data and base64 is needed"), ""},
	{"two payloads", `{"channel":"c","content":"","data":null}`, bad("exactly one of content, data and base64 is needed"), ""},
	{"channel and channels", `{"channel":"c","channels":["c"],"content":""}`, bad("exactly one of channel and channels is needed"), ""},
	{"unknown key", `{"channel":"c","content":"","cname":"c"}`, bad(`unknown key "cname"`), ""},
	{"key in another case", `{"Channel":"c","content":""}`, bad(`unknown key "Channel"`), ""},
	{"long unknown key", `{"` + strings.Repeat("k", 100) + `":1}`, bad(`unknown key "` + strings.Repeat("k", 64) + `"`), ""},
	{"key twice", `{"channel":"c","channel":"d","content":""}`, bad("the key channel comes twice"), ""},
	{"channel is null", `{"channel":null,"content":""}`, bad("channel must be a string"), ""},
	{"channels is no list", `{"channels":"c","content":""}`, bad("channels must be an array of strings"), ""},
	{"channels of numbers", `{"channels":["c",7],"content":""}`, bad("channels must be an array of strings"), ""},
	{"no channels", `{"channels":[],"content":""}`, bad("channels is empty"), ""},
	{"too many channels", `{"channels":` + list(1001, func(int) string { return `"c"` }) + `,"content":""}`,
		refused(413, "more than 1000 channels in one item"), ""},
	{"long name", `{"channels":["c","` + strings.Repeat("n", 1025) + `"],"content":""}`,
		bad("the name of a channel has more than 1024 bytes"), ""},
	{"content is a number", `{"channel":"c","content":7}`, bad("content must be a string"), ""},
	{"base64 is an array", `{"channel":"c","base64":[1]}`, bad("base64 must be a string"), ""},
	{"base64 with a line feed", `{"channel":"c","base64":"AA\nEC"}`, bad("base64 is not base64 with padding"), ""},
	{"event is an object", `{"channel":"c","content":"","event":{}}`, bad("event must be a string"), ""},
	{"event of two lines", `{"channel":"c","content":"","event":"a\nb"}`,
		bad("event must be a name of at most 128 bytes without quotes, backslashes and control characters"), ""},
	{"ttl of nothing", `{"channel":"c","content":"","ttl":0}`, bad("ttl must be a whole number of seconds, at least 1"), ""},
	{"ttl of a part", `{"channel":"c","content":"","ttl":1.5}`, bad("ttl must be a whole number of seconds, at least 1"), ""},
	{"ttl as text", `{"channel":"c","content":"","ttl":"60"}`, bad("ttl must be a whole number of seconds, at least 1"), ""},
	{"ttl without end", `{"channel":"c","content":"","ttl":1e999}`, bad("ttl must be a whole number of seconds, at least 1"), ""},
	{"key is a number", `{"channel":"c","content":"","key":7}`, bad("key must be a string"), ""},
	{"empty key", `{"channel":"c","content":"","key":""}`, bad("key must have 1 to 128 bytes"), ""},
	{"long key", `{"channel":"c","content":"","key":"` + strings.Repeat("k", 129) + `"}`, bad("key must have 1 to 128 bytes"), ""},
	{"last is a number", `{"channel":"c","content":"","last":1}`, bad("last must be true or false"), ""},
}

func TestItemsAreReadStrictly(t *testing.T) {
	s := icomettest.Start(t)
	for _, c := range itemCases {
		t.Run(c.name, func(t *testing.T) {
			admin, front := s.DialAdmin(t), s.DialFront(t)
			admin.Get("/close?cname=c")
			admin.Answer()
			admin.Request("POST", "/v1/publish", c.item, jsonBody)
			a := admin.Answer()
			status, answer := 200, `{"results":[{"channel":"c","seq":1,"epoch":"E","receivers":0}]}`
			if c.answer != "" {
				status, answer = 400, c.answer
			}
			if strings.Contains(answer, `"code":413`) {
				status = 413
			}
			if a.Status != status || plain(a.Body) != answer+"\n" {
				t.Errorf("%d %.300s want %d %s", a.Status, a.Body, status, answer)
			}
			if c.held == "" {
				admin.Get("/check?cname=c")
				if body := admin.Answer().Body; body != "{}\n" {
					t.Errorf("the channel exists")
				}
				return
			}
			front.Get("/sub?cname=c&seq=last:1")
			want := `[{"type":"subscribed","cname":"c","seq":1,"epoch":"E"},{"type":"data","cname":"c","seq":1,"epoch":"E",` + c.held + "}]\n"
			body := front.Answer().Body
			if plain(body) != want {
				t.Errorf("the channel holds %.300s", body)
			}
			checkJSON(t, body)
		})
	}
}

// Items with others around them have the same answers, and all others are published.
func TestItemsAreIndependent(t *testing.T) {
	const good = `{"channel":"good","content":""}`
	var items, want []string
	for _, c := range itemCases {
		if !json.Valid([]byte(c.item)) && c.held == "" {
			continue // an array of it has no end
		}
		items = append(items, good, strings.TrimSpace(c.item))
		want = append(want, fmt.Sprintf(`{"results":[{"channel":"good","seq":%d,"epoch":"E","receivers":0}]}`, len(want)/2+1), c.answer)
	}
	for _, form := range []struct{ name, contentType, begin, between, end string }{
		{"array", jsonBody, "[", ",", "]"},
		{"array with blanks", "Content-Type: application/json; charset=utf-8", " [\r\n", " ,\t", "\n] "},
		{"lines", linesBody, "", "\n", ""},
		{"lines with an end", "Content-Type: application/jsonl", "", "\n", "\n"},
		{"lines of CR LF, and blank ones", "Content-Type: application/x-ndjson;charset=utf-8", " \r\n", "\r\n\r\n", "\r\n\n"},
	} {
		t.Run(form.name, func(t *testing.T) {
			s := icomettest.Start(t)
			admin := s.DialAdmin(t)
			admin.Request("POST", "/v1/publish", form.begin+strings.Join(items, form.between)+form.end, form.contentType)
			a := admin.Answer()
			if a.Status != 400 {
				t.Errorf("status %d, want that of the first error", a.Status)
			}
			answers := splitAnswer(t, a)
			if len(answers) != len(items) {
				t.Fatalf("%d answers to %d items", len(answers), len(items))
			}
			for i, answer := range answers {
				ok := plain(answer) == want[i] || want[i] == "" && strings.HasPrefix(answer, `{"results":[{"channel":"c","seq":`)
				if !ok {
					t.Errorf("item %.200s is answered %s, want %s", items[i], answer, want[i])
				}
			}
		})
	}
}

// splitAnswer returns the answers to the items of a request, which stand as the items did.
func splitAnswer(t *testing.T, a icomettest.Answer) (answers []string) {
	t.Helper()
	body, ok := strings.CutSuffix(a.Body, "\n")
	if !ok {
		t.Fatalf("%q has no end of line", body)
	}
	if strings.HasPrefix(a.Header("Content-Type"), "application/x-ndjson") {
		return strings.Split(body, "\n")
	}
	var all []json.RawMessage
	if err := json.Unmarshal([]byte(body), &all); err != nil {
		t.Fatalf("%v: %.300s", err, body)
	}
	for _, one := range all {
		answers = append(answers, string(one))
	}
	return answers
}

func TestBodiesOfOtherFormsAreRefused(t *testing.T) {
	s := icomettest.Start(t, func(o *server.Options) { o.Config.Front.MaxChannels = 2 })
	const item, array, lines = `{"channel":"c","content":"x"}`, "application/json", "application/x-ndjson"
	const wrongType = "the Content-Type must be application/json, application/x-ndjson or application/jsonl"
	for _, c := range []struct {
		name, contentType, body string
		status                  int
		answer                  string
	}{
		{"no type", "", item, 415, refused(415, wrongType)},
		{"form", "application/x-www-form-urlencoded", item, 415, refused(415, wrongType)},
		{"bad type", ";;", item, 415, refused(415, wrongType)},
		{"other JSON", "application/vnd.x+json", item, 415, refused(415, wrongType)},
		{"type in capitals", "Application/JSON", `{}`, 400, bad("exactly one of channel and channels is needed")},
		{"text", array, "hello", 400, bad("not JSON: invalid character 'h' looking for beginning of value")},
		{"array without an end", array, "[" + item, 400, bad("the array has no end")},
		{"array that ends in an item", array, `[{"channel":"c"`, 400, bad("the array has no end")},
		{"array that ends in a text", array, `["`, 400, bad("the array has no end")},
		{"array that ends behind a backslash", array, `["\`, 400, bad("the array has no end")},
		{"array with something behind", array, "[" + item + "] 7", 400, bad("there is something behind the array, at byte 32")},
		{"array without a comma", array, "[" + item + item + "]", 400, bad("a comma is missing in the array, at byte 30")},
		{"array with a comma at the end", array, "[" + item + ",]", 400, bad("a value is missing in the array, at byte 31")},
		{"array with a comma at the beginning", array, "[," + item + "]", 400, bad("a value is missing in the array, at byte 1")},
		{"array with an end of another kind", array, "[" + item + "}", 400, bad("a comma is missing in the array, at byte 30")},
		{"empty array", array, " [ ] ", 200, "[]"},
		{"no lines", lines, "", 200, ""},
		{"blank lines", lines, "\n \r\n", 200, ""},
		{"array in a line", lines, "[" + item + "]", 400, bad("an item must be a JSON object")},
		{"two items in a line", lines, item + item, 400, bad("not JSON: invalid character '{' after top-level value")},
		{"item in two lines", lines, "{\n}", 400, bad("not JSON: unexpected end of JSON input") + "\n" +
			bad("not JSON: invalid character '}' looking for beginning of value")},
		{"too many channels", array, `{"channels":["1","2","3"],"content":""}`, 429,
			`{"results":[{"channel":"1","seq":1,"epoch":"E","receivers":0},{"channel":"2","seq":1,"epoch":"E","receivers":0},` +
				`{"channel":"3",` + strings.TrimPrefix(refused(429, "too many channels"), "{") + "]}"},
		{"no room for the channel", array, item, 429, refused(429, "too many channels")},
		{"the first error counts", array, `[{"channel":"1","content":""},` + item + `,{}]`, 429,
			`[{"results":[{"channel":"1","seq":2,"epoch":"E","receivers":0}]},` + refused(429, "too many channels") + "," +
				bad("exactly one of channel and channels is needed") + "]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var headers []string
			if c.contentType != "" {
				headers = append(headers, "Content-Type: "+c.contentType)
			}
			admin := s.DialAdmin(t)
			admin.Request("POST", "/v1/publish", c.body, headers...)
			a := admin.Answer()
			want := c.answer
			if want != "" {
				want += "\n"
			}
			if a.Status != c.status || plain(a.Body) != want {
				t.Errorf("%d %s want %d %s", a.Status, a.Body, c.status, want)
			}
			contentType := "application/json; charset=utf-8"
			if c.contentType == lines {
				contentType = "application/x-ndjson; charset=utf-8"
			}
			if got := a.Header("Content-Type"); got != contentType {
				t.Errorf("the answer is %s, want %s", got, contentType)
			}
			if c.status == 429 {
				return
			}
			if admin.Get("/info"); !strings.Contains(admin.Answer().Body, `"channels": 0,`) {
				t.Error("something was published")
			}
		})
	}
}

func TestItemsArePostedOnly(t *testing.T) {
	s := icomettest.Start(t)
	admin := s.DialAdmin(t)
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
		admin.Request(method, "/v1/publish", "")
		a := admin.Head()
		if a.Status != 405 || a.Header("Allow") != "POST, OPTIONS" {
			t.Errorf("%s: %s", method, a.Head)
		}
	}
	admin.Request("OPTIONS", "/v1/publish", "")
	if a := admin.Answer(); a.Status != 204 || a.Header("Allow") != "POST, OPTIONS" {
		t.Errorf("OPTIONS: %s", a.Head)
	}
	admin.Request("POST", "/v1/publish/", "{}", jsonBody)
	if a := admin.Answer(); a.Status != 404 {
		t.Errorf("another path: %s", a.Head)
	}
}

func TestAChunkedBodyIsRead(t *testing.T) {
	s := icomettest.Start(t)
	admin := s.DialAdmin(t)
	admin.Send("POST /v1/publish HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n" + linesBody + "\r\n\r\n")
	for _, piece := range []string{`{"channel":"c",`, "\"content\":\"1\"}\n{", `"channel":"c","content":"2"}`} {
		admin.Send(fmt.Sprintf("%x\r\n%s\r\n", len(piece), piece))
	}
	admin.Send("0\r\n\r\n")
	const want = `{"results":[{"channel":"c","seq":1,"epoch":"E","receivers":0}]}` + "\n" +
		`{"results":[{"channel":"c","seq":2,"epoch":"E","receivers":0}]}` + "\n"
	if a := admin.Answer(); a.Status != 200 || plain(a.Body) != want {
		t.Errorf("%s\n%s", a.Head, a.Body)
	}
}

func TestABodyThatIsTooLargeIsRefused(t *testing.T) {
	s := icomettest.Start(t, func(o *server.Options) { o.Config.Admin.BodyBytes = 1000 })
	admin := s.DialAdmin(t)
	admin.Request("POST", "/v1/publish", strings.Repeat(" ", 1001), jsonBody)
	if a := admin.Answer(); a.Status != 413 {
		t.Errorf("%s", a.Head)
	}
}

func TestARepeatedKeyAnswersTheFirstResult(t *testing.T) {
	s := icomettest.Start(t)
	admin, front := s.DialAdmin(t), s.DialFront(t)
	front.Get("/stream?cname=c&seq=1")
	s.AwaitSubscribers(t, 1)
	front.Head()
	for _, c := range []struct{ item, answer string }{
		{`{"channel":"c","content":"1","key":"k"}`, `{"channel":"c","seq":1,"epoch":"E","receivers":1}`},
		{`{"channel":"c","content":"other","key":"k"}`, `{"channel":"c","seq":1,"epoch":"E","receivers":1,"repeated":true}`},
		{`{"channel":"c","content":"2","key":"l"}`, `{"channel":"c","seq":2,"epoch":"E","receivers":1}`},
		{`{"channel":"c","content":"3"}`, `{"channel":"c","seq":3,"epoch":"E","receivers":1}`},
		{`{"channels":["d","c"],"content":"4","key":"k"}`,
			`{"channel":"d","seq":1,"epoch":"E","receivers":0},{"channel":"c","seq":1,"epoch":"E","receivers":1,"repeated":true}`},
		{`{"channels":["d","d"],"content":"5","key":"m"}`,
			`{"channel":"d","seq":2,"epoch":"E","receivers":0},{"channel":"d","seq":2,"epoch":"E","receivers":0,"repeated":true}`},
	} {
		admin.Request("POST", "/v1/publish", c.item, jsonBody)
		if a := admin.Answer(); a.Status != 200 || plain(a.Body) != `{"results":[`+c.answer+"]}\n" {
			t.Errorf("%s: %d %s", c.item, a.Status, a.Body)
		}
	}
	for n := 1; n <= 3; n++ {
		if got, want := front.Chunk(), fmt.Sprintf(`{"type":"data","cname":"c","seq":%d,"content":"%d"}`+"\n", n, n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	admin.Get("/metrics")
	figures := admin.Answer().Body
	for _, want := range []string{"icomet_publish_items_total 6", "icomet_publish_repeated_total 3", "icomet_published_total 5"} {
		if !strings.Contains(figures, "\n"+want+"\n") {
			t.Errorf("the metrics have no line %q", want)
		}
	}
}

func TestALastValueStaysAlone(t *testing.T) {
	s := icomettest.Start(t)
	admin, front := s.DialAdmin(t), s.DialFront(t)
	for _, item := range []string{`{"channel":"c","content":"1"}`, `{"channel":"c","content":"2"}`, `{"channel":"c","data":3,"last":true}`} {
		admin.Request("POST", "/v1/publish", item, jsonBody)
		admin.Answer()
	}
	front.Get("/sub?cname=c&seq=1")
	if got, want := front.Answer().Body, `[{"type":"data","cname":"c","seq":3,"content":"3"}]`+"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Clients of the original get JSON as its text, in a message that is JSON itself, over every transport.
func TestOldSubscribersGetJSONAsText(t *testing.T) {
	s := icomettest.Start(t)
	admin := s.DialAdmin(t)
	const data = `{"a":["\"x\"",1],"b":"\u2028 </script>` + "\u2028" + `"}`
	kinds := []string{"/stream?cname=c", "/sse?cname=c", "/sub?cname=c&seq=1", "/iframe?cname=c", "/sub?cname=c&seq=1&cb=f"}
	clients := make([]*icomettest.Client, len(kinds))
	for i, kind := range kinds {
		clients[i] = s.DialFront(t)
		clients[i].Get(kind)
	}
	s.AwaitSubscribers(t, int64(len(kinds)))
	admin.Request("POST", "/v1/publish", `{"channel":"c","event":"e","data": `+data+`}`, jsonBody)
	if a := admin.Answer(); a.Status != 200 {
		t.Fatalf("%s %s", a.Head, a.Body)
	}
	for i, kind := range kinds {
		text := read(clients[i])
		from, to := strings.LastIndex(text, `{"type":"data"`), strings.LastIndexByte(text, '}')
		var m struct{ Content string }
		if err := json.Unmarshal([]byte(text[max(from, 0):to+1]), &m); err != nil || m.Content != data {
			t.Errorf("%s: %v in %s", kind, err, text)
		}
	}
}

// read reads an answer up to its first message with data.
func read(c *icomettest.Client) (text string) {
	c.Head()
	for !strings.Contains(text, `"data"`) {
		text += c.Chunk()
	}
	return text
}
