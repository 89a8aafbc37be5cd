package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// clockTicks is how many units of CPU time /proc counts a second; Linux shows 100 to all programs.
const clockTicks = 100

// processesMax bounds the processes of one server.
const processesMax = 1024

// ReadProcess reads the figures of a process and its children, such as the workers of nginx.
func ReadProcess(pid int) (f ProcessFigures, err error) {
	family := familyOf(pid)
	for _, member := range family {
		one, err := readOne(member)
		if err != nil && member == pid {
			return f, err
		}
		if len(family) > 1 {
			one.ResBytes = shareOf(member, one.ResBytes)
		}
		f.VirtBytes += one.VirtBytes
		f.ResBytes += one.ResBytes
		f.CPUSeconds += one.CPUSeconds
	}
	return f, nil
}

// familyOf is a process, its children, and theirs.
func familyOf(pid int) []int {
	family := []int{pid}
	for i := 0; i < len(family) && len(family) < processesMax; i++ {
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", family[i]))
		if err != nil {
			continue
		}
		for name := range strings.FieldsSeq(string(children)) {
			if child, err := strconv.Atoi(name); err == nil {
				family = append(family, child)
			}
		}
	}
	return family
}

// shareOf is the part of a process in its resident memory: a page that n processes share counts for 1/n.
func shareOf(pid int, resident int64) int64 {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return resident
	}
	return kilobytes(maps, "Pss:")
}

func readOne(pid int) (f ProcessFigures, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return f, err
	}
	f.VirtBytes, f.ResBytes = kilobytes(status, "VmSize:"), kilobytes(status, "VmRSS:")
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return f, err
	}
	// The name of the program, in parentheses, may hold spaces; user and system time are the 12th and
	// 13th fields behind it, see proc_pid_stat(5).
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return f, fmt.Errorf("bench: /proc/%d/stat is too short", pid)
	}
	user, _ := strconv.ParseInt(string(fields[11]), 10, 64)
	system, _ := strconv.ParseInt(string(fields[12]), 10, 64)
	f.CPUSeconds = float64(user+system) / clockTicks
	return f, nil
}

// ReadKernel reads the kernel's figures.
func ReadKernel() (f KernelFigures, err error) {
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return f, err
	}
	f.SlabBytes = kilobytes(info, "Slab:")
	sockets, err := os.ReadFile("/proc/net/sockstat")
	if err != nil {
		return f, err
	}
	for line := range strings.Lines(string(sockets)) {
		if fields := strings.Fields(line); fields[0] == "TCP:" {
			pages, _ := strconv.ParseInt(fields[len(fields)-1], 10, 64)
			f.SocketBytes = pages * int64(os.Getpagesize())
		}
	}
	return f, nil
}

// kilobytes is the figure behind a name in a file of /proc, in bytes; 0 if there is none.
func kilobytes(text []byte, name string) int64 {
	_, rest, _ := bytes.Cut(text, []byte("\n"+name))
	if bytes.HasPrefix(text, []byte(name)) {
		rest = text[len(name):]
	}
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(string(fields[0]), 10, 64)
	return n << 10
}

// kernelRelease names the running kernel.
func kernelRelease() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "unknown"
	}
	return "Linux " + strings.TrimSpace(string(text))
}

// memoryBytes is the size of the machine's memory.
func memoryBytes() int64 {
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	return kilobytes(info, "MemTotal:")
}

// processorName names the machine's processors.
func processorName() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(info), "model name\t: ")
	name, _, _ := strings.Cut(rest, "\n")
	return name
}
