package logfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"

	"gopkg.in/natefinch/lumberjack.v2"
)

const (
	fileMode = 0o644
	dirMode  = 0o755

	mebibyte = 1 << 20
)

// openSink opens the output called name, so that what is wrong with it shows at the start.
func openSink(name string, rotateBytes int64) (sink, error) {
	switch name {
	case "":
		return nil, errors.New("the output has no name")
	case "stdout":
		return stream{os.Stdout}, nil
	case "stderr":
		return stream{os.Stderr}, nil
	}
	if err := os.MkdirAll(filepath.Dir(name), dirMode); err != nil {
		return nil, err
	}
	f, err := openFile(name)
	if err != nil {
		return nil, err
	}
	target, ok := regularTarget(name, f)
	if !ok {
		return &special{path: name, file: f}, nil
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return newRotating(target, rotateBytes), nil
}

func openFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, fileMode)
}

// regularTarget follows symbolic links to the regular file that f is, since rotation renames files: the
// file has to move, not a link such as /dev/stdout. It is false for pipes and devices.
func regularTarget(path string, f *os.File) (target string, ok bool) {
	opened, err := f.Stat()
	if err != nil || !opened.Mode().IsRegular() {
		return "", false
	}
	target, err = filepath.EvalSymlinks(path)
	if err != nil {
		return "", false
	}
	named, err := os.Stat(target)
	return target, err == nil && os.SameFile(opened, named)
}

// stream is an output that was open before us: it is neither opened again nor closed.
type stream struct{ io.Writer }

func (stream) reopen() error { return nil }
func (stream) Close() error  { return nil }

// special is a pipe, a device or anything else that cannot be put aside.
type special struct {
	path string

	mu   sync.Mutex
	file *os.File // guarded by mu; nil after a reopen that failed
}

func (s *special) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		if err := s.open(); err != nil {
			return 0, err
		}
	}
	return s.file.Write(p)
}

func (s *special) reopen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file != nil {
		s.file.Close()
	}
	return s.open()
}

func (s *special) open() (err error) {
	s.file, err = openFile(s.path)
	return err
}

func (s *special) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// rotating is a regular file with a bound on its size.
type rotating struct {
	mu  sync.Mutex
	out *lumberjack.Logger // guarded by mu: nobody writes between its Close and the new file
}

func newRotating(path string, bytes int64) *rotating {
	mebibytes := max((bytes+mebibyte-1)/mebibyte, 1)
	return &rotating{out: &lumberjack.Logger{Filename: path, MaxSize: int(mebibytes), LocalTime: true}}
}

func (r *rotating) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.Write(p)
}

// reopen makes the file anew itself if it is gone, since lumberjack would make it unreadable for others.
func (r *rotating) reopen() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.out.Close(); err != nil {
		return err
	}
	f, err := openFile(r.out.Filename)
	if err != nil {
		return err
	}
	return f.Close()
}

func (r *rotating) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.Close()
}
