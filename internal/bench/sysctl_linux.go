package bench

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// sysctl is a setting of the kernel that has to be at least so large. Of settings with several numbers the last one
// is meant, which is the upper bound.
type sysctl struct {
	name  string
	least int64
	why   string
}

// sysctlRoot is where the kernel shows its settings.
const sysctlRoot = "/proc/sys"

// sysctlsFor are the settings for n subscribers and the server on one machine.
func sysctlsFor(n int) []sysctl {
	sockets := int64(2*n + n/10)
	return []sysctl{
		{"fs.file-max", sockets + 100_000, "open files of the whole system"},
		{"net.core.somaxconn", 4096, "connections that wait to be accepted"},
		{"net.core.netdev_max_backlog", 10_000, "packets that wait on the loopback network"},
		{"net.ipv4.tcp_max_orphans", int64(n + n/10), "connections that close without an owner"},
		{"net.ipv4.tcp_mem", 786_432, "pages for the buffers of TCP"},
		{"net.netfilter.nf_conntrack_max", sockets, "connections that a firewall keeps track of"},
	}
}

// raiseSysctls raises what is too low, and says so on w. restore sets everything back. What it may not change it tells
// how to change, and goes on.
func raiseSysctls(w io.Writer, root string, list []sysctl) (restore func()) {
	var undo []func()
	for _, s := range list {
		path := filepath.Join(root, strings.ReplaceAll(s.name, ".", "/"))
		old, err := os.ReadFile(path)
		if err != nil { // there is no such limit here
			continue
		}
		fields := strings.Fields(string(old))
		if !s.tooLow(fields) {
			continue
		}
		was := strings.Join(fields, " ")
		fields[len(fields)-1] = strconv.FormatInt(s.least, 10)
		want := strings.Join(fields, " ")
		if err := os.WriteFile(path, []byte(want), 0); err != nil {
			fmt.Fprintf(w, "sysctl %s is %q (%s) and cannot be changed; set it with: sysctl -w %s=%q\n", s.name, was, s.why, s.name, want)
			continue
		}
		fmt.Fprintf(w, "sysctl %s: %q, was %q (%s)\n", s.name, want, was, s.why)
		undo = append(undo, func() {
			if err := os.WriteFile(path, old, 0); err != nil {
				fmt.Fprintf(w, "sysctl %s cannot be set back to %q: %v\n", s.name, was, err)
				return
			}
			fmt.Fprintf(w, "sysctl %s: %q again\n", s.name, was)
		})
	}
	return func() {
		for _, u := range undo {
			u()
		}
	}
}

// tooLow tells whether the last number of a setting is below what is needed.
func (s *sysctl) tooLow(fields []string) bool {
	if len(fields) == 0 {
		return false
	}
	n, err := strconv.ParseInt(fields[len(fields)-1], 10, 64)
	return err == nil && n < s.least
}
