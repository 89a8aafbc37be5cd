//go:build race

package logfile

// raceDetector says that pools drop things at random.
const raceDetector = true
