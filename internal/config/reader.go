package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// reader turns a tree into a configuration and collects what is wrong or odd.
type reader struct {
	file string // as the operator wrote it, for messages
	dir  string // where relative paths start
	keys map[string]*Key

	config   Config
	errs     []*Error
	warnings []Warning
	// lines remembers on which line a key was last seen.
	lines map[string]int
}

func newReader(file, dir string) *reader {
	r := &reader{file: file, dir: dir, keys: make(map[string]*Key), lines: make(map[string]int)}
	for i := range keyTable {
		r.keys[keyTable[i].Name] = &keyTable[i]
	}
	return r
}

// Load reads the file at path. Warnings are in the order of lines, and are given also with an error.
//
// The error is ErrNotFile, one of the system, or one or several joined [Error]. Load does not change the
// working directory; relative paths in the file start at its folder.
func Load(path string) (Config, []Warning, error) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return Config{}, nil, fmt.Errorf("'%s' %w", path, ErrNotFile)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return Config{}, nil, fmt.Errorf("config: %w", err)
	}
	text, err := readFile(path)
	if err != nil {
		return Config{}, nil, err
	}
	return parseConfig(text, path, absolute)
}

// readFile reads one byte more than is allowed at most, so that a file that is too long is noticed.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, fileBytesMax+1))
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	return text, nil
}

func parseConfig(text []byte, file, absolute string) (Config, []Warning, error) {
	r := newReader(file, filepath.Dir(absolute))
	root, err := parse(text)
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			e.File = file
		}
		return Config{}, nil, err
	}
	r.config.File = absolute
	r.read(r.collect(root), func(k *Key) string { return k.Missing })
	if len(r.errs) == 0 {
		r.relate()
	}
	if err := r.err(); err != nil {
		return Config{}, r.sortedWarnings(), err
	}
	return r.config, r.sortedWarnings(), nil
}

// collect finds the lines that count for each key: of several sections of one name the last, of a key
// that is not repeatable the last line.
func (r *reader) collect(root *node) map[string][]*node {
	found := make(map[string][]*node)
	r.collectSection(root, "", found)
	return found
}

func (r *reader) collectSection(section *node, prefix string, found map[string][]*node) {
	last := make(map[string]*node)
	for _, n := range section.children {
		last[n.key] = n
	}
	for _, n := range section.children {
		name := prefix + n.key
		key := r.keys[name]
		switch {
		case strings.Contains(n.key, "."):
			r.warn(n.line, shown(name), "unknown key, ignored; each level has a line of its own")
		case key == nil && r.isSection(name):
			r.enterSection(n, last[n.key], name, found)
		case key == nil:
			r.warn(n.line, shown(name), "unknown key, ignored")
		case !key.Repeatable && n != last[n.key]:
			r.warn(n.line, name, fmt.Sprintf("hidden by line %d", last[n.key].line))
		default:
			found[name] = append(found[name], n)
			r.lines[name] = n.line
			for _, child := range n.children {
				r.warn(child.line, shown(name+"."+child.key), "unknown key, ignored")
			}
		}
	}
}

func (r *reader) enterSection(n, last *node, name string, found map[string][]*node) {
	if n.value != "" {
		r.warn(n.line, name, "is a section, its value is ignored: "+quote(n.value))
	}
	if n != last {
		r.warn(n.line, name, fmt.Sprintf("the whole section is hidden by the one at line %d", last.line))
		return
	}
	r.collectSection(n, name+".", found)
}

// isSection says whether there are keys below name.
func (r *reader) isSection(name string) bool {
	return slices.ContainsFunc(keyTable, func(k Key) bool { return strings.HasPrefix(k.Name, name+".") })
}

// read sets every key of the table from the lines found for it, or from what absent gives.
func (r *reader) read(found map[string][]*node, absent func(*Key) string) {
	for i := range keyTable {
		key := &keyTable[i]
		nodes := found[key.Name]
		for _, n := range nodes {
			key.set(&r.config, &value{r: r, key: key, line: n.line, text: n.value})
		}
		if len(nodes) == 0 {
			r.readAbsent(key, absent(key))
		}
	}
}

func (r *reader) readAbsent(key *Key, text string) {
	if text == "" && key.Required {
		r.fail(0, key.Name, "missing, expected a line with it"+sectionHint(key.Name))
		return
	}
	for part := range strings.FieldsSeq(text) {
		key.set(&r.config, &value{r: r, key: key, text: part})
	}
}

func sectionHint(name string) string {
	section, _, ok := strings.Cut(name, ".")
	if !ok {
		return ""
	}
	return " in section " + section
}

// relate does what depends on several keys at once.
func (r *reader) relate() {
	r.relateTimeouts()
	r.relateDoors()
	r.relateLimits()
	r.relateAuth()
	r.relateWebhook()
}

func (r *reader) relateTimeouts() {
	front := &r.config.Front
	if front.ChannelTimeout <= 0 {
		half := front.PollingTimeout / 2
		front.ChannelTimeout = max(half.Truncate(time.Second), time.Second)
	}
}

func (r *reader) relateDoors() {
	admin := &r.config.Admin
	for _, a := range admin.Listen {
		for _, f := range r.config.Front.Listen {
			if a.clashes(f) {
				r.fail(r.lines["admin.listen"], "admin.listen", fmt.Sprintf("got %s, expected a port that front.listen does not use with %s", a, f))
				return
			}
		}
	}
	access, err := NewAccess(admin.Allow, admin.Deny)
	if err != nil {
		panic("config: a rule that was read before cannot be read again: " + err.Error())
	}
	admin.Access = access
	if access.Open() && !allLoopback(admin.Listen) {
		r.warn(r.lines["admin.listen"], "admin.allow", "missing, everybody who reaches the admin port may publish")
	}
}

func (r *reader) relateLimits() {
	front := &r.config.Front
	if front.MaxChannels == 0 {
		r.warn(r.lines["front.max_channels"], "front.max_channels", "missing or 0, no channel can be created")
	}
	if front.MaxSubscribersPerChannel == 0 {
		r.warn(r.lines["front.max_subscribers_per_channel"], "front.max_subscribers_per_channel", "missing or 0, nobody can subscribe")
	}
	if front.ChannelBufferSize == 0 {
		r.warn(r.lines["front.channel_buffer_size"], "front.channel_buffer_size", "missing or 0, a long-polling client loses what is published between two of its polls")
	}
}

func (r *reader) relateWebhook() {
	if w := &r.config.Webhook; w.URL != "" && w.Secret == (Secret{}) {
		r.warn(r.lines["webhook.url"], "webhook.secret", "missing, events are not signed")
	}
}

func (r *reader) fail(line int, key, text string) {
	if len(r.errs) < errorsMax {
		r.errs = append(r.errs, &Error{File: r.file, Line: line, Key: key, Text: text})
	}
}

func (r *reader) warn(line int, key, text string) {
	if len(r.warnings) < warningsMax {
		r.warnings = append(r.warnings, Warning{File: r.file, Line: line, Key: key, Text: text})
	}
}

// err joins the errors in the order of lines; nil if there is none.
func (r *reader) err() error {
	slices.SortStableFunc(r.errs, func(a, b *Error) int { return cmp.Compare(a.Line, b.Line) })
	list := make([]error, len(r.errs))
	for i, e := range r.errs {
		list[i] = e
	}
	return errors.Join(list...)
}

func (r *reader) sortedWarnings() []Warning {
	slices.SortStableFunc(r.warnings, func(a, b Warning) int { return cmp.Compare(a.Line, b.Line) })
	return r.warnings
}
