//go:build !linux

package bench

import "runtime"

// ReadProcess returns ErrNotAvailable.
func ReadProcess(int) (ProcessFigures, error) { return ProcessFigures{}, ErrNotAvailable }

// ReadKernel returns ErrNotAvailable.
func ReadKernel() (KernelFigures, error) { return KernelFigures{}, ErrNotAvailable }

func kernelRelease() string { return runtime.GOOS }

func memoryBytes() int64 { return 0 }

func processorName() string { return runtime.GOARCH }
