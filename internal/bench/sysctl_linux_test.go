package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSysctlsAreRaisedAndSetBack(t *testing.T) {
	root := t.TempDir()
	low, triple, high := filepath.Join(root, "net/low"), filepath.Join(root, "net/triple"), filepath.Join(root, "net/high")
	if err := os.Mkdir(filepath.Join(root, "net"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{low: "5\n", triple: "1\t2\t3\n", high: "50\n"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var said strings.Builder
	restore := raiseSysctls(&said, root, []sysctl{
		{"net.low", 10, "why"}, {"net.triple", 10, "why"}, {"net.high", 10, "why"}, {"net.missing", 10, "why"},
	})
	if read(low) != "10" || read(triple) != "1 2 10" || read(high) != "50\n" {
		t.Errorf("raised: %q %q %q", read(low), read(triple), read(high))
	}
	restore()
	if read(low) != "5\n" || read(triple) != "1\t2\t3\n" {
		t.Errorf("set back: %q %q", read(low), read(triple))
	}
	if n := strings.Count(said.String(), "sysctl net."); n != 4 {
		t.Errorf("%d lines, want one for each change and each way back:\n%s", n, said.String())
	}
}

func TestOwnProcessHasFigures(t *testing.T) {
	f, err := ReadProcess(os.Getpid())
	if err != nil || f.ResBytes < 1<<20 || f.VirtBytes < f.ResBytes {
		t.Errorf("%+v %v", f, err)
	}
	k, err := ReadKernel()
	if err != nil || k.SlabBytes == 0 {
		t.Errorf("%+v %v", k, err)
	}
	if _, err := ReadProcess(1 << 30); err == nil {
		t.Error("a process that cannot exist has figures")
	}
}
