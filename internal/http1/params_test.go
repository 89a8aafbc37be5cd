package http1

import "testing"

func TestParamsGet(t *testing.T) {
	for _, c := range []struct {
		params, name, want string
		ok                 bool
	}{
		{"cname=a&seq=1", "cname", "a", true},
		{"cname=a&seq=1", "seq", "1", true},
		{"cname=a&seq=1", "SEQ", "1", true},
		{"CNAME=a", "cname", "a", true},
		{"cname=a&cname=b", "cname", "a", true},
		{"cname=a&CName=b", "cname", "a", true},
		{"cname=", "cname", "", true},
		{"cname", "cname", "", false},
		{"cname&cname=b", "cname", "b", true},
		{"=x&cname=b", "cname", "b", true},
		{"=x", "", "", false},
		{"", "cname", "", false},
		{"&&&", "cname", "", false},
		{"&cname=b&", "cname", "b", true},
		{"%63name=a", "cname", "", false},
		{"%63name=a", "%63name", "a", true},
		{"cname =a", "cname", "", false},
		{"content=a=b==", "content", "a=b==", true},
		{"content=a;cname=b", "cname", "", false},
		{"content=a;cname=b", "content", "a;cname=b", true},
		{"content=100%&cname=a", "cname", "a", true},
		{"content=100%&cname=a", "content", "100%", true},
		{`content={"a":1}&cname=x`, "content", `{"a":1}`, true},
		{"flag&cname=x", "cname", "x", true},
		{"content=\x00\xff日&cname=x", "content", "\x00\xff日", true},
		{"content=a?b", "content", "a?b", true},
		{"_=1&_=2&callback=f", "_", "1", true},
		{"xcname=a&cnamex=b&cnam=c", "cname", "", false},
		{`{"cname":"a=b"}`, "cname", "", false},
	} {
		got, ok := Params(c.params).Get(c.name)
		if string(got) != c.want || ok != c.ok {
			t.Errorf("%q %s: %q, %t, want %q, %t", c.params, c.name, got, ok, c.want, c.ok)
		}
	}
}

func TestParamsAllCanBeLeft(t *testing.T) {
	n := 0
	for range Params("a=1&b=2&c=3").All {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d rounds", n)
	}
}

func TestFormBodyWinsPerParameter(t *testing.T) {
	f := Form{Body: Params("cname=body&cb="), Query: Params("cname=query&content=q&cb=f")}
	for name, want := range map[string]string{"cname": "body", "content": "q", "cb": ""} {
		if got, ok := f.Get(name); string(got) != want || !ok {
			t.Errorf("%s: %q, %t, want %q", name, got, ok, want)
		}
	}
	if _, ok := f.Get("seq"); ok {
		t.Error("seq is in neither")
	}
}

func TestAppendUnescape(t *testing.T) {
	for raw, want := range map[string]string{
		"":                    "",
		"plain":               "plain",
		"a+b":                 "a b",
		"a%20b":               "a b",
		"%e6%97%A5":           "日",
		"%00":                 "\x00",
		"a%00b":               "a\x00b",
		"100%":                "100%",
		"100%2":               "100%2",
		"100%zz":              "100%zz",
		"%%41":                "%A",
		"%4%41":               "%4A",
		"%2B":                 "+",
		"%2541":               "%41",
		"%-1":                 "%-1",
		"日\xff":               "日\xff",
		`\"{}[]|^` + "`<>;&=": `\"{}[]|^` + "`<>;&=",
	} {
		if got := AppendUnescape(nil, []byte(raw)); string(got) != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
		b := []byte(raw)
		if got := AppendUnescape(b[:0], b); string(got) != want {
			t.Errorf("%q in place: %q, want %q", raw, got, want)
		}
	}
	if got := AppendUnescape([]byte("x"), []byte("+y")); string(got) != "x y" {
		t.Errorf("append: %q", got)
	}
}

func TestAppendPath(t *testing.T) {
	for raw, want := range map[string]string{
		"/": "/", "/push": "/push", "/p%75sh": "/push", "/a+b": "/a+b", "/a%2Fb": "/a/b", "/100%": "/100%", "/%zz%41": "/%zzA", "/%00": "/\x00",
	} {
		if got := AppendPath(nil, []byte(raw)); string(got) != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}

func TestAtoi(t *testing.T) {
	for raw, want := range map[string]int32{
		"":                         0,
		"0":                        0,
		"1":                        1,
		"-1":                       -1,
		"007":                      7,
		"12abc":                    12,
		"abc":                      0,
		"12.9":                     12,
		"  12":                     12,
		"+12":                      12, // a space
		"%2B12":                    12, // a plus sign
		"%20%09%0a%0b%0c%0d-12":    -12,
		"%31%32":                   12,
		"1 2":                      1,
		"1+2":                      1,
		"--1":                      0,
		"+-1":                      -1,
		"-+1":                      0,
		"%2B-1":                    0,
		"- 1":                      0,
		"0x10":                     0,
		"%":                        0,
		"1%":                       1,
		"1%00":                     1,
		"2147483647":               2147483647,
		"2147483648":               2147483647,
		"-2147483648":              -2147483648,
		"-2147483649":              -2147483648,
		"4294967297":               2147483647,
		"-4294967297":              -2147483648,
		"99999999999999999999999":  2147483647,
		"-99999999999999999999999": -2147483648,
		"００":                       0,
	} {
		if got := Atoi([]byte(raw)); got != want {
			t.Errorf("%q: %d, want %d", raw, got, want)
		}
	}
}
