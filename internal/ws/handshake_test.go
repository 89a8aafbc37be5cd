package ws

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
)

// The handshake of RFC 6455 1.2.
const (
	exampleKey    = "dGhlIHNhbXBsZSBub25jZQ=="
	exampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
	exampleHeads  = "Host: server.example.com\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Key: " + exampleKey +
		"\nOrigin: http://example.com\nSec-WebSocket-Version: 13"
)

var ourProtocols = []string{"icomet.v1.json", "icomet.v2"}

// request is the example with edits: "Name: value" takes the place of the lines of that name, "+Name: value" is added,
// "-Name" removes.
func request(edits ...string) Request {
	lines := strings.Split(exampleHeads, "\n")
	named := func(line, name string) bool {
		n, _, _ := strings.Cut(line, ":")
		return strings.EqualFold(n, name)
	}
	for _, e := range edits {
		name, _, _ := strings.Cut(strings.TrimLeft(e, "+-"), ":")
		if e[0] != '+' {
			kept := lines[:0]
			for _, l := range lines {
				if !named(l, name) {
					kept = append(kept, l)
				}
			}
			lines = kept
		}
		if e[0] != '-' {
			lines = append(lines, strings.TrimPrefix(e, "+"))
		}
	}
	return Request{Method: []byte("GET"), Minor: 1, Header: func(name string) (all []byte) {
		for _, l := range lines {
			if !named(l, name) {
				continue
			}
			if all != nil {
				all = append(all, ", "...)
			}
			_, value, _ := strings.Cut(l, ":")
			all = append(append([]byte{}, all...), strings.Trim(value, " \t")...)
		}
		return all
	}}
}

func TestHandshake(t *testing.T) {
	const protocol, opening = "RFC 6455 11.3.4", "RFC 6455 4.2.1"
	for _, c := range []struct {
		section, name string
		edits         []string
		refusal       *Refusal
		chosen        string
	}{
		{"RFC 6455 1.3", "example", nil, nil, ""},
		{opening, "Upgrade in mixed case", []string{"Upgrade: WebSocket"}, nil, ""},
		{opening, "Upgrade among others", []string{"Upgrade: h2c, websocket"}, nil, ""},
		{opening, "Upgrade on a second line", []string{"+Upgrade: h2c"}, nil, ""},
		{opening, "Upgrade between empty elements", []string{"Upgrade: , ,websocket,"}, nil, ""},
		{opening, "no Upgrade", []string{"-Upgrade"}, refuseUpgrade, ""},
		{opening, "empty Upgrade", []string{"Upgrade:"}, refuseUpgrade, ""},
		{opening, "Upgrade to something else", []string{"Upgrade: h2c"}, refuseUpgrade, ""},
		{opening, "Upgrade to a version", []string{"Upgrade: websocket/13"}, refuseUpgrade, ""},
		{opening, "Upgrade to a longer name", []string{"Upgrade: websockets"}, refuseUpgrade, ""},
		{opening, "Upgrade to two words", []string{"Upgrade: web socket"}, refuseUpgrade, ""},
		{opening, "Upgrade with a letter that folds to k elsewhere", []string{"Upgrade: websoc\u212aet"}, refuseUpgrade, ""},
		{opening, "Connection as browsers write it", []string{"Connection: keep-alive, Upgrade"}, nil, ""},
		{opening, "Connection in lower case", []string{"Connection: upgrade"}, nil, ""},
		{opening, "Connection on two lines", []string{"Connection: keep-alive", "+Connection: UPGRADE"}, nil, ""},
		{opening, "Connection with tabs", []string{"Connection: keep-alive\t,\tupgrade"}, nil, ""},
		{opening, "no Connection", []string{"-Connection"}, refuseConnection, ""},
		{opening, "empty Connection", []string{"Connection:"}, refuseConnection, ""},
		{opening, "Connection without upgrade", []string{"Connection: keep-alive"}, refuseConnection, ""},
		{opening, "Connection with upgrade in another word", []string{"Connection: no-upgrade"}, refuseConnection, ""},
		{opening, "version 8", []string{"Sec-WebSocket-Version: 8"}, refuseVersion, ""},
		{opening, "version 0", []string{"Sec-WebSocket-Version: 0"}, refuseVersion, ""},
		{opening, "version 14", []string{"Sec-WebSocket-Version: 14"}, refuseVersion, ""},
		{opening, "version 130", []string{"Sec-WebSocket-Version: 130"}, refuseVersion, ""},
		{opening, "version 013", []string{"Sec-WebSocket-Version: 013"}, refuseVersion, ""},
		{opening, "version twice", []string{"+Sec-WebSocket-Version: 13"}, refuseVersion, ""},
		{opening, "versions in a list", []string{"Sec-WebSocket-Version: 13, 8"}, refuseVersion, ""},
		{opening, "empty version", []string{"Sec-WebSocket-Version:"}, refuseVersion, ""},
		{opening, "no version", []string{"-Sec-WebSocket-Version"}, refuseVersion, ""},
		{opening, "another key", []string{"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="}, nil, ""},
		{opening, "no key", []string{"-Sec-WebSocket-Key"}, refuseKey, ""},
		{opening, "empty key", []string{"Sec-WebSocket-Key:"}, refuseKey, ""},
		{opening, "key of 15 bytes", []string{"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA"}, refuseKey, ""},
		{opening, "key of 17 bytes", []string{"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA="}, refuseKey, ""},
		{opening, "key of 18 bytes", []string{"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAAA"}, refuseKey, ""},
		{opening, "key without padding", []string{"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA"}, refuseKey, ""},
		{opening, "key in the alphabet for URLs", []string{"Sec-WebSocket-Key: ____________________AA=="}, refuseKey, ""},
		{opening, "key that is no base64", []string{"Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!=="}, refuseKey, ""},
		{opening, "padding within the key", []string{"Sec-WebSocket-Key: AAAA==AAAAAAAAAAAAAAAA=="}, refuseKey, ""},
		{opening, "key twice", []string{"+Sec-WebSocket-Key: " + exampleKey}, refuseKey, ""},
		{protocol, "our subprotocol", []string{"+Sec-WebSocket-Protocol: icomet.v1.json"}, nil, "icomet.v1.json"},
		{protocol, "our subprotocol behind others", []string{"+Sec-WebSocket-Protocol: mqtt, stomp,icomet.v1.json"}, nil, "icomet.v1.json"},
		{protocol, "our subprotocol on a second line", []string{"+Sec-WebSocket-Protocol: mqtt", "+Sec-WebSocket-Protocol: icomet.v1.json"}, nil, "icomet.v1.json"},
		{protocol, "the client's order decides", []string{"+Sec-WebSocket-Protocol: icomet.v2, icomet.v1.json"}, nil, "icomet.v2"},
		{protocol, "our subprotocol twice", []string{"+Sec-WebSocket-Protocol: icomet.v2, icomet.v2"}, nil, "icomet.v2"},
		{protocol, "only others", []string{"+Sec-WebSocket-Protocol: mqtt, stomp"}, refuseProtocol, ""},
		{protocol, "our subprotocol in another case", []string{"+Sec-WebSocket-Protocol: ICOMET.v2"}, refuseProtocol, ""},
		{protocol, "a longer name", []string{"+Sec-WebSocket-Protocol: icomet.v2x"}, refuseProtocol, ""},
		{protocol, "empty list of subprotocols", []string{"+Sec-WebSocket-Protocol:"}, refuseProtocols, ""},
		{protocol, "subprotocols with a space", []string{"+Sec-WebSocket-Protocol: icomet.v2 mqtt"}, refuseProtocols, ""},
		{protocol, "subprotocol that is no token", []string{"+Sec-WebSocket-Protocol: icomet.v2, a/b"}, refuseProtocols, ""},
		{protocol, "subprotocol in quotes", []string{"+Sec-WebSocket-Protocol: \"icomet.v2\""}, refuseProtocols, ""},
		{"RFC 6455 9.1", "unknown extension", []string{"+Sec-WebSocket-Extensions: x-webkit-deflate-frame"}, nil, ""},
		{"RFC 6455 9.1", "malformed extensions", []string{"+Sec-WebSocket-Extensions: a;;b"}, refuseExtensions, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, refusal := Check(request(c.edits...), ourProtocols)
			if refusal != c.refusal || u.Protocol != c.chosen {
				t.Fatalf("%s: refused with %+v, subprotocol %q; want %+v, %q", c.section, refusal, u.Protocol, c.refusal, c.chosen)
			}
			if (u.Accept == "") != (refusal != nil) {
				t.Errorf("%s: accept %q", c.section, u.Accept)
			}
		})
	}
}

func TestHandshakeNeedsGETAndHTTP11(t *testing.T) {
	for _, method := range []string{"POST", "get", "HEAD", "CONNECT", ""} {
		r := request()
		r.Method = []byte(method)
		if _, refusal := Check(r, nil); refusal != refuseMethod {
			t.Errorf("%s: %+v", method, refusal)
		}
	}
	r := request()
	r.Minor = 0
	if _, refusal := Check(r, nil); refusal != refuseHTTP10 {
		t.Errorf("HTTP/1.0: %+v", refusal)
	}
}

func TestRefusalsAreCompleteAnswers(t *testing.T) {
	for status, refusals := range map[int][]*Refusal{
		400: {refuseUpgrade, refuseConnection, refuseKey, refuseProtocols, refuseProtocol, refuseExtensions},
		405: {refuseMethod},
		426: {refuseVersion},
		505: {refuseHTTP10},
	} {
		for _, r := range refusals {
			if r.Status != status || r.Text == "" || r.Headers != "" && !strings.HasSuffix(r.Headers, "\r\n") {
				t.Errorf("%+v", r)
			}
		}
	}
	for _, line := range []string{"Upgrade: websocket\r\n", "Sec-WebSocket-Version: 13\r\n"} {
		if !strings.Contains(refuseVersion.Headers, line) {
			t.Errorf("426 has no %q", line)
		}
	}
	if refuseMethod.Headers != "Allow: GET\r\n" {
		t.Errorf("405 has %q", refuseMethod.Headers)
	}
}

func TestExtensionsAreNegotiated(t *testing.T) {
	const none, plain, window = "", "yes", "yes, with a window of 15 bits"
	const pmd = "permessage-deflate"
	for value, want := range map[string]string{
		"":                                     none,
		",":                                    none,
		pmd:                                    plain,
		"  " + pmd + "\t":                      plain,
		pmd + "; client_max_window_bits":       plain, // Chromium
		pmd + ";client_max_window_bits=8":      plain,
		pmd + "; client_max_window_bits=15":    plain,
		pmd + "; client_max_window_bits=\"9\"": plain,
		pmd + "; server_no_context_takeover; client_no_context_takeover":            plain,
		pmd + "; server_max_window_bits=15":                                         window,
		pmd + "; server_max_window_bits = 15":                                       window,
		pmd + "; server_max_window_bits=\"15\"; client_max_window_bits":             window,
		pmd + "; server_max_window_bits=10":                                         none,
		pmd + "; server_max_window_bits=10, " + pmd:                                 plain,
		pmd + "; server_max_window_bits=10, " + pmd + "; server_max_window_bits=15": window,
		pmd + ", " + pmd + "; server_max_window_bits=15":                            plain,
		pmd + "; unknown, foo; bar=\"baz\", " + pmd:                                 plain,
		pmd + "; server_max_window_bits":                                            none,
		pmd + "; server_max_window_bits=16":                                         none,
		pmd + "; server_max_window_bits=015":                                        none,
		pmd + "; server_max_window_bits=15; server_max_window_bits=15":              none,
		pmd + "; client_max_window_bits=7":                                          none,
		pmd + "; client_max_window_bits=16":                                         none,
		pmd + "; client_max_window_bits=08":                                         none,
		pmd + "; client_max_window_bits=x":                                          none,
		pmd + "; client_max_window_bits; client_max_window_bits":                    none,
		pmd + "; client_max_window_bits; client_max_window_bits=9":                  none,
		pmd + "; client_no_context_takeover=1":                                      none,
		pmd + "; server_no_context_takeover=true":                                   none,
		pmd + "; server_no_context_takeover; server_no_context_takeover":            none,
		pmd + "; client_no_context_takeover; client_no_context_takeover":            none,
		pmd + "; foo":                         none,
		"Permessage-Deflate":                  none,
		"permessage-bzip2":                    none,
		"x-webkit-deflate-frame, " + pmd:      plain,
		"foo; " + pmd:                         none,
		"foo=" + pmd:                          "malformed",
		pmd + ";":                             "malformed",
		pmd + "; =1":                          "malformed",
		pmd + "; client_max_window_bits=":     "malformed",
		pmd + "; client_max_window_bits=\"":   "malformed",
		pmd + "; client_max_window_bits=\"\"": "malformed",
		pmd + "; a=\"b c\"":                   "malformed",
		pmd + "; a=b c":                       "malformed",
		pmd + " " + pmd:                       "malformed",
		pmd + ", (":                           "malformed",
		";" + pmd:                             "malformed",
		pmd + ";; client_max_window_bits":     "malformed",
	} {
		u, refusal := Check(request("+Sec-WebSocket-Extensions: "+value), nil)
		got := none
		switch {
		case refusal == refuseExtensions:
			got = "malformed"
		case refusal != nil:
			t.Errorf("%s: %+v", value, refusal)
		case u.window && u.Deflate:
			got = window
		case u.Deflate:
			got = plain
		}
		if got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

func TestUpgradeIsAnsweredInFull(t *testing.T) {
	const head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + exampleAccept + "\r\n"
	const deflate = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	for _, c := range []struct {
		edits []string
		want  string
	}{
		{nil, head + "\r\n"},
		{[]string{"+Sec-WebSocket-Protocol: a, icomet.v2"}, head + "Sec-WebSocket-Protocol: icomet.v2\r\n\r\n"},
		{[]string{"+Sec-WebSocket-Extensions: permessage-deflate"}, head + deflate + "\r\n\r\n"},
		{[]string{"+Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=15"}, head + deflate + "; server_max_window_bits=15\r\n\r\n"},
		{[]string{"+Sec-WebSocket-Protocol: icomet.v2", "+Sec-WebSocket-Extensions: permessage-deflate"},
			head + "Sec-WebSocket-Protocol: icomet.v2\r\n" + deflate + "\r\n\r\n"},
	} {
		u, refusal := Check(request(c.edits...), ourProtocols)
		if got := string(AppendUpgrade([]byte("x"), u)); refusal != nil || got != "x"+c.want {
			t.Errorf("%v: %+v, %q\nwant %q", c.edits, refusal, got, c.want)
		}
	}
}

// answering is a connection to a server that answers what has been written when it is read from.
type answering struct {
	t       *testing.T
	request bytes.Buffer
	answer  io.Reader
}

func (a *answering) Write(p []byte) (int, error) { return a.request.Write(p) }

func (a *answering) Read(p []byte) (int, error) {
	if a.answer == nil {
		r, err := http.ReadRequest(bufio.NewReader(&a.request))
		if err != nil {
			a.t.Fatal(err)
		}
		u, refusal := Check(Request{Method: []byte(r.Method), Minor: r.ProtoMinor, Header: func(name string) []byte {
			if v := r.Header.Values(name); v != nil {
				return []byte(strings.Join(v, ", "))
			}
			return nil
		}}, ourProtocols)
		if refusal != nil {
			a.t.Fatalf("%+v", refusal)
		}
		a.answer = bytes.NewReader(AppendUpgrade(nil, u))
	}
	return a.answer.Read(p)
}

func TestClientOfTheLibraryIsUpgraded(t *testing.T) {
	offer := wsflate.Parameters{ServerMaxWindowBits: 15, ClientMaxWindowBits: 1}
	d := ws.Dialer{Protocols: []string{"other", "icomet.v1.json"}}
	d.Extensions = append(d.Extensions, offer.Option())
	_, h, err := d.Upgrade(&answering{t: t}, &url.URL{Scheme: "ws", Host: "a", Path: "/ws"})
	if err != nil || h.Protocol != "icomet.v1.json" || len(h.Extensions) != 1 {
		t.Fatalf("%+v: %v", h, err)
	}
	var agreed wsflate.Parameters
	if err := agreed.Parse(h.Extensions[0]); err != nil || !agreed.ServerNoContextTakeover || !agreed.ClientNoContextTakeover || agreed.ServerMaxWindowBits != 15 {
		t.Errorf("%+v: %v", agreed, err)
	}
}
