package config

import (
	"fmt"
	"strings"
)

const helpWidth = 78

// Help describes every key for the command line's help, one paragraph each, made from the table.
func Help() string {
	var b strings.Builder
	b.WriteString("Configuration file, one TAB per level (front.listen is `listen` below `front:`):\n")
	for i := range keyTable {
		k := &keyTable[i]
		fmt.Fprintf(&b, "\n  %s (%s)\n", k.Name, k.facts())
		wrap(&b, "      ", k.Meaning+".")
		if k.Danger != "" {
			wrap(&b, "      ", k.Danger+".")
		}
	}
	return b.String()
}

// facts are unit, bounds, default and the like in a few words.
func (k *Key) facts() string {
	facts := []string{k.Unit}
	if bounds := k.Bounds(); bounds != "" {
		facts = append(facts, bounds)
	}
	if k.Repeatable {
		facts = append(facts, "repeatable")
	}
	facts = append(facts, "default "+orNone(k.Default))
	switch {
	case k.Required:
		facts = append(facts, "required in a file")
	case k.Missing != k.Default:
		facts = append(facts, "missing in a file: "+orNone(k.Missing))
	}
	return strings.Join(facts, "; ")
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// wrap writes text in lines of at most helpWidth characters, each behind indent.
func wrap(b *strings.Builder, indent, text string) {
	width := 0
	for word := range strings.FieldsSeq(text) {
		switch {
		case width == 0:
			b.WriteString(indent)
			width = len(indent)
		case width+1+len(word) > helpWidth:
			b.WriteString("\n" + indent)
			width = len(indent)
		default:
			b.WriteByte(' ')
			width++
		}
		b.WriteString(word)
		width += len(word)
	}
	b.WriteByte('\n')
}
