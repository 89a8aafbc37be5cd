package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// minimal is the shortest file without a warning; its lines are 1 to 8.
const minimal = `admin:
	listen: 127.0.0.1:8000
front:
	listen: 0.0.0.0:8100
	max_channels: 9
	max_subscribers_per_channel: 8
	channel_buffer_size: 7
	polling_timeout: 6
`

// sameAccess compares configurations by the rules they were written with.
var sameAccess = cmp.Comparer(func(a, b Access) bool { return true })

func load(t *testing.T, text string) (Config, []string, error) {
	t.Helper()
	c, warnings, err := parseConfig([]byte(text), "f", "/etc/icomet/f")
	lines := make([]string, len(warnings))
	for i, w := range warnings {
		lines[i] = w.String()
	}
	return c, lines, err
}

// noWebhook is what there is without a webhook.
var noWebhook = Webhook{Events: webhookEvents, Timeout: 5 * time.Second}

func mustLoad(t *testing.T, text string) (Config, []string) {
	t.Helper()
	c, warnings, err := load(t, text)
	if err != nil {
		t.Fatal(err)
	}
	return c, warnings
}

func TestLoadReadsTheShippedFileAsItIs(t *testing.T) {
	c, warnings, err := Load("testdata/icomet.conf")
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v, warnings %v", err, warnings)
	}
	dir, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		File:    filepath.Join(dir, "icomet.conf"),
		Pidfile: filepath.Join(dir, "icomet.pid"),
		Logger:  Logger{Level: "debug", Output: filepath.Join(dir, "logs", "log.txt"), RotateBytes: 1000000000},
		Admin: Admin{
			Listen: []Listen{{Host: "0.0.0.0", First: 8000, Last: 8000}},
			Allow:  []string{"127.0.0.1", "192.168"}, Deny: []string{"all"},
			HeadBytes: 262144, BodyBytes: 1048576,
		},
		Front: Front{
			Listen:      []Listen{{Host: "0.0.0.0", First: 8100, Last: 8100}},
			MaxChannels: 100000, MaxSubscribersPerChannel: 16, ChannelBufferSize: 10,
			ChannelTimeout: 30 * time.Second, PollingTimeout: 30 * time.Second,
			HeadTimeout: 10 * time.Second, KeepaliveTimeout: 75 * time.Second, SendTimeout: 30 * time.Second,
			OutputBytes: 262144, HeadBytes: 16384, MaxChannelsPerSubscriber: 4096,
			MaxMembersPerChannel: 10000, MemberGrace: 15 * time.Second,
		},
		JWT:     JWT{JWKSRefresh: 300 * time.Second, Leeway: 30 * time.Second},
		Hook:    Hook{Timeout: 5 * time.Second, Cache: 65536},
		Webhook: noWebhook,
	}
	if diff := cmp.Diff(want, c, sameAccess, cmp.AllowUnexported(Secret{})); diff != "" {
		t.Error(diff)
	}
	checkAccess(t, c.Admin.Access, map[string]bool{"127.0.0.1": true, "192.168.7.8": true, "10.0.0.1": false})
}

func TestDefaultRunsForThisMachine(t *testing.T) {
	c := Default()
	want := Config{
		Logger: Logger{Level: "info", Output: "stderr", RotateBytes: 1000000000},
		Admin: Admin{
			Listen: []Listen{{Host: "127.0.0.1", First: 8000, Last: 8000}},
			Allow:  []string{"127.0.0.1", "::1"}, HeadBytes: 262144, BodyBytes: 1048576,
		},
		Front: Front{
			Listen:      []Listen{{Host: "0.0.0.0", First: 8100, Last: 8100}},
			MaxChannels: 100000, MaxSubscribersPerChannel: 10000, ChannelBufferSize: 10,
			ChannelTimeout: 30 * time.Second, PollingTimeout: 30 * time.Second,
			HeadTimeout: 10 * time.Second, KeepaliveTimeout: 75 * time.Second, SendTimeout: 30 * time.Second,
			OutputBytes: 262144, HeadBytes: 16384, MaxChannelsPerSubscriber: 4096,
			MaxMembersPerChannel: 10000, MemberGrace: 15 * time.Second,
		},
		JWT:     JWT{JWKSRefresh: 300 * time.Second, Leeway: 30 * time.Second},
		Hook:    Hook{Timeout: 5 * time.Second, Cache: 65536},
		Webhook: noWebhook,
	}
	if diff := cmp.Diff(want, c, sameAccess, cmp.AllowUnexported(Secret{})); diff != "" {
		t.Error(diff)
	}
	checkAccess(t, c.Admin.Access, map[string]bool{"127.0.0.1": true, "::1": true, "127.0.0.2": false, "192.168.0.1": false})
}

func TestMissingKeysAreWhatICometTakesThemFor(t *testing.T) {
	c, warnings := mustLoad(t, "admin:\n\tlisten: 10.0.0.1:1\nfront:\n\tlisten: 10.0.0.1:2\n\tpolling_timeout: 9\n")
	want := Config{
		File:   "/etc/icomet/f",
		Logger: Logger{Level: "debug", Output: "stdout", RotateBytes: 1048576},
		Admin:  Admin{Listen: []Listen{{"10.0.0.1", 1, 1}}, HeadBytes: 262144, BodyBytes: 1048576},
		Front: Front{
			Listen: []Listen{{"10.0.0.1", 2, 2}}, ChannelTimeout: 4 * time.Second, PollingTimeout: 9 * time.Second,
			HeadTimeout: 10 * time.Second, KeepaliveTimeout: 75 * time.Second, SendTimeout: 30 * time.Second,
			OutputBytes: 262144, HeadBytes: 16384, MaxChannelsPerSubscriber: 4096,
			MaxMembersPerChannel: 10000, MemberGrace: 15 * time.Second,
		},
		JWT:     JWT{JWKSRefresh: 300 * time.Second, Leeway: 30 * time.Second},
		Hook:    Hook{Timeout: 5 * time.Second, Cache: 65536},
		Webhook: noWebhook,
	}
	if diff := cmp.Diff(want, c, sameAccess, cmp.AllowUnexported(Secret{})); diff != "" {
		t.Error(diff)
	}
	checkAccess(t, c.Admin.Access, map[string]bool{"8.8.8.8": true})
	wantWarnings := []string{
		"f: front.max_channels: missing or 0, no channel can be created",
		"f: front.max_subscribers_per_channel: missing or 0, nobody can subscribe",
		"f: front.channel_buffer_size: missing or 0, a long-polling client loses what is published between two of its polls",
		"f:2: admin.allow: missing, everybody who reaches the admin port may publish",
	}
	if diff := cmp.Diff(wantWarnings, warnings); diff != "" {
		t.Error(diff)
	}
}

func TestOddValuesAreReadAsICometReadsThem(t *testing.T) {
	for _, c := range []struct {
		name, line string // line 9 of the file, in section front
		get        func(Config) any
		want       any
		warning    string // "" for none
	}{
		{"remark behind a number", "channel_timeout: 33 # x", timeout, 33 * time.Second,
			`front.channel_timeout: read as 33, what follows is ignored: " # x"`},
		{"unit behind a number", "channel_timeout: 33s", timeout, 33 * time.Second,
			`front.channel_timeout: read as 33, what follows is ignored: "s"`},
		{"equals sign", "channel_timeout=33", timeout, 33 * time.Second, ""},
		{"blanks around", "channel_timeout \t = \t +33 \t", timeout, 33 * time.Second, ""},
		{"carriage return", "channel_timeout: 33\r", timeout, 33 * time.Second, ""},
		{"negative channel timeout", "channel_timeout: -5", timeout, 3 * time.Second, ""},
		{"token", "auth: token", auth, AuthToken, ""},
		{"token in capitals", "auth: TOKEN", auth, AuthNone, `front.auth: got "TOKEN", which counts as none; only token and jwt turn tokens on`},
		{"auth without value", "auth:", auth, AuthNone, ""},
		{"unknown key", "wings: 2", auth, AuthNone, `front.wings: unknown key, ignored`},
		{"key in capitals", "Auth: token", auth, AuthNone, `front.Auth: unknown key, ignored`},
		{"nameless key", ": 2", auth, AuthNone, `front.: unknown key, ignored`},
		{"key with a line of its own per level", "x.y: 2", auth, AuthNone,
			`front.x.y: unknown key, ignored; each level has a line of its own`},
		{"key that is not printable", "a\x1bb: 2", auth, AuthNone, `"front.a\x1bb": unknown key, ignored`},
		{"below a key", "\tauth: token", auth, AuthNone, `front.polling_timeout.auth: unknown key, ignored`},
	} {
		t.Run(c.name, func(t *testing.T) {
			config, warnings := mustLoad(t, minimal+"\t"+c.line)
			if got := c.get(config); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			var want []string
			if c.warning != "" {
				want = []string{"f:9: " + c.warning}
			}
			if diff := cmp.Diff(strings.Join(want, "\n"), strings.Join(warnings, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func timeout(c Config) any { return c.Front.ChannelTimeout }
func auth(c Config) any    { return c.Front.Auth }

func TestOddFilesAreReadAsICometReadsThem(t *testing.T) {
	for _, c := range []struct {
		name, text string
		get        func(Config) any
		want       any
		warnings   []string
	}{
		{"last of duplicate keys wins", minimal + "\tmax_channels: 1\n\tmax_channels: 2\n",
			func(c Config) any { return c.Front.MaxChannels }, 2,
			[]string{"f:5: front.max_channels: hidden by line 10", "f:9: front.max_channels: hidden by line 10"}},
		{"second section hides the first", strings.Replace(minimal, "front:", "front:\n\tlisten: x:1\n\tauth: token\n\tbad: 1\nfront:", 1), auth, AuthNone,
			[]string{"f:3: front: the whole section is hidden by the one at line 7"}},
		{"value of a section", strings.Replace(minimal, "front:", "front: on", 1), auth, AuthNone,
			[]string{`f:3: front: is a section, its value is ignored: "on"`}},
		{"keys with dots at the top", minimal + "front.auth: token\n", auth, AuthNone,
			[]string{"f:9: front.auth: unknown key, ignored; each level has a line of its own"}},
		{"unknown section with keys below", minimal + "extra:\n\ta: 1\n\t\tb: 2\n", auth, AuthNone,
			[]string{"f:9: extra: unknown key, ignored"}},
		{"level nobody knows", minimal + "logger:\n\tlevel: Info\n",
			func(c Config) any { return c.Logger.Level }, "debug",
			[]string{`f:10: logger.level: got "Info", which counts as debug; the levels are none, fatal, error, warn, info, debug, trace`}},
		{"rotation below the least size", minimal + "logger:\n\trotate:\n\t\tsize: 5\n",
			func(c Config) any { return c.Logger.RotateBytes }, int64(1048576),
			[]string{"f:11: logger.rotate.size: 5 is raised to the least value, 1048576"}},
		{"zeros that refuse", strings.NewReplacer(": 9", ": 0", ": 8\n", ": 0\n", ": 7", ": 0").Replace(minimal),
			func(c Config) any { return c.Front.MaxChannels }, 0,
			[]string{
				"f:5: front.max_channels: missing or 0, no channel can be created",
				"f:6: front.max_subscribers_per_channel: missing or 0, nobody can subscribe",
				"f:7: front.channel_buffer_size: missing or 0, a long-polling client loses what is published between two of its polls",
			}},
		{"byte order mark", "\xef\xbb\xbf" + minimal, auth, AuthNone, nil},
		{"CRLF", strings.ReplaceAll(minimal, "\n", "\r\n"), auth, AuthNone, nil},
		{"remarks and blank lines anywhere", strings.ReplaceAll(minimal, "\n", "\n\t\t\t\t# x\n  \n\t \r\n\n#y\n"), auth, AuthNone, nil},
		{"last line without newline keeps its last character", minimal + "\tchannel_timeout: 30",
			timeout, 30 * time.Second, nil},
		{"long line", minimal + "#" + strings.Repeat("x", 4095) + "\tauth: token\n", auth, AuthNone, nil},
		{"least timeouts", strings.Replace(minimal, ": 6", ": 1", 1), timeout, time.Second, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			config, warnings := mustLoad(t, c.text)
			if got := c.get(config); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if diff := cmp.Diff(strings.Join(c.warnings, "\n"), strings.Join(warnings, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBadValuesNameFileLineAndKey(t *testing.T) {
	long := strings.Repeat("x", 100)
	for _, c := range []struct{ name, text, want string }{
		{"word for a number", minimal + "\tchannel_timeout: abc", `f:9: front.channel_timeout: got "abc", expected a whole number of seconds`},
		{"nothing for a number", minimal + "\tchannel_timeout:", "f:9: front.channel_timeout: got nothing, expected a whole number of seconds"},
		{"sign without number", minimal + "\tchannel_timeout: -", `f:9: front.channel_timeout: got "-", expected a whole number of seconds`},
		{"two signs", minimal + "\tchannel_timeout: +-1", `f:9: front.channel_timeout: got "+-1", expected a whole number of seconds`},
		{"more than 32 bits", strings.Replace(minimal, ": 9", ": 4294967297", 1), `f:5: front.max_channels: got "4294967297", expected a whole number from 0 to 2147483647`},
		{"more than 64 bits", strings.Replace(minimal, ": 9", ": 99999999999999999999", 1), `f:5: front.max_channels: got "99999999999999999999", expected a whole number from 0 to 2147483647`},
		{"negative buffer", strings.Replace(minimal, ": 7", ": -7", 1), `f:7: front.channel_buffer_size: got "-7", expected a whole number from 0 to 1048576`},
		{"neither yes nor no", minimal + "\tclient_ids: true", `f:9: front.client_ids: got "true", expected yes or no`},
		{"webhook that is no URL", minimal + "webhook:\n\turl: user:pw@app/hook", `f:10: webhook.url: got "user:pw@app/hook", expected a URL such as https://example.com/path`},
		{"unknown event", minimal + "webhook:\n\tevents: joined", `f:10: webhook.events: got "joined", expected one of channel_occupied, channel_vacated, member_joined, member_left`},
		{"polling timeout 0", strings.Replace(minimal, ": 6", ": 0", 1), `f:8: front.polling_timeout: got "0", expected a whole number from 1 to 2147483647`},
		{"rotation beyond all disks", minimal + "logger:\n\trotate:\n\t\tsize: 99999999999999999999", `f:11: logger.rotate.size: got "99999999999999999999", expected a whole number up to 1125899906842624`},
		{"rotation without number", minimal + "logger:\n\trotate:\n\t\tsize: big", `f:11: logger.rotate.size: got "big", expected a whole number of bytes`},
		{"no log output", minimal + "logger:\n\toutput:", "f:10: logger.output: got nothing, expected stdout, stderr or a path"},
		{"long value", minimal + "\tchannel_timeout: " + long, `f:9: front.channel_timeout: got "` + long[:60] + `...", expected a whole number of seconds`},

		{"no file at all", "", "f: admin.listen: missing, expected a line with it in section admin\n" +
			"f: front.listen: missing, expected a line with it in section front\n" +
			"f: front.polling_timeout: missing, expected a line with it in section front"},
		{"errors in the order of lines", minimal + "\thead_bytes: 1\nadmin:\n\tlisten: x\n",
			`f:9: front.head_bytes: got "1", expected a whole number from 1024 to 1073741824` + "\n" +
				`f:11: admin.listen: got "x", expected HOST:PORT, with * as host for all addresses`},

		{"both doors on one port", strings.Replace(minimal, "8000", "8100", 1), "f:2: admin.listen: got 127.0.0.1:8100, expected a port that front.listen does not use with 0.0.0.0:8100"},
		{"overlapping ranges of one door", minimal + "\tlisten: 0.0.0.0:8090-8110", `f:9: front.listen: got "0.0.0.0:8090-8110", expected ports that are not already in 0.0.0.0:8100`},
		{"too many ports", minimal + "\tlisten: 0.0.0.0:9000-10023", `f:9: front.listen: got "0.0.0.0:9000-10023", expected 1024 ports at most for one door`},
		{"empty allow", minimal + "admin:\n\tlisten: *:1\n\tallow:", "f:11: admin.allow: got nothing, expected all, an IP address, the beginning of an IPv4 address, or a range such as 10.0.0.0/8"},
		{"list in a deny", minimal + "admin:\n\tlisten: *:1\n\tdeny: 1.2.3.4,5.6.7.8", `f:11: admin.deny: got "1.2.3.4,5.6.7.8", expected all, an IP address, the beginning of an IPv4 address, or a range such as 10.0.0.0/8`},

		{"blank where the line begins", minimal + "\t # x", `f:9: got " " where the line begins, expected TABs only`},
		{"no separator", minimal + "\tauth token", `f:9: got "auth token", expected ` + "`key: value`"},
		{"two levels deeper", minimal + "\t\t\tauth: token", "f:9: the line is 2 levels deeper than the one before, expected one at most"},
		{"first line indented", "\tpidfile: x", "f:1: the line is 2 levels deeper than the one before, expected one at most"},
		{"NUL", minimal + "a\x00: b", "f:9: the line holds a NUL byte"},
		{"endless line", minimal + "#" + strings.Repeat("x", lineBytesMax), "f:9: the line is longer than 16384 bytes"},
		{"endless file", strings.Repeat("#\n", fileBytesMax), "f: the file is longer than 1048576 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := load(t, c.text)
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Error(diff)
			}
			var e *Error
			if !errors.As(err, &e) || e.File != "f" {
				t.Errorf("not an Error of the file: %#v", err)
			}
		})
	}
}

func TestProblemsOfOneFileAreBounded(t *testing.T) {
	_, warnings, err := load(t, minimal+strings.Repeat("x: 1\n", 10*warningsMax)+"front:\n"+strings.Repeat("\tlisten: x\n", 10*errorsMax))
	if len(warnings) != warningsMax {
		t.Errorf("%d warnings", len(warnings))
	}
	if lines := strings.Count(err.Error(), "\n") + 1; lines != errorsMax {
		t.Errorf("%d errors", lines)
	}
}

func TestDoorsMayListenSeveralTimes(t *testing.T) {
	c, warnings := mustLoad(t, minimal+"\tlisten: [::1]:8101\n\tlisten: *:8102-8103 # more\n\tlisten: 0.0.0.0:8100\n\tlisten: 127.0.0.1:0\n\tlisten: 127.0.0.1:0\n")
	want := []Listen{{"0.0.0.0", 8100, 8100}, {"::1", 8101, 8101}, {"0.0.0.0", 8102, 8103}, {"127.0.0.1", 0, 0}, {"127.0.0.1", 0, 0}}
	if diff := cmp.Diff(want, c.Front.Listen); diff != "" {
		t.Error(diff)
	}
	wantWarnings := []string{
		`f:10: front.listen: read as 0.0.0.0:8102-8103, what follows is ignored: " # more"`,
		"f:11: front.listen: 0.0.0.0:8100 stands here twice",
	}
	if diff := cmp.Diff(wantWarnings, warnings); diff != "" {
		t.Error(diff)
	}
}

func TestPathsStartAtTheFolderOfTheFile(t *testing.T) {
	c, _ := mustLoad(t, minimal+"pidfile: ../run/x.pid\nlogger:\n\toutput: log.txt\n")
	if c.Pidfile != "/etc/run/x.pid" || c.Logger.Output != "/etc/icomet/log.txt" {
		t.Errorf("got %s and %s", c.Pidfile, c.Logger.Output)
	}
	c, _ = mustLoad(t, minimal+"pidfile: /x.pid\nlogger:\n\toutput: stderr\n")
	if c.Pidfile != "/x.pid" || c.Logger.Output != "stderr" {
		t.Errorf("got %s and %s", c.Pidfile, c.Logger.Output)
	}
}

func TestLoadKeepsTheWorkingDirectory(t *testing.T) {
	before, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Load("testdata/icomet.conf"); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Getwd(); err != nil || after != before {
		t.Errorf("was %s, is %s, %v", before, after, err)
	}
}

func TestLoadRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "none")} {
		_, _, err := Load(path)
		if !errors.Is(err, ErrNotFile) || err.Error() != "'"+path+"' is not a file or not exists!" {
			t.Errorf("got %v", err)
		}
	}
}

func TestLoadReadsNoMoreOfAFileThanItsBound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(1 << 40); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Load(path); err == nil || err.Error() != path+": the file is longer than 1048576 bytes" {
		t.Errorf("got %v", err)
	}
}

func TestMembersAreConfigured(t *testing.T) {
	c, warnings := mustLoad(t, minimal+"\tpresence: room:*\n\tpresence: lobby\n\tclient_ids: yes\n\tmax_members_per_channel: 5\n\tmember_grace: 0\n")
	f := c.Front
	if len(warnings) > 0 || strings.Join(f.Presence, " ") != "room:* lobby" || !f.ClientIDs || f.MaxMembersPerChannel != 5 || f.MemberGrace != 0 {
		t.Errorf("got %+v with %q", f, warnings)
	}
}

func TestWebhookIsConfigured(t *testing.T) {
	const file = minimal + "webhook:\n\turl: https://app.example/hook\n"
	const secret = "of at least thirty-two bytes: # and"
	c, warnings := mustLoad(t, file+"\tsecret: "+secret+"\n\tevents: member_left\n\tevents: member_joined\n\tevents: member_left\n\ttimeout: 9\n")
	w := c.Webhook
	if w.URL != "https://app.example/hook" || w.Secret.Reveal() != secret || strings.Join(w.Events, " ") != "member_left member_joined" ||
		w.Timeout != 9*time.Second || len(warnings) > 0 {
		t.Errorf("got %+v with %q", w, warnings)
	}
	if _, warnings := mustLoad(t, file); len(warnings) != 1 || !strings.Contains(warnings[0], "not signed") {
		t.Errorf("without a secret: %q", warnings)
	}
}

func TestPatternsAreConfigured(t *testing.T) {
	c, warnings := mustLoad(t, minimal+"\tpatterns: news:*\n\tpatterns: *\n")
	if f := c.Front; len(warnings) > 0 || strings.Join(f.Patterns, " ") != "news:* *" {
		t.Errorf("got %+v with %q", f, warnings)
	}
	for _, bad := range []string{"news", "n*ws", "n*ws*", "**"} {
		_, _, err := load(t, minimal+"\tpatterns: "+bad+"\n")
		if err == nil || !strings.Contains(err.Error(), "such as news:*") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
