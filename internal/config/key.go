package config

import (
	"fmt"
	"slices"
)

// Key is one entry of the table of keys: what an operator has to know, and what the reader needs.
type Key struct {
	// Name is the path in the file, with a dot per level: "front.max_channels".
	Name string
	// Meaning is one sentence without a full stop.
	Meaning string
	// Unit is what one of it is: "seconds", "bytes", "channels", "path" and so on.
	Unit string
	// Default is the value without a configuration file. Several values are separated by blanks; "" is
	// no value.
	Default string
	// Missing is the value when there is a file but the key is not in it. For keys of iComet it is
	// what iComet does then.
	Missing string
	// Required says that a file without the key is refused; Missing is "" then.
	Required bool
	// Repeatable says that several lines are several values; otherwise the last line wins.
	Repeatable bool
	// Min and Max bound a number, both included. Both are 0 for what is not a number.
	Min, Max int64
	// Danger says what a bad choice does, as one sentence without a full stop; "" if nothing much.
	Danger string
	// Ours says that iComet 0.2.5 does not know the key and ignores it.
	Ours bool

	// set parses one value into the configuration; it reports problems through the value.
	set func(c *Config, v *value)
}

// Keys returns the table of keys in the order of the manual. The caller owns the slice.
func Keys() []Key { return slices.Clone(keyTable) }

// Numeric says whether the key takes a whole number between Min and Max.
func (k *Key) Numeric() bool { return k.Max > 0 }

// Bounds is the range of a number as text, or "" for what is not a number.
func (k *Key) Bounds() string {
	if !k.Numeric() {
		return ""
	}
	return fmt.Sprintf("%d to %d", k.Min, k.Max)
}
