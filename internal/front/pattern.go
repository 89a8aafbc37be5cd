package front

import "strings"

// Patterns are channels by name, or by the beginning of their names with a "*" behind.
type Patterns []string

// Match tells whether one of the patterns stands for the channel of that name.
func (p Patterns) Match(name []byte) bool {
	for _, pattern := range p {
		if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
			if len(name) >= len(prefix) && string(name[:len(prefix)]) == prefix {
				return true
			}
		} else if string(name) == pattern {
			return true
		}
	}
	return false
}
