package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func dump(c Config) string { return fmt.Sprintf("%+v", c) }

// FuzzParse looks for files that break the reader or get past the bounds of the table.
func FuzzParse(f *testing.F) {
	shipped, err := os.ReadFile("testdata/icomet.conf")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(shipped)
	f.Add([]byte(minimal))
	f.Add([]byte("\xef\xbb\xbf" + minimal + "\tchannel_timeout: 33 # x"))
	f.Add([]byte(minimal + "\tlisten: [::1]:8101-8103\n\tlisten = *:0\nadmin:\n\tlisten: a:1\n\tallow: 10.0.0.0/8\n\tdeny: *"))
	f.Add([]byte("front:\n\t\tauth: token"))
	f.Add([]byte(minimal + "\tauth: jwt\n\torigin: *\njwt:\n\tsecret: file:a\n\tpublic_key: b\n\tjwks_url: http://c/\n\taudience: d\nhook:\n\tsubscribe: https://e\n"))
	f.Add([]byte(" #\n"))
	f.Add([]byte("a\x00=\n\t\r\v\f:=\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, warnings, err := parseConfig(text, "f", "/d/f")
		if len(warnings) > warningsMax {
			t.Errorf("%d warnings", len(warnings))
		}
		if err != nil {
			checkError(t, err)
			return
		}
		checkConfig(t, c)
		again, _, err := parseConfig(slices.Concat(text, []byte("\n")), "f", "/d/f")
		if err != nil || dump(again) != dump(c) {
			t.Errorf("a newline at the end changes %+v to %+v, %v", c, again, err)
		}
	})
}

func checkError(t *testing.T, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), "f:") {
		t.Errorf("the error does not say where: %v", err)
	}
	for _, r := range err.Error() {
		if r < ' ' && r != '\n' {
			t.Errorf("the error has control characters: %q", err)
		}
	}
}

func checkConfig(t *testing.T, c Config) {
	t.Helper()
	front := c.Front
	switch {
	case len(c.Admin.Listen) == 0, len(front.Listen) == 0, front.PollingTimeout <= 0, front.ChannelTimeout <= 0,
		front.ChannelBufferSize < 0, front.ChannelBufferSize > historyMax, front.MaxChannels < 0,
		front.MaxSubscribersPerChannel < 0, front.MaxConnections < 0, c.Loops < 0, c.Loops > loopsMax,
		front.HeadTimeout <= 0, front.KeepaliveTimeout <= 0, front.SendTimeout <= 0, c.Logger.RotateBytes < rotateBytesMin,
		c.Logger.Output == "", c.Pidfile != "" && c.Pidfile[0] != '/':
		t.Errorf("out of bounds: %+v", c)
	}
	for _, l := range append(c.Admin.Listen, front.Listen...) {
		if again, rest, err := parseListen(l.String()); err != nil || rest != "" || again != l {
			t.Errorf("%v is read again as %v, %q, %v", l, again, rest, err)
		}
	}
}
