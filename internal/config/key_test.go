package config

import (
	"strconv"
	"strings"
	"testing"
)

func TestEveryKeyIsDescribed(t *testing.T) {
	seen := make(map[string]bool)
	for _, k := range Keys() {
		if seen[k.Name] {
			t.Errorf("%s stands in the table twice", k.Name)
		}
		seen[k.Name] = true
		if k.Meaning == "" || strings.HasSuffix(k.Meaning, ".") || strings.HasSuffix(k.Danger, ".") || k.Unit == "" || k.set == nil {
			t.Errorf("%s is not described as the others", k.Name)
		}
		if k.Required && k.Missing != "" {
			t.Errorf("%s is required and yet has a value when missing", k.Name)
		}
		if k.Ours && k.Missing != k.Default {
			t.Errorf("%s is ours: %q without a file, %q when missing in one", k.Name, k.Default, k.Missing)
		}
		if k.Numeric() {
			checkBounds(t, k, k.Default)
			if !k.Required {
				checkBounds(t, k, k.Missing)
			}
		}
	}
}

func checkBounds(t *testing.T, k Key, text string) {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < k.Min || n > k.Max {
		t.Errorf("%s: %q is not within %s", k.Name, text, k.Bounds())
	}
}

func TestEveryKeyReachesTheConfiguration(t *testing.T) {
	samples := map[string]string{
		"pidfile": "/p", "logger.level": "error", "logger.output": "/o", "logger.rotate.size": "2000000",
		"admin.listen": "10.0.0.9:8009", "admin.allow": "10.0.0.9", "admin.deny": "10.0.0.9",
		"front.listen": "10.0.0.9:8109", "front.auth": "token", "front.client_ids": "yes", "front.patterns": "a*", "front.origin": "https://a.example",
		"jwt.secret": "file:s", "jwt.jwks_url": "https://a.example/", "hook.subscribe": "http://a.example/", "hook.timeout": "7", "hook.failure": "allow",
		"webhook.url": "https://app.example/hook", "webhook.secret": "file:s", "webhook.events": "member_left",
	}
	untouched, _ := mustLoad(t, minimal)
	for _, k := range Keys() {
		text, ok := samples[k.Name]
		if !ok {
			text = strconv.FormatInt(max(k.Min, 0)+77, 10)
		}
		changed, _ := mustLoad(t, minimal+nested(k.Name, text))
		if equal(untouched, changed) {
			t.Errorf("%s: %s has no effect", k.Name, text)
		}
	}
}

// nested writes a key into the file; a section that is there already is taken up where it ended, since a
// second one would hide it.
func nested(name, text string) string {
	parts := strings.Split(name, ".")
	var b strings.Builder
	for depth, part := range parts {
		line := strings.Repeat("\t", depth) + part + ":"
		if depth == len(parts)-1 {
			line += " " + text
		}
		if depth == 0 && len(parts) > 1 && strings.Contains(minimal, part+":\n") {
			section := minimal[strings.Index(minimal, part+":\n"):]
			if next := strings.Index(section, "\nfront:"); next >= 0 {
				section = section[:next]
			}
			line = strings.TrimSuffix(section, "\n")
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

func equal(a, b Config) bool {
	return dump(a) == dump(b)
}

func TestHelpShowsEveryKey(t *testing.T) {
	help := Help()
	for _, k := range Keys() {
		for _, want := range []string{"\n  " + k.Name + " (" + k.Unit, k.Bounds(), k.Default} {
			if !strings.Contains(help, want) {
				t.Errorf("%s: %q is not in the help", k.Name, want)
			}
		}
	}
	flat := strings.Join(strings.Fields(help), " ")
	for _, k := range Keys() {
		if !strings.Contains(flat, k.Meaning+".") || !strings.Contains(flat, k.Danger) {
			t.Errorf("%s is not fully described in the help", k.Name)
		}
	}
	for line := range strings.Lines(help) {
		if strings.HasPrefix(line, "      ") && len(line) > helpWidth+1 {
			t.Errorf("too long: %s", line)
		}
	}
}
