//go:build !linux

package bench

import "io"

const sysctlRoot = ""

type sysctl struct{}

func sysctlsFor(int) []sysctl { return nil }

// raiseSysctls does nothing: the settings are those of Linux.
func raiseSysctls(io.Writer, string, []sysctl) (restore func()) { return func() {} }
