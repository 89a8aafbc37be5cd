package process

import (
	"errors"
	"strings"
	"testing"
)

func TestParseArgs(t *testing.T) {
	for _, c := range []struct {
		name, line string
		want       Invocation
	}{
		{"nothing means the defaults", "", Invocation{}},
		{"file", "icomet.conf", Invocation{File: "icomet.conf"}},
		{"daemon first", "-d icomet.conf", Invocation{File: "icomet.conf", Daemon: true}},
		{"daemon last", "icomet.conf -d", Invocation{File: "icomet.conf", Daemon: true}},
		{"start", "-s start c", Invocation{File: "c"}},
		{"stop", "c -s stop", Invocation{File: "c", Action: Stop}},
		{"restart in the background", "-d c -s restart", Invocation{File: "c", Action: Restart, Daemon: true}},
		{"last -s counts", "c -s stop -s start", Invocation{File: "c"}},
		{"last file counts", "a b", Invocation{File: "b"}},
		{"unknown option is a file", "-x", Invocation{File: "-x"}},
		{"--help is a file", "--help", Invocation{File: "--help"}},
		{"version", "-v", Invocation{Action: Version}},
		{"help", "-h", Invocation{Action: Help}},
		{"first of -v and -h: -h", "c -h -v", Invocation{Action: Help}},
		{"first of -v and -h: -v", "-v -h", Invocation{Action: Version}},
		{"version before trouble is noticed", "-s nonsense -v", Invocation{Action: Version}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseArgs(strings.Fields(c.line))
			if err != nil || got != c.want {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

func TestParseArgsRefusesAsIComet(t *testing.T) {
	for _, c := range []struct {
		name, line, want string
	}{
		{"-d without a file", "-d", ""},
		{"-s stop without a file", "-s stop", ""},
		{"-s without a word", "c -s", ""},
		{"-s with another word", "c -s reload", "Error: bad argument: 'reload'"},
		{"-s takes the next word whatever it is", "c -s -h", "Error: bad argument: '-h'"},
		{"earlier problem wins", "-s x -s", "Error: bad argument: 'x'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseArgs(strings.Fields(c.line))
			var usage *UsageError
			if !errors.As(err, &usage) || usage.Error() != c.want {
				t.Errorf("got %#v, want usage error %q", err, c.want)
			}
		})
	}
}

func TestChildArgsStartInTheForeground(t *testing.T) {
	inv, err := ParseArgs([]string{"-d", "-x", "-s", "restart"})
	if err != nil {
		t.Fatal(err)
	}
	child, err := ParseArgs(inv.ChildArgs())
	if want := (Invocation{File: "-x"}); err != nil || child != want {
		t.Errorf("got %+v, %v, want %+v", child, err, want)
	}
	if args := (Invocation{}).ChildArgs(); len(args) != 0 {
		t.Errorf("got %q for the defaults", args)
	}
}

func TestBannerIsThreeLines(t *testing.T) {
	lines := strings.SplitAfter(Banner("1.2.3"), "\n")
	if len(lines) != 4 || lines[0] != "icomet 1.2.3\n" || lines[1] == "\n" || lines[2] != "\n" || lines[3] != "" {
		t.Errorf("got %q", lines)
	}
}

func TestUsageNamesTheProgramAndEveryOption(t *testing.T) {
	usage := Usage("prog")
	for _, want := range []string{"    prog [-d] CONF", "    prog\n", "-d ", "-s ", "-v ", "-h ", "start|stop|restart"} {
		if !strings.Contains(usage, want) {
			t.Errorf("%q is not in %s", want, usage)
		}
	}
}

func TestActionNames(t *testing.T) {
	for action, want := range map[Action]string{Start: "start", Stop: "stop", Restart: "restart", Version: "version", Help: "help"} {
		if got := action.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
