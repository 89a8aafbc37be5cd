//go:build !race

package logfile

const raceDetector = false
