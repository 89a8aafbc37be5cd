package logfile

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestLineHasTheFormOfIComet(t *testing.T) {
	var out memory
	l := New(&out, LevelTrace)
	l.Logger().Info("icomet started", "loops", 2)
	closeLog(t, l)
	form := regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \[INFO \] line_test\.go\(\d+\): icomet started loops=2\n$`)
	if !form.MatchString(out.String()) {
		t.Errorf("got %q", out.String())
	}
}

func TestLineHasTheTimeOfTheRecord(t *testing.T) {
	var out memory
	l := New(&out, LevelTrace)
	at := time.Date(2026, 1, 2, 15, 4, 5, 6_999_999, time.Local)
	err := l.Handler().Handle(context.Background(), slog.NewRecord(at.UTC(), LevelFatal, "end", 0))
	closeLog(t, l)
	if want := "2026-01-02 15:04:05.006 [FATAL] -(0): end\n"; err != nil || out.String() != want {
		t.Errorf("got %q, %v, want %q", out.String(), err, want)
	}
}

func TestRecordWithoutTimeGetsOne(t *testing.T) {
	var out memory
	l := New(&out, LevelTrace)
	before := time.Now().Truncate(time.Millisecond)
	l.Handler().Handle(context.Background(), slog.NewRecord(time.Time{}, slog.LevelWarn, "x", 0))
	closeLog(t, l)
	at, err := time.ParseInLocation(timeLayout, out.String()[:len(timeLayout)], time.Local)
	if err != nil || at.Before(before) || at.After(time.Now()) {
		t.Errorf("got %v, %v", at, err)
	}
}

type masked struct{}

func (masked) LogValue() slog.Value { return slog.StringValue("***") }

func TestAttributes(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*slog.Logger)
		want string
	}{
		{"none", func(l *slog.Logger) { l.Debug("new channel") }, "DEBUG new channel"},
		{"plain words", func(l *slog.Logger) { l.Debug("x", "cname", "größe-1", "n", -1, "u", uint64(1<<63), "ok", true) },
			"DEBUG x cname=größe-1 n=-1 u=9223372036854775808 ok=true"},
		{"other kinds", func(l *slog.Logger) {
			l.Debug("x", "took", 1500*time.Millisecond, "at", time.Unix(0, 5).UTC(), "err", errors.New("no"), "f", 0.5, "nil", nil)
		}, "DEBUG x took=1.5s at=1970-01-01T00:00:00.000000005Z err=no f=0.5 nil=<nil>"},
		{"words that need quotes", func(l *slog.Logger) { l.Debug("x", "a", "", "b", "c d", "e", `f"g`, "h", "i=j", "k", `l\m`) },
			`DEBUG x a="" b="c d" e="f\"g" h="i=j" k="l\\m"`},
		{"value of its own making", func(l *slog.Logger) { l.Debug("x", "token", masked{}) }, "DEBUG x token=***"},
		{"groups", func(l *slog.Logger) {
			l.With("a", 1).WithGroup("g").With("b", 2).WithGroup("").WithGroup("h").Debug("x", "c", 3, slog.Group("i", "d", 4, slog.Group("", "e", 5)))
		}, "DEBUG x a=1 g.b=2 g.h.c=3 g.h.i.d=4 g.h.i.e=5"},
		{"nothing", func(l *slog.Logger) { l.Debug("x", slog.Attr{}, slog.Group("empty")) }, "DEBUG x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff([]string{c.want}, logged(t, c.do)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWithAttrsOfOneLoggerStayOutOfAnother(t *testing.T) {
	got := logged(t, func(l *slog.Logger) {
		base := l.With("a", 1)
		left, right := base.With("b", 2), base.With("c", 3)
		left.Info("x")
		right.Info("x")
		base.Info("x")
	})
	if diff := cmp.Diff([]string{"INFO x a=1 b=2", "INFO x a=1 c=3", "INFO x a=1"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestNothingInARecordCanForgeALineOrControlATerminal(t *testing.T) {
	const evil = "a\n2026-01-02 15:04:05.678 [ERROR] b\r\x00\x1b[2J\x7f\u0085\u2028\u202e\xff\t"
	const tame = `a\n2026-01-02 15:04:05.678 [ERROR] b\r\x00\x1b[2J\x7f\u0085\u2028\u202e\xff\t`
	got := logged(t, func(l *slog.Logger) {
		l.Info(evil)
		l.Info("x", "k", evil)
		l.Info("x", evil, "v")
		l.WithGroup(evil).Info("x", "k", "v")
		l.With("k", evil).Info("x", "err", errors.New(evil))
	})
	want := []string{
		"INFO " + tame,
		`INFO x k="` + tame + `"`,
		"INFO x " + tame + "=v",
		"INFO x " + tame + ".k=v",
		`INFO x k="` + tame + `" err="` + tame + `"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReplacementCharacterIsNoInvalidByte(t *testing.T) {
	got := logged(t, func(l *slog.Logger) { l.Info("\ufffd", "k", "\ufffd") })
	if diff := cmp.Diff([]string{"INFO \ufffd k=\ufffd"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestLongLinesAreCutBetweenCharacters(t *testing.T) {
	for shift := range 4 {
		text := strings.Repeat("x", shift) + strings.Repeat("€", lineBytesMax)
		for name, do := range map[string]func(*slog.Logger){
			"text":    func(l *slog.Logger) { l.Info(text) },
			"word":    func(l *slog.Logger) { l.Info("x", "k", text) },
			"quoted":  func(l *slog.Logger) { l.Info("x", "k", text+" ") },
			"with":    func(l *slog.Logger) { l.With("k", text, "l", text).Info(text, "m", text) },
			"escaped": func(l *slog.Logger) { l.Info("x", "k", strings.Repeat("\x00", lineBytesMax)) },
		} {
			var out memory
			l := New(&out, slog.LevelInfo)
			do(l.Logger())
			closeLog(t, l)
			line := out.String()
			if len(line) > lineBytesMax || len(line) < lineBytesMax-4 || !strings.HasSuffix(line, "...\n") || !utf8.ValidString(line) {
				t.Errorf("%s, %d: %d bytes, end %q", name, shift, len(line), line[len(line)-10:])
			}
		}
	}
}

func TestLineOfTheGreatestLengthIsNotCut(t *testing.T) {
	var f lineFormat
	f.begin(time.Now(), slog.LevelInfo, "a.go", 1)
	f.text(strings.Repeat("x", textBytesMax-len(f.line)))
	if line := string(f.end()); strings.HasSuffix(line, "...\n") || len(line) != textBytesMax+1 {
		t.Errorf("%d bytes, end %q", len(line), line[len(line)-10:])
	}
}

func FuzzLine(f *testing.F) {
	f.Add("text", "key", "value")
	f.Add("a\nb", "", `"\`)
	f.Add("\xff\xfe", "\u2028", "\U0001F600")
	f.Fuzz(func(t *testing.T, text, key, value string) {
		var b lineFormat
		b.begin(time.Unix(0, 0), slog.LevelInfo, "a.go", 1)
		b.text(text)
		b.attr("", slog.String(key, value))
		line := string(b.end())
		if len(line) > lineBytesMax || strings.Index(line, "\n") != len(line)-1 || !utf8.ValidString(line) {
			t.Errorf("got %q", line)
		}
		for _, r := range line[:len(line)-1] {
			if !plain(r, utf8.RuneLen(r)) {
				t.Errorf("%q is not plain in %q", r, line)
			}
		}
	})
}
