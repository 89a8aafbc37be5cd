package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// levels are the names that iComet knows, least to most talkative.
var levels = []string{"none", "fatal", "error", "warn", "info", "debug", "trace"}

// value is one value of one key on its way into the configuration. Its methods read it in one way each;
// what is wrong or odd they tell the reader, and return something harmless.
type value struct {
	r    *reader
	key  *Key
	line int
	text string
}

func (v *value) fail(expected string) {
	v.r.fail(v.line, v.key.Name, "got "+quote(v.text)+", "+expected)
}

func (v *value) warn(text string) { v.r.warn(v.line, v.key.Name, text) }

// number reads a whole number within the bounds of the key, in the way of C's atoi but for numbers that
// are none and for those that do not fit.
func (v *value) number() int64 {
	n, ok := v.anyNumber()
	if ok && (n < v.key.Min || n > v.key.Max) {
		v.fail("expected a whole number from " + strconv.FormatInt(v.key.Min, 10) + " to " + strconv.FormatInt(v.key.Max, 10))
		return v.key.Min
	}
	return n
}

// raisedNumber is number for a key whose lower bound is silently the least value in iComet.
func (v *value) raisedNumber() int64 {
	n, ok := v.anyNumber()
	if ok && n < v.key.Min {
		v.warn(fmt.Sprintf("%d is raised to the least value, %d", n, v.key.Min))
		return v.key.Min
	}
	if n > v.key.Max {
		v.fail("expected a whole number up to " + strconv.FormatInt(v.key.Max, 10))
	}
	return n
}

// anyNumber reads an optional sign and digits, and warns of what follows them. A number too large for an
// int64 is the largest one.
func (v *value) anyNumber() (n int64, ok bool) {
	digits := strings.TrimLeft(strings.TrimLeft(v.text, "+-"), "0123456789")
	number, rest := v.text[:len(v.text)-len(digits)], digits
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil && n == 0 {
		v.fail("expected a whole number" + inUnits(v.key.Unit))
		return 0, false
	}
	if rest != "" {
		v.warn(fmt.Sprintf("read as %s, what follows is ignored: %s", number, quote(rest)))
	}
	return n, true
}

func inUnits(unit string) string {
	if unit == "" {
		return ""
	}
	return " of " + unit
}

// path reads a file name; "" stays "".
func (v *value) path() string {
	if v.text == "" || filepath.IsAbs(v.text) {
		return v.text
	}
	return filepath.Join(v.r.dir, v.text)
}

func (v *value) output() string {
	switch v.text {
	case "stdout", "stderr":
		return v.text
	case "":
		v.fail("expected stdout, stderr or a path")
	}
	return v.path()
}

func (v *value) level() string {
	if slices.Contains(levels, v.text) {
		return v.text
	}
	v.warn("got " + quote(v.text) + ", which counts as debug; the levels are " + strings.Join(levels, ", "))
	return "debug"
}

// yes reads a choice between yes and no.
func (v *value) yes() bool {
	if v.text != "yes" && v.text != "no" {
		v.fail("expected yes or no")
	}
	return v.text == "yes"
}

// event adds an event to others.
func (v *value) event(list []string) []string {
	if !slices.Contains(webhookEvents, v.text) {
		v.fail("expected one of " + strings.Join(webhookEvents, ", "))
	}
	if slices.Contains(list, v.text) {
		return list
	}
	return append(list, v.text)
}

// listen adds the address to those of the same door.
func (v *value) listen(list []Listen) []Listen {
	l, rest, err := parseListen(v.text)
	if err != nil {
		v.fail(err.Error())
		return list
	}
	if rest != "" {
		v.warn("read as " + l.String() + ", what follows is ignored: " + quote(rest))
	}
	ports := l.ports()
	for _, other := range list {
		switch ports += other.ports(); {
		case l == other && l.First > 0:
			v.warn(l.String() + " stands here twice")
			return list
		case l.Host == other.Host && l.overlaps(other):
			v.fail("expected ports that are not already in " + other.String())
			return list
		}
	}
	if ports > addressesMax {
		v.fail(fmt.Sprintf("expected %d ports at most for one door", addressesMax))
		return list
	}
	return append(list, l)
}

// rule adds an address rule to those of the same kind.
func (v *value) rule(list []string) []string {
	if isAll(v.text) {
		return append(list, v.text)
	}
	if _, err := parseRule(v.text); err != nil {
		v.fail(err.Error())
		return list
	}
	return append(list, v.text)
}
