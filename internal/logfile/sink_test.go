package logfile

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func open(t *testing.T, path string, rotateBytes int64) *Log {
	t.Helper()
	l, err := Open(Options{Output: path, Level: slog.LevelInfo, RotateBytes: rotateBytes})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func logFiles(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func TestFileIsMadeWithItsFolderAndAppendedTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs", "log.txt")
	for _, text := range []string{"one", "two"} {
		l := open(t, path, 1)
		l.Logger().Info(text)
		closeLog(t, l)
	}
	if diff := cmp.Diff([]string{"INFO one", "INFO two"}, texts(t, read(t, path))); diff != "" {
		t.Error(diff)
	}
	old := syscall.Umask(0)
	syscall.Umask(old)
	if info, err := os.Stat(path); err != nil || info.Mode() != fileMode&^fs.FileMode(old) {
		t.Errorf("%v, %v", info, err)
	}
}

func TestOutputThatCannotBeOpenedIsAnErrorAtOnce(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", dir, filepath.Join(file, "log.txt")} {
		if l, err := Open(Options{Output: path, Level: slog.LevelInfo}); err == nil {
			closeLog(t, l)
			t.Errorf("%q is open", path)
		}
	}
}

func TestRotationLosesNothing(t *testing.T) {
	dir := t.TempDir()
	l := open(t, filepath.Join(dir, "log.txt"), 1) // rounded up to 1 MiB
	filler := strings.Repeat("x", 4000)
	written := 0
	for written < 700 {
		before := l.Dropped()
		l.Logger().Info(filler)
		if l.Dropped() == before {
			written++
		}
	}
	closeLog(t, l)
	files := logFiles(t, dir)
	if len(files) < 3 {
		t.Errorf("only %q for %d bytes", files, written*len(filler))
	}
	lines := 0
	for _, path := range files {
		text := read(t, path)
		if len(text) > mebibyte {
			t.Errorf("%s has %d bytes", path, len(text))
		}
		for _, line := range texts(t, text) {
			if line == "INFO "+filler {
				lines++
			}
		}
	}
	if lines != written {
		t.Errorf("%d records of %d", lines, written)
	}
}

func TestRotationSizeIsRoundedUpToMebibytes(t *testing.T) {
	for bytes, want := range map[int64]int{0: 1, 1: 1, mebibyte: 1, mebibyte + 1: 2, 1000000000: 954} {
		if got := newRotating("x", bytes).out.MaxSize; got != want {
			t.Errorf("%d bytes: got %d MiB, want %d", bytes, got, want)
		}
	}
}

// observed tells after each write.
type observed struct {
	sink
	wrote chan<- struct{}
}

func (o observed) Write(p []byte) (int, error) {
	defer func() { o.wrote <- struct{}{} }()
	return o.sink.Write(p)
}

func TestReopenLeavesTheRenamedFileAlone(t *testing.T) {
	dir := t.TempDir()
	path, aside := filepath.Join(dir, "log.txt"), filepath.Join(dir, "log.txt.1")
	out, err := openSink(path, 1)
	if err != nil {
		t.Fatal(err)
	}
	wrote := make(chan struct{}, 2)
	l := start(observed{out, wrote}, slog.LevelInfo)
	l.Logger().Info("one")
	<-wrote
	if err := os.Rename(path, aside); err != nil {
		t.Fatal(err)
	}
	if err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
	l.Logger().Info("two")
	closeLog(t, l)
	if diff := cmp.Diff([]string{"INFO one"}, texts(t, read(t, aside))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"INFO two"}, texts(t, read(t, path))); diff != "" {
		t.Error(diff)
	}
	if info, err := os.Stat(path); err != nil || info.Mode()&0o044 == 0 && umaskAllowsReading() {
		t.Errorf("others cannot read the new file: %v, %v", info, err)
	}
}

func umaskAllowsReading() bool {
	old := syscall.Umask(0)
	syscall.Umask(old)
	return old&0o044 == 0
}

func TestReopenTellsThatItCannot(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	l := open(t, filepath.Join(dir, "log.txt"), 1)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := l.Reopen(); err == nil {
		t.Error("no error")
	}
	l.Logger().Info("again")
	closeLog(t, l)
	if diff := cmp.Diff([]string{"INFO again"}, texts(t, read(t, filepath.Join(dir, "log.txt")))); diff != "" {
		t.Error(diff)
	}
}

func TestRotationMovesTheFileAndNotTheLinkToIt(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(t.TempDir(), "link")
	if err := os.WriteFile(file, make([]byte, mebibyte), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	l := open(t, link, 1)
	l.Logger().Info("one")
	closeLog(t, l)
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link was moved: %v, %v", info, err)
	}
	if diff := cmp.Diff([]string{"INFO one"}, texts(t, read(t, link))); diff != "" {
		t.Error(diff)
	}
	if files := logFiles(t, dir); len(files) != 2 {
		t.Errorf("got %q", files)
	}
}

func TestPipesAndDevicesAreNeverRotated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	l := open(t, path, 1)
	special, ok := l.out.(*special)
	if !ok {
		t.Fatalf("a pipe is taken for %T", l.out)
	}
	l.Logger().Info("one")
	if err := l.Reopen(); err != nil {
		t.Error(err)
	}
	l.Logger().Info("two")
	closeLog(t, l)
	buf := make([]byte, 1000)
	n, err := reader.Read(buf)
	if diff := cmp.Diff([]string{"INFO one", "INFO two"}, texts(t, string(buf[:n]))); err != nil || diff != "" {
		t.Error(err, diff)
	}
	special.file = nil
	special.path = filepath.Join(path, "none")
	if _, err := special.Write(nil); err == nil {
		t.Error("a write after a failed reopen passes")
	}
}

func TestStandardStreamsStayOpen(t *testing.T) {
	for name, want := range map[string]*os.File{"stdout": os.Stdout, "stderr": os.Stderr} {
		l := open(t, name, 0)
		if got := l.out.(stream).Writer; got != want {
			t.Errorf("%s is %v", name, got)
		}
		if err := l.Reopen(); err != nil {
			t.Error(err)
		}
		closeLog(t, l)
		if _, err := want.Stat(); err != nil {
			t.Errorf("%s was closed: %v", name, err)
		}
	}
}
