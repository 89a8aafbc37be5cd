package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	// readyVariable tells the process in the background that descriptor readyDescriptor is the pipe to
	// the command that waits for it.
	readyVariable   = "ICOMET_READY"
	readyDescriptor = 3

	// readyWord is what the pipe says when all is well; anything else is the text of an error.
	readyWord = "ready"
	// answerBytesMax bounds that text.
	answerBytesMax = 64 << 10
)

// Daemonize runs program again with args in the background: as leader of a session of its own, with
// /dev/null on 0, 1 and 2, in the same directory. It returns the new process's id as soon as that
// process has called [Parent.Ready].
//
// The error has the text that was given to [Parent.Fail], or says how the process ended, or that it was
// not ready within limit, in which case it is killed. After Fail too it is given limit to end.
//
//	command            process in the background
//	Daemonize ──exec──► Adopt
//	    │                 bind ports, write pidfile
//	    │◄────"ready"──── Ready
//	 exit 0               serve
func Daemonize(program string, args []string, limit time.Duration) (pid int, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return 0, fmt.Errorf("process: %w", err)
	}
	defer r.Close()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), readyVariable+"=1")
	cmd.ExtraFiles = []*os.File{w}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	w.Close()
	if err != nil {
		return 0, fmt.Errorf("process: start in the background: %w", err)
	}
	return awaitReady(cmd, r, limit)
}

func awaitReady(cmd *exec.Cmd, r *os.File, limit time.Duration) (pid int, err error) {
	if err := r.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return 0, fmt.Errorf("process: %w", err)
	}
	answer, err := io.ReadAll(io.LimitReader(r, answerBytesMax))
	if string(answer) == readyWord {
		pid = cmd.Process.Pid
		return pid, cmd.Process.Release()
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errors.Join(fmt.Errorf("the server was not ready after %s and was stopped", limit), cmd.Process.Kill())
		return 0, errors.Join(err, ignoreExit(cmd.Wait()))
	}
	kill := time.AfterFunc(limit, func() { cmd.Process.Kill() })
	defer kill.Stop()
	ended := cmd.Wait()
	if text := strings.TrimSpace(string(answer)); text != "" {
		return 0, errors.New(text)
	}
	return 0, fmt.Errorf("the server ended before it was ready: %v", ended)
}

// ignoreExit drops the error that a process ended with anything but 0.
func ignoreExit(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

// Parent is the command that waits for this process to be ready. Its methods may be called on nil, which
// is the parent of a process in the foreground; then they do nothing.
type Parent struct {
	pipe *os.File
}

// Adopt returns the waiting command if this process was started by Daemonize, and nil otherwise. It is to
// be called once, before anything else opens or starts something.
func Adopt() *Parent {
	if os.Getenv(readyVariable) == "" {
		return nil
	}
	os.Unsetenv(readyVariable)
	syscall.CloseOnExec(readyDescriptor)
	return &Parent{pipe: os.NewFile(readyDescriptor, "ready pipe")}
}

// Ready lets the command end with success. An error means that it has not waited; the server can go on.
func (p *Parent) Ready() error { return p.answer(readyWord) }

// Fail lets the command end with the text of cause. The process is expected to end as well.
func (p *Parent) Fail(cause error) error { return p.answer(cause.Error()) }

// answer is said once; later calls do nothing.
func (p *Parent) answer(text string) error {
	if p == nil || p.pipe == nil {
		return nil
	}
	_, err := io.WriteString(p.pipe, text)
	err = errors.Join(err, p.pipe.Close())
	p.pipe = nil
	if err != nil {
		return fmt.Errorf("process: answer to the waiting command: %w", err)
	}
	return nil
}
